"""A claim, its measurement on five seeds, and whether the effect is large enough to be claimed."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

SEEDS = range(5)
MIN_SPREADS = 3  # an effect is at least so many times as large as its spread over the seeds
SEEN, NOT_SEEN = "seen", "no difference seen"
THOUSANDTHS = 1000  # small differences are told in thousandths of a nat
DIGITS = 2  # of a written effect and its spread, after the decimal point


@dataclass(frozen=True)
class Measurement:
    """The effects of a claim, one for each seed, and 0 if there is none; `text` says of what."""

    claim: str
    text: str
    effects: tuple[float, ...]

    @property
    def effect(self) -> float:
        """The mean over the seeds."""
        return statistics.mean(self.effects)

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds."""
        return statistics.stdev(self.effects)

    @property
    def verdict(self) -> str:
        """`SEEN` or `NOT_SEEN`."""
        return verdict(self.effect, self.spread)


def verdict(effect: float, spread: float) -> str:
    """`SEEN` for an effect of at least three times its spread, else `NOT_SEEN`."""
    return SEEN if effect and abs(effect) >= MIN_SPREADS * spread else NOT_SEEN


def possible_verdicts(effect: float, spread: float) -> set[str]:
    """The verdicts that numbers may have had before they were rounded to `effect` and `spread`."""
    size, rounding = abs(effect), 0.5 * 10**-DIGITS
    clearest = verdict(size + rounding, max(0.0, spread - rounding))
    faintest = verdict(max(0.0, size - rounding), spread + rounding)
    return {clearest, faintest}


def train_and_held_out(names: Iterable[str], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The names in two parts; each seed holds out another fifth of them."""
    shuffled = np.random.default_rng(seed).permutation(list(names))
    cut = len(shuffled) // 5
    return shuffled[cut:], shuffled[:cut]
