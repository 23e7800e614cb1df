"""Evaluation: mean loss ± standard error over batches; no side effects.

`Evaluator` selects the rows that a training evaluates, the same ones each time.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import no_grad
from microgpt.backends import LOCK
from microgpt.config import TrainConfig
from microgpt.data import Batch
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.training.dataset import Texts, TrainingData
from microgpt.training.metrics import Comparison, Evaluation

MAX_LOGITS = 2**24  # held in memory at once; 64 MiB in float32


class Evaluator:
    """Evaluates `model` on the data of its training: as many rows as `config` says."""

    def __init__(self, model: GPT, data: TrainingData, train_batches: Any, config: TrainConfig):
        self._model, self._data, self._config = model, data, config
        self._train_batches = train_batches
        self._validation_batches = None
        if data.validation is not None:
            self._validation_batches = data.evaluation_batches(data.validation)

    def validation_batches(self) -> Iterator[Batch]:
        """Iterate over tokens and targets (B, T) of the validation data; empty without them."""
        if self._validation_batches is None:
            return iter(())
        return self._eval_batches(self._validation_batches)

    def evaluate(self, corpus: Texts | None, cancelled: Callable[[], bool]) -> Evaluation | None:
        """Compute the mean loss on `corpus`, on None the validation data.

        None without data, or once `cancelled()`, called before each batch.
        """
        if corpus is None:
            batches = self._validation_batches
        elif corpus is self._data.train:
            batches = self._train_batches
        else:
            batches = self._data.evaluation_batches(corpus)
        if batches is None:
            return None
        return evaluate_loss(self._model, self._eval_batches(batches), cancelled)

    def _eval_batches(self, batches: Any) -> Iterator[Batch]:
        c = self._config
        max_rows = c.eval_documents if c.eval_batches is None else c.eval_batches * c.batch_size
        return batches.eval_batches(max_rows, eval_batch_size(self._model))


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
        losses.append(losses_per_token(model, tokens, targets).sum(axis=1))
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
        model_losses.append(losses_per_token(model, tokens, targets).sum(axis=1))
        baseline_losses.append(baseline(tokens, targets).sum(axis=1))
        counts.append((targets >= 0).sum(axis=1))
    if not counts:
        raise SettingError("val_fraction", "above 0 to compare on validation data", 0)
    ours, theirs, num_tokens = map(np.concatenate, (model_losses, baseline_losses, counts))
    difference = Evaluation.from_rows(theirs - ours, num_tokens)
    baseline_loss = Evaluation.from_rows(theirs, num_tokens).loss
    return Comparison(baseline_loss, difference.loss, difference.stderr)


def losses_per_token(model: GPT, tokens: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the negative log-likelihood of each target (B, T), 0 where it is ignored."""
    with LOCK, no_grad():  # training in another thread waits meanwhile
        losses = ops.cross_entropy_per_token(model(tokens), targets).numpy()
    return losses.astype(np.float64)
