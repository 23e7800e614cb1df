"""Results of training: `Step`, `Evaluation` (loss ± standard error), `Comparison`."""

from dataclasses import dataclass
from math import exp, inf, nan
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Evaluation:
    """Mean loss per token ± its standard error, in nats.

    The standard error takes rows (documents or windows) as independent, not tokens: the letters of
    one name depend on each other.
    """

    loss: float
    stderr: float
    tokens: int

    @classmethod
    def from_rows(cls, losses: np.ndarray, num_tokens: np.ndarray) -> Self:
        """Compute an evaluation from the summed loss and the number of targets of each row.

        The standard error is that of a ratio of two sums over independent rows (Cochran 1977,
        §2.11); it is NaN for a single row.
        """
        mean, rows, stderr = losses.sum() / num_tokens.sum(), len(losses), nan
        if rows > 1:
            variance = ((losses - mean * num_tokens) ** 2).sum() / (rows - 1)
            stderr = float(np.sqrt(variance / rows) / num_tokens.mean())
        return cls(float(mean), stderr, int(num_tokens.sum()))

    @property
    def perplexity(self) -> float:
        """exp(loss): a uniform choice among so many tokens would have the same loss."""
        return perplexity(self.loss)

    def __str__(self) -> str:
        if np.isnan(self.loss):
            return "nan: the loss is not a number, because something in the model overflowed"
        if np.isnan(self.stderr):
            return f"{self.loss:.3f} per token, from a single row, so without a standard error"
        return f"{self.loss:.3f} ± {self.stderr:.3f} per token"


@dataclass(frozen=True)
class Comparison:
    """A baseline's validation loss, and how much lower the model's is on the same texts.

    `improvement` is above 0 if the model is better than the baseline; `stderr` is the standard
    error of the paired difference.
    """

    loss: float
    improvement: float
    stderr: float


@dataclass(frozen=True)
class Step:
    """One training step: its loss before the update in nats per token, learning rate and timing.

    `tokens` counts the targets of this step, `tokens_seen` those of all steps so far. `epoch` is
    the number of passes over the data so far, or None if training does not count epochs.
    `evaluation` is the validation loss after the update, `train_evaluation` the training loss.
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
        """Throughput: targets per second."""
        return self.tokens / self.seconds if self.seconds else inf

    @property
    def perplexity(self) -> float:
        """exp(loss): a uniform choice among so many tokens would have the same loss."""
        return perplexity(self.loss)


def perplexity(loss: float) -> float:
    """Return exp(loss), or infinity if that overflows a float."""
    try:
        return exp(loss)
    except OverflowError:
        return inf
