"""`GuessRound`: the start of a name, the guess, and the model's probabilities, as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.viz.formatting import visible

MAX_TILES = 12  # a row of 372 pixels, in the narrowest card, holds so many


@dataclass(frozen=True, eq=False)
class GuessRound:
    """One round: `prefix` of `name`, the `target` token that follows it, and the user's `guess`.

    `prefix` and `rest` are the pieces of the name before and after the target. `probs` (V,) are the
    model's probabilities; `ranked_ids` (V,) are the tokens from most to least probable. `guess`,
    `probs` and `ranked_ids` are `None` before the guess. `scores` counts the answered rounds in
    which the user, and the model's favourite, was right.
    """

    number: int
    num_rounds: int
    name: str
    prefix: tuple[str, ...]
    rest: tuple[str, ...]
    target: int
    labels: Sequence[str]
    unit: str = "letter"
    scores: tuple[int, int] = (0, 0)
    guess: int | None = None
    probs: np.ndarray | None = None
    ranked_ids: np.ndarray | None = None

    @property
    def question(self) -> str:
        """The title of the view."""
        return f"Which {self.unit} comes next?"

    @property
    def is_last(self) -> bool:
        """Whether no round follows this one."""
        return self.number >= self.num_rounds

    def answer(self) -> tuple[int, np.ndarray, np.ndarray] | None:
        """Return guess, probabilities and ranked ids, or `None` before the guess."""
        if self.guess is None or self.probs is None or self.ranked_ids is None:
            return None
        return self.guess, self.probs, self.ranked_ids


@dataclass(frozen=True)
class NameTile:
    """A tile of the name; its role is "prefix", "asked", "target", or "rest"."""

    text: str
    role: str


def name_tiles(game_round: GuessRound) -> list[NameTile]:
    """Return the tiles of the prefix and of what is asked; after the guess, of the whole name.

    Of a long name the last pieces are left out: "…" stands for them.
    """
    if game_round.answer() is None:
        return asked_tiles(game_round.prefix)
    return full_name_tiles(game_round.prefix, game_round.labels[game_round.target], game_round.rest)


def asked_tiles(prefix: Sequence[str]) -> list[NameTile]:
    """Return the tiles of the pieces that are shown, and one with a question mark."""
    return [*(NameTile(visible(piece, 8), "prefix") for piece in prefix), NameTile("?", "asked")]


def full_name_tiles(prefix: Sequence[str], target: str, rest: Sequence[str]) -> list[NameTile]:
    """Return the tiles of a whole name: the pieces before and after its `target`, and that one."""
    tiles = [NameTile(visible(piece, 8), "prefix") for piece in prefix]
    rest_tiles = [NameTile(visible(piece, 8), "rest") for piece in rest]
    max_rest = max(1, MAX_TILES - len(tiles) - 1)
    if len(rest) > max_rest:
        rest_tiles = [*rest_tiles[: max_rest - 1], NameTile("…", "rest")]
    return [*tiles, NameTile(visible(target, 8), "target"), *rest_tiles]
