"""Evaluation: mean loss ± standard error over batches; no side effects."""

from collections.abc import Callable, Iterable

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import no_grad
from microgpt.backends import LOCK
from microgpt.data import Batch
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.training.metrics import Comparison, Evaluation

MAX_LOGITS = 2**24  # held in memory at once; 64 MiB in float32


def eval_batch_size(model: GPT) -> int:
    """Return how many rows to evaluate together, so that at most `MAX_LOGITS` logits are held."""
    return max(1, min(64, MAX_LOGITS // (model.config.vocab_size * model.config.block_size)))


def evaluate_loss(
    model: GPT, batches: Iterable[Batch], cancelled: Callable[[], bool]
) -> Evaluation | None:
    """Compute the mean loss over all rows; None once `cancelled()`, called before each batch."""
    losses, counts = [], []
    for tokens, targets in batches:
        if cancelled():
            return None
        losses.append(_losses_per_token(model, tokens, targets).sum(axis=1))
        counts.append((targets >= 0).sum(axis=1))
    return Evaluation.from_rows(np.concatenate(losses), np.concatenate(counts))


def compare_losses(
    model: GPT,
    batches: Iterable[Batch],
    baseline: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Comparison:
    """Compute a baseline's loss and the model's improvement over it, paired row by row."""
    model_losses, baseline_losses, counts = [], [], []
    for tokens, targets in batches:
        model_losses.append(_losses_per_token(model, tokens, targets).sum(axis=1))
        baseline_losses.append(baseline(tokens, targets).sum(axis=1))
        counts.append((targets >= 0).sum(axis=1))
    if not counts:
        raise SettingError("val_fraction", "above 0 to compare on validation data", 0)
    ours, theirs, num_tokens = map(np.concatenate, (model_losses, baseline_losses, counts))
    difference = Evaluation.from_rows(theirs - ours, num_tokens)
    baseline_loss = Evaluation.from_rows(theirs, num_tokens).loss
    return Comparison(baseline_loss, difference.loss, difference.stderr)


def _losses_per_token(model: GPT, tokens: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the negative log-likelihood of each target (B, T), 0 where it is ignored."""
    with LOCK, no_grad():  # training in another thread waits meanwhile
        losses = ops.cross_entropy_per_token(model(tokens), targets).numpy()
    return losses.astype(np.float64)
