"""`ScoredRound`: the start of a name, the learner's probabilities, and scores, as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from microgpt.viz.formatting import quoted, to_permille
from microgpt.viz.guess_game.game_round import NameTile, asked_tiles, full_name_tiles

QUESTION = "Which letter comes next, and how sure are you?"
PLAYERS = ("you", "knowing nothing", "letters counted", "pairs counted")
NO_MEAN = "—"  # before the first round is answered
MAX_PREFIX = 8  # tiles; of a longer start the last seven are shown


@dataclass(frozen=True, eq=False)
class Reveal:
    """What is shown once the guess is fixed: the whole name and what the counted pairs gave.

    `rest` are the letters of the name after the `target`; `pairs` (V,) are probabilities.
    """

    name: str
    target: int
    rest: tuple[str, ...]
    pairs: np.ndarray


class Share(NamedTuple):
    """A displayed probability of one letter, or of several together, per mille."""

    label: str
    yours: int
    pairs: int | None


@dataclass(frozen=True, eq=False)
class ScoredRound:
    """One round: `prefix` begins a name, and `probs` (V,) are what the learner gives each letter.

    The `chosen` letters share `confidence` per cent. Until `reveal` is given, nothing here depends
    on the letter that follows. `nats` (R, 4) are the negative log-likelihoods of the rounds
    answered so far, by player. `difference`, after the last round, is the mean of you minus
    pairs, and two of its standard errors.
    """

    number: int
    num_rounds: int
    prefix: tuple[str, ...]
    labels: Sequence[str]
    chosen: tuple[int, ...]
    confidence: int
    probs: np.ndarray
    nats: np.ndarray
    reveal: Reveal | None = None
    difference: tuple[float, float] | None = None

    def means(self) -> np.ndarray | None:
        """Return the mean of each player over the rounds answered so far, or `None` before one."""
        return self.nats.mean(axis=0) if len(self.nats) else None

    def name_tiles(self) -> list[NameTile]:
        """Return the tiles of the name: its start, and all of it once it is revealed."""
        prefix = self.shown_prefix()
        if self.reveal is None:
            return asked_tiles(prefix)
        return full_name_tiles(prefix, self.labels[self.reveal.target], self.reveal.rest)

    def shown_prefix(self) -> tuple[str, ...]:
        """Return the letters before the asked one, the last of them if they are many."""
        if len(self.prefix) <= MAX_PREFIX:
            return self.prefix
        return ("…", *self.prefix[1 - MAX_PREFIX :])

    def shares(self) -> list[Share]:
        """Return the probabilities as they are displayed: each column adds up to 1,000 per mille.

        The chosen letters and the true one stand alone, all others together.
        """
        alone = list(self.chosen)
        if self.reveal is not None and self.reveal.target not in alone:
            alone.append(self.reveal.target)
        yours = _permille(self.probs, alone)
        pairs = [None] * len(yours) if self.reveal is None else _permille(self.reveal.pairs, alone)
        num_others = len(self.labels) - len(alone)
        others = f"the other {num_others} together" if alone else f"all {num_others} together"
        labels = [*(quoted(self.labels[token]) for token in alone), others]
        return [Share(*cells) for cells in zip(labels, yours, pairs, strict=True)]


def _permille(probs: np.ndarray, alone: list[int]) -> list[int]:
    single = probs[alone]
    return to_permille([*single, max(0.0, 1.0 - float(single.sum()))])
