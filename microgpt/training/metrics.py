"""What training says: a step, a loss with its standard error, two models side by side."""

from dataclasses import dataclass
from math import exp, inf

import numpy as np


@dataclass(frozen=True)
class Evaluation:
    """The mean loss per token over rows (documents or windows) ± its standard error.

    In nats. The error counts rows, not tokens, as independent: letters of one name are not.
    """

    loss: float
    error: float
    tokens: int

    @property
    def perplexity(self) -> float:
        """e to the loss: between how many equally likely tokens the model seems to choose."""
        return perplexity(self.loss)

    def __str__(self) -> str:
        if np.isnan(self.error):
            return f"{self.loss:.3f} per token, from a single row, so without a standard error"
        return f"{self.loss:.3f} ± {self.error:.3f} per token"


@dataclass(frozen=True)
class Comparison:
    """Another model's held-out loss, and by how much ours is lower on the same texts.

    `lead` is above 0 if ours is better; `error` is the standard error of the paired difference.
    """

    loss: float
    lead: float
    error: float


@dataclass(frozen=True)
class Step:
    """One training step: its loss before the update, in nats per token, and what it took.

    `tokens_seen` counts the targets of all steps so far. `epoch` is how often the data has been
    gone through after it, if training counts epochs. `evaluation` is of held-out data,
    `train_evaluation` of the training data, both after the update.
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
        """How many targets were learnt from in a second."""
        return self.tokens / self.seconds if self.seconds else inf

    @property
    def perplexity(self) -> float:
        """e to the loss: between how many equally likely tokens the model seemed to choose."""
        return perplexity(self.loss)


def perplexity(loss: float) -> float:
    """e to the loss; infinite where that is more than a float holds."""
    try:
        return exp(loss)
    except OverflowError:
        return inf


def mean_per_token(losses: np.ndarray, counts: np.ndarray) -> Evaluation:
    """Sums of losses and counts of tokens per row, as one mean with its standard error.

    The error is that of a ratio of two sums over independent rows (Cochran 1977, §2.11).
    """
    mean, rows = losses.sum() / counts.sum(), len(losses)
    error = float("nan")
    if rows > 1:
        spread = ((losses - mean * counts) ** 2).sum() / (rows - 1)
        error = float(np.sqrt(spread / rows) / counts.mean())
    return Evaluation(float(mean), error, int(counts.sum()))
