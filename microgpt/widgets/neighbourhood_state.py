"""`NeighbourhoodState`: two networks, which one is shown at which step, and a chosen letter."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from microgpt.config.checks import check_integer
from microgpt.data import Corpus
from microgpt.errors import TokenError
from microgpt.plain_text import BOS_LABEL
from microgpt.viz.formatting import in_quotes, visible
from microgpt.viz.neighbourhood import END_LABEL, EmbeddingMap, MapLetter, OtherLetter, VowelCosine
from microgpt.widgets.embedding_geometry import (
    Projection,
    group_cosine,
    nearest_rows,
    principal_axes,
)
from microgpt.widgets.embedding_training import (
    MAX_EMBD,
    TrainedNetwork,
    corpus_windows,
    train_network,
)

VOWELS, BLANK = "aeiou", "␣"
NUM_NEIGHBOURS, NUM_SWAPS = 5, 3
TWO = 2  # numbers for each letter, so that the table is the map
PADDING = 0.08  # of the extent of the map, on each side


@dataclass(frozen=True)
class NeighbourhoodState:
    """Two networks trained on `corpus` from `seed`, with two and with `n_embd` numbers a letter.

    `shown_n_embd` says which of them is shown, `snapshot` at which of its steps, by index; `letter`
    is the token id of the chosen letter.
    """

    corpus: Corpus
    n_embd: int
    steps: int
    seed: int
    shown_n_embd: int
    snapshot: int
    letter: int

    def network(self, n_embd: int) -> TrainedNetwork:
        """Return the network with so many numbers for each letter; it is trained only once."""
        return train_network(self.corpus, n_embd, self.steps, self.seed)

    @property
    def shown(self) -> TrainedNetwork:
        """The network that is shown."""
        return self.network(self.shown_n_embd)

    @property
    def labels(self) -> tuple[str, ...]:
        """What stands on the map for each token."""
        return _labels(self.corpus)

    @cached_property
    def view(self) -> EmbeddingMap:
        """All that is shown, as plain data."""
        network = self.shown
        other = self.n_embd if self.shown_n_embd == TWO else TWO
        table = network.tables[self.snapshot]
        projection, low, extent = _frame(network)
        vowels, shares = _vowel_ids(self.corpus), _shares(self.corpus)
        letters = tuple(
            MapLetter(label, float(x), float(y), token in vowels, shares[token])
            for token, (label, (x, y)) in enumerate(
                zip(self.labels, projection.coordinates(table), strict=True)
            )
        )
        rises = network.swap_rises(self.letter)
        order = [int(i) for i in np.argsort(rises, kind="stable") if i != self.letter]
        return EmbeddingMap(
            letters=letters,
            chosen=self.letter,
            n_embd=self.shown_n_embd,
            other_n_embd=other,
            step=network.steps[self.snapshot],
            last_step=network.steps[-1],
            x_low=low[0],
            y_low=low[1],
            extent=extent,
            variance_kept=projection.variance_kept(table),
            loss=network.losses[self.snapshot],
            trained_loss=network.losses[-1],
            other_trained_loss=self.network(other).losses[-1],
            neighbours=self._neighbours(table, rises),
            cheapest=self._others([(i, rises[i]) for i in order[:NUM_SWAPS]]),
            dearest=self._others([(i, rises[i]) for i in order[: -NUM_SWAPS - 1 : -1]]),
            vowels=self._vowel_cosine(table, vowels),
        )

    def _neighbours(self, table: np.ndarray, rises: np.ndarray) -> tuple[OtherLetter, ...]:
        """Return the nearest letters, after training with what a swap with each of them costs."""
        is_trained = self.snapshot == len(self.shown.steps) - 1
        return tuple(
            OtherLetter(self.labels[token], cosine, float(rises[token]) if is_trained else None)
            for token, cosine in nearest_rows(table, self.letter, NUM_NEIGHBOURS)
        )

    def _others(self, pairs: list[tuple[int, float]]) -> tuple[OtherLetter, ...]:
        return tuple(OtherLetter(self.labels[token], float(value)) for token, value in pairs)

    def _vowel_cosine(self, table: np.ndarray, vowels: list[int]) -> VowelCosine | None:
        if not vowels:
            return None
        letters = list(range(len(corpus_windows(self.corpus)[0].characters)))
        found = group_cosine(table, vowels, letters)
        return VowelCosine(found.mean, found.low, found.high, found.is_outside)

    # -- changes --------------------------------------------------------------------------------

    def with_snapshot(self, index: float) -> "NeighbourhoodState":
        """Show another snapshot of the same network."""
        return replace(self, snapshot=min(max(int(index), 0), len(self.shown.steps) - 1))

    def with_shown(self, n_embd: int) -> "NeighbourhoodState":
        """Show the network with so many numbers for each letter, at the same step."""
        return replace(self, shown_n_embd=n_embd)

    def with_letter_number(self, number: int) -> "NeighbourhoodState":
        """Choose a letter by its token id, counted from 1."""
        return replace(self, letter=min(max(number - 1, 0), len(self.labels) - 1))

    def with_typed_letter(self, typed: str) -> "NeighbourhoodState":
        """Choose a letter by typing it; raise TokenError for one that is not on the map."""
        shown = typed.strip() or typed.replace(" ", BLANK)
        candidates = (shown, shown.lower())
        token = next((self.labels.index(one) for one in candidates if one in self.labels), None)
        if token is None:
            missing = f"{in_quotes(typed.strip())} is not on the map. " if typed.strip() else ""
            end = f", or “{END_LABEL}”" if END_LABEL in self.labels else ""
            example = in_quotes(self.labels[0])
            raise TokenError(f"{missing}Type a letter of the map, such as {example}{end}.")
        return replace(self, letter=token)

    def with_seed(self, seed: int) -> "NeighbourhoodState":
        """Train both networks from another seed; the same step is shown."""
        state = replace(self, seed=seed)
        for n_embd in (TWO, self.n_embd):
            state.network(n_embd)
        return state


def start_state(corpus: Corpus, n_embd: int, steps: int, seed: int) -> NeighbourhoodState:
    """Train both networks; the table of the one with two numbers is shown, at the last step."""
    check_integer("n_embd", n_embd, minimum=TWO + 1, maximum=MAX_EMBD)
    state = NeighbourhoodState(corpus, n_embd, steps, seed, TWO, 0, 0).with_seed(seed)
    letter = (_vowel_ids(corpus) or [0])[0]
    return replace(state, snapshot=len(state.shown.steps) - 1, letter=letter)


@lru_cache(maxsize=4)
def _labels(corpus: Corpus) -> tuple[str, ...]:
    tokenizer = corpus_windows(corpus)[0]
    signs = {" ": BLANK, BOS_LABEL: END_LABEL}
    texts = map(tokenizer.token_text, range(tokenizer.vocab_size))
    return tuple(signs.get(text) or visible(text) for text in texts)


@lru_cache(maxsize=4)
def _vowel_ids(corpus: Corpus) -> list[int]:
    """Return the token ids of the five vowels; none unless all five occur."""
    ids = corpus_windows(corpus)[0].ids
    return [ids[vowel] for vowel in VOWELS] if all(vowel in ids for vowel in VOWELS) else []


@lru_cache(maxsize=4)
def _shares(corpus: Corpus) -> list[float]:
    """Return the share of each token among all that come next in the training texts."""
    tokenizer, _, targets, _ = corpus_windows(corpus)
    return (np.bincount(targets, minlength=tokenizer.vocab_size) / len(targets)).tolist()


@lru_cache(maxsize=16)
def _frame(network: TrainedNetwork) -> tuple[Projection, tuple[float, float], float]:
    """Return the axes of the last table, and a square that holds it and (0, 0) on them.

    A square that held all snapshots would leave the trained letters a small part of it.
    """
    projection = principal_axes(network.tables[-1])
    points = np.vstack([projection.coordinates(network.tables[-1]), np.zeros(2)])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max()) * (1 + 2 * PADDING)
    x_low, y_low = (low + high) / 2 - extent / 2
    return projection, (float(x_low), float(y_low)), extent
