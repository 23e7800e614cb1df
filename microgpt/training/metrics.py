"""What training reports: `Step`, `Evaluation` (loss ± standard error), `Comparison`."""

from dataclasses import dataclass
from math import exp, inf, nan
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Evaluation:
    """Mean loss per token ± its standard error, in nats.

    The error counts rows (documents or windows) as independent, not tokens: the letters of one name
    are not.
    """

    loss: float
    stderr: float
    tokens: int

    @classmethod
    def from_rows(cls, losses: np.ndarray, num_tokens: np.ndarray) -> Self:
        """The evaluation of rows, given the sum of losses and the number of targets of each.

        The standard error is that of a ratio of two sums over independent rows (Cochran 1977,
        §2.11); NaN for a single row.
        """
        mean, rows, stderr = losses.sum() / num_tokens.sum(), len(losses), nan
        if rows > 1:
            variance = ((losses - mean * num_tokens) ** 2).sum() / (rows - 1)
            stderr = float(np.sqrt(variance / rows) / num_tokens.mean())
        return cls(float(mean), stderr, int(num_tokens.sum()))

    @property
    def perplexity(self) -> float:
        """e to the loss: between how many equally likely tokens the model seems to choose."""
        return perplexity(self.loss)

    def __str__(self) -> str:
        if np.isnan(self.stderr):
            return f"{self.loss:.3f} per token, from a single row, so without a standard error"
        return f"{self.loss:.3f} ± {self.stderr:.3f} per token"


@dataclass(frozen=True)
class Comparison:
    """Another model's validation loss, and by how much ours is lower on the same texts.

    `improvement` is above 0 if ours is better; `stderr` is the standard error of the paired
    difference.
    """

    loss: float
    improvement: float
    stderr: float


@dataclass(frozen=True)
class Step:
    """One training step: its loss before the update, in nats per token, and what it took.

    `tokens_seen` counts the targets of all steps so far; `epoch` the passes over the data after it,
    if training counts epochs. `evaluation` is the validation loss, `train_evaluation` that of the
    training data, both after the update.
    """

    step: int
    loss: float
    lr: float
    grad_norm: float
    tokens: int
    seconds: float
    evaluation: Evaluation | None = None
    samples: tuple[str, ...] = ()
    tokens_seen: int = 0
    epoch: float | None = None
    train_evaluation: Evaluation | None = None

    @property
    def tokens_per_second(self) -> float:
        """Throughput: the step's targets per second."""
        return self.tokens / self.seconds if self.seconds else inf

    @property
    def perplexity(self) -> float:
        """e to the loss: between how many equally likely tokens the model seemed to choose."""
        return perplexity(self.loss)


def perplexity(loss: float) -> float:
    """e to the loss; infinite where that overflows a float."""
    try:
        return exp(loss)
    except OverflowError:
        return inf
