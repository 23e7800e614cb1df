"""`LibraryTraining`: the library's own training steps, beside those of a learner's optimiser."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.autograd.engine import context, hook_activations, override_ops, override_runs
from microgpt.learn.usage_report import MAX_COMPARISONS, UsageReport, relative_error
from microgpt.models.gpt import GPT
from microgpt.optim import Optimizer, clip_grad_norm_

SAME_GRADIENT = 1e-5  # relative; a loop that does more than train on its batches differs by more


@dataclass
class _Batch:
    """What a model was trained on, its loss, and dropout's counter before."""

    model: GPT
    tokens: np.ndarray
    targets: np.ndarray
    loss: float
    dropout_counter: np.ndarray


@dataclass
class _State:
    """The parameters and the optimiser's state of the library's training; None if not followed."""

    optimizer: Optimizer
    arrays: list[np.ndarray] | None


class LibraryTraining:
    """Repeats each of the first MAX_COMPARISONS training steps from the library's own parameters.

    It sees the batches as the operations' override, `hook`, and computes a step in `step`, just
    before the learner's. Several batches before a step count by their targets, as in a Trainer. A
    training that it cannot repeat, such as one with another loss, is not compared.
    """

    def __init__(self, report: UsageReport):
        self.report = report
        self.batches: list[_Batch] = []
        self.max_norm: float | None = None  # of the clipping in the step under way
        self._gradients: list[np.ndarray] = []  # before that clipping
        self._states: dict[int, _State] = {}

    def hook(self, name: str, op: Callable, args: tuple, kwargs: dict) -> Any:
        """Run the operation; of a model's loss, remember the batch."""
        if name != "GPT.loss":
            return op(*args, **kwargs)
        counter = args[0].dropout_counter.copy()
        loss = op(*args, **kwargs)
        if self.is_comparing and context.grad_enabled and loss.requires_grad:
            model, tokens, targets = args
            self.batches.append(
                _Batch(model, np.array(tokens), np.array(targets), loss.item(), counter)
            )
        return loss

    @property
    def is_comparing(self) -> bool:
        """Whether more losses are to be compared."""
        return len(self.report.losses) < MAX_COMPARISONS

    def on_clip(self, parameters: list, max_norm: float) -> None:
        """Remember the gradients before they are clipped."""
        self.max_norm = max_norm
        self._gradients = [parameter.grad_buffer().copy() for parameter in parameters]

    def step(self, optimizer: Optimizer) -> None:
        """Make the library's step for the batches since the last one, and compare the losses."""
        batches, self.batches = self.batches, []
        max_norm, self.max_norm = self.max_norm, None
        gradients, self._gradients = self._gradients, []
        if not batches or not self.is_comparing:
            return
        if not gradients:
            gradients = [parameter.grad_buffer().copy() for parameter in optimizer.parameters]
        state = self._states.get(id(optimizer))
        is_first = state is None
        if state is None:
            state = self._states[id(optimizer)] = _State(optimizer, None)
            if not _trains(optimizer, batches):
                return
        elif state.arrays is None:
            return
        arrays = _arrays(optimizer, batches[0].model)
        before = [array.copy() for array in arrays]
        grads_before = [parameter.grad_buffer().copy() for parameter in optimizer.parameters]
        try:
            _write(arrays, before if is_first else state.arrays)
            if is_first:
                batches[0].model.dropout_counter[...] = batches[0].dropout_counter
            losses = _forward_backward(optimizer, batches)
            if is_first and not _has_gradients(optimizer, gradients):
                return
            if max_norm is not None:
                clip_grad_norm_(optimizer.parameters, max_norm)
            optimizer.step()
            state.arrays = [array.copy() for array in arrays]
        finally:
            _write(arrays, before)
            _write([parameter.grad_buffer() for parameter in optimizer.parameters], grads_before)
        yours = _mean([batch.loss for batch in batches], batches)
        self.report.losses.append((yours, _mean(losses, batches)))


def _trains(optimizer: Optimizer, batches: list[_Batch]) -> bool:
    """Whether the optimiser has all parameters of one model, that of the batches."""
    model = batches[0].model
    ids = {id(parameter) for parameter in model.parameters()}
    return all(batch.model is model for batch in batches) and ids == {
        id(parameter) for parameter in optimizer.parameters
    }


def _arrays(optimizer: Optimizer, model: GPT) -> list[np.ndarray]:
    """Return all arrays that a step changes."""
    data = [data for data, _ in optimizer.flat_segments]
    return [*data, *optimizer.state_arrays().values(), model.dropout_counter]


def _write(arrays: list[np.ndarray], values: Any) -> None:
    for array, value in zip(arrays, values, strict=True):
        array[...] = value


def _forward_backward(optimizer: Optimizer, batches: list[_Batch]) -> list[float]:
    """Compute the gradients of the batches anew; return their losses."""
    losses = []
    optimizer.zero_grad()
    with override_ops(None), override_runs(None), hook_activations(None):
        for batch, weight in zip(batches, _weights(batches), strict=True):
            loss = batch.model.loss(batch.tokens, batch.targets)
            loss.backward(weight)
            losses.append(loss.item())
    return losses


def _weights(batches: list[_Batch]) -> list[float]:
    counts = [int((batch.targets >= 0).sum()) for batch in batches]
    return [count / max(1, sum(counts)) for count in counts]


def _mean(losses: list[float], batches: list[_Batch]) -> float:
    return sum(w * loss for w, loss in zip(_weights(batches), losses, strict=True))


def _has_gradients(optimizer: Optimizer, gradients: list[np.ndarray]) -> bool:
    """Whether the parameters' gradients are these."""
    ours = [parameter.grad_buffer() for parameter in optimizer.parameters]
    flat = [np.concatenate([part.reshape(-1) for part in parts]) for parts in (gradients, ours)]
    return relative_error(*(part.astype(np.float64) for part in flat)) <= SAME_GRADIENT
