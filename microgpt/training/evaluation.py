"""What a model scores on texts that it is not trained on: nothing here changes anything."""

from collections.abc import Callable, Iterable

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import no_grad
from microgpt.backends import LOCK
from microgpt.data import Batch
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.training.metrics import Comparison, Evaluation, mean_per_token

MOST_LOGITS = 2**24  # that are held at once: 64 MiB of float32


def rows_at_once(model: GPT) -> int:
    """So many rows are evaluated together that their logits stay small."""
    return max(1, min(64, MOST_LOGITS // (model.config.vocab_size * model.config.block_size)))


def evaluated(
    model: GPT, batches: Iterable[Batch], cancelled: Callable[[], bool]
) -> Evaluation | None:
    """The mean loss over all rows; None if `cancelled()`, which is asked before each batch."""
    losses, counts = [], []
    for tokens, targets in batches:
        if cancelled():
            return None
        losses.append(_losses(model, tokens, targets).sum(axis=1))
        counts.append((targets >= 0).sum(axis=1))
    return mean_per_token(np.concatenate(losses), np.concatenate(counts))


def compared(
    model: GPT,
    batches: Iterable[Batch],
    other: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Comparison:
    """The model beside another one, row by row on the same texts."""
    ours, theirs, counts = [], [], []
    for tokens, targets in batches:
        ours.append(_losses(model, tokens, targets).sum(axis=1))
        theirs.append(other(tokens, targets).sum(axis=1))
        counts.append((targets >= 0).sum(axis=1))
    if not counts:
        raise SettingError("nothing is held out to compare on; set TrainConfig(held_out=…)")
    us, them, tokens_each = map(np.concatenate, (ours, theirs, counts))
    lead = mean_per_token(them - us, tokens_each)
    return Comparison(mean_per_token(them, tokens_each).loss, lead.loss, lead.error)


def _losses(model: GPT, tokens: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The surprise at each target (B, T), 0 where it is ignored."""
    with LOCK, no_grad():  # a model that trains in another thread waits a moment
        rows = ops.token_losses(model(tokens), targets).numpy()
    return rows.astype(np.float64)
