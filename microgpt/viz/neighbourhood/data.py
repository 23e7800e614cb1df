"""`EmbeddingMap`: letters on a map at one step of training, and what is measured of one of them."""

from dataclasses import dataclass

RARE = 0.01  # a letter with a smaller share of all letters is drawn faintly


@dataclass(frozen=True)
class MapLetter:
    """A letter, its coordinates on the map, whether it is a vowel, its share of all letters."""

    label: str
    x: float
    y: float
    is_vowel: bool = False
    share: float = 1.0

    @property
    def is_rare(self) -> bool:
        """Whether training met the letter so seldom that its row says little."""
        return self.share < RARE


@dataclass(frozen=True)
class OtherLetter:
    """A letter beside the chosen one, and a number: a cosine, or a rise in loss in nats.

    Beside a cosine, `rise` is that of the loss if the two rows are swapped, in nats; None before
    the end of training.
    """

    label: str
    value: float
    rise: float | None = None


@dataclass(frozen=True)
class VowelCosine:
    """The mean cosine of the vowels and the band in which 95 % of random fives lie."""

    mean: float
    low: float
    high: float
    is_outside: bool


@dataclass(frozen=True)
class EmbeddingMap:
    """All that the view shows.

    The axes reach from `x_low` and `y_low` over `extent`, the same for all steps of a network; a
    letter beyond them stands at the edge.
    `variance_kept` is the share on these two axes. `losses` are held-out losses in nats: of this
    network at this step, of it after training, and of the other one, with `other_n_embd` numbers
    for each letter, after training. `cheapest` and `dearest` are swaps in the trained network.
    `vowels` is None if the five vowels do not all occur.
    """

    letters: tuple[MapLetter, ...]
    chosen: int
    n_embd: int
    other_n_embd: int
    step: int
    last_step: int
    x_low: float
    y_low: float
    extent: float
    variance_kept: float
    loss: float
    trained_loss: float
    other_trained_loss: float
    neighbours: tuple[OtherLetter, ...]
    cheapest: tuple[OtherLetter, ...]
    dearest: tuple[OtherLetter, ...]
    vowels: VowelCosine | None

    @property
    def is_table(self) -> bool:
        """Whether the map is the table itself, with nothing projected away."""
        return self.n_embd == 2

    @property
    def chosen_label(self) -> str:
        """The label of the letter that is chosen."""
        return self.letters[self.chosen].label
