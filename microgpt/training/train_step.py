"""One update of a model: the gradients of its batches, clipping, the optimiser's step."""

from collections.abc import Callable, Sequence

import numpy as np

from microgpt import recording
from microgpt.autograd.tensor import Tensor
from microgpt.config import TrainConfig
from microgpt.data import Batch
from microgpt.errors import CaptureError
from microgpt.models.gpt import GPT
from microgpt.optim import (
    Adam,
    AdamW,
    clip_grad_norm_,
    constant_schedule,
    cosine_schedule,
    linear_schedule,
)
from microgpt.optim.schedules import Schedule
from microgpt.recording.captured import Captured


def optimizer_of(model: GPT, config: TrainConfig) -> Adam:
    """The optimiser that the settings name, for all weights that may change."""
    common = (model.parameters(), config.lr, (config.beta1, config.beta2), config.eps)
    if config.optimizer == "adam":
        return Adam(*common)
    return AdamW(*common) if config.weight_decay is None else AdamW(*common, config.weight_decay)


def schedule_of(config: TrainConfig) -> Schedule:
    """The learning rate of each step, as the settings say."""
    if config.schedule == "constant":
        return constant_schedule(config.lr, config.warmup)
    falling = cosine_schedule if config.schedule == "cosine" else linear_schedule
    return falling(config.lr, config.steps, config.warmup, config.min_lr)


class Update:
    """Changes a model once, by the gradients of one batch or of several that count as one.

    All parts of the model are put into training mode first, those too that were not in it.
    Where steps are recorded, `captured` is the function that is replayed for each batch. After an
    error, calling it again with the same batches gives what it would have given at first: the
    optimiser's count and the dice of dropout go back.
    """

    def __init__(self, model: GPT, optimizer: Adam, config: TrainConfig, capture: bool):
        self.model, self.optimizer = model, optimizer
        whole, gradients, finish = _functions(model, optimizer, config.clip)
        self._plain = (whole,) if config.accumulate == 1 else (gradients, finish)
        self._captured = tuple(map(recording.capture, self._plain)) if capture else None
        self._parts = [part for _, part in model.named_modules()]  # a walk takes as long as a step
        # What counts along inside an update, and what it was before one that has not ended.
        self._counters = [optimizer.arrays()["step"], model.dropout_counter]
        self._before: list[np.ndarray] | None = None

    @property
    def captured(self) -> Captured | None:
        """The function that is replayed for each batch, if steps are recorded."""
        return None if self._captured is None else self._captured[0]

    def __call__(self, batches: Sequence[Batch], hear: Callable[[], None]) -> tuple[float, float]:
        """The loss before the update, and the gradient's norm before clipping.

        The loss is the mean over all targets of all batches that are not ignored, as if they were
        one. `hear` is called where an interrupt does no harm.
        """
        self.rollback()
        for part in self._parts:  # recorded or not, before and after a resume: one mode
            if not part.training:
                part.training = True
        done = self.optimizer.steps
        self._before = [counter.copy() for counter in self._counters]
        try:
            result = self._run(self._captured or self._plain, batches, hear)
        except CaptureError as error:
            if self._captured is None or self.optimizer.steps != done:
                raise CaptureError(f"{error}; or train with Trainer(…, capture=False)") from None
            self._captured = None  # the model has a part of the reader's own that looks at numbers
            self.rollback()
            self._before = [counter.copy() for counter in self._counters]
            result = self._run(self._plain, batches, hear)
        self._before = None
        return result

    def _run(
        self, functions: Sequence[Callable], batches: Sequence[Batch], hear: Callable[[], None]
    ) -> tuple[float, float]:
        if len(functions) == 1:
            loss, norm = functions[0](*batches[0])
            return loss.item(), norm.item()
        gradients, finish = functions
        counts = [int((targets >= 0).sum()) for _, targets in batches]
        mean, dtype = 0.0, self.model.wte.weight.dtype
        self.optimizer.zero_grad()
        for (tokens, targets), count in zip(batches, counts, strict=True):
            share = count / sum(counts)  # not 1 / batches: ignored targets count for nothing
            mean += share * gradients(tokens, targets, np.array(share, dtype)).item()
            hear()
        return mean, finish().item()

    def rollback(self) -> None:
        """Let an update that broke off never have begun."""
        if self._before is not None:
            for counter, before in zip(self._counters, self._before, strict=True):
                counter[...] = before
            self._before = None


def _functions(model: GPT, optimizer: Adam, clip: float | None) -> tuple[Callable, ...]:
    """What a step launches; not methods, so that a recording does not hold on to the trainer."""
    most = float("inf") if clip is None else clip

    def update(tokens: np.ndarray, targets: np.ndarray) -> tuple[Tensor, Tensor]:
        """The loss before the update, and the gradient's norm before clipping."""
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        norm = clip_grad_norm_(optimizer.parameters, most)
        optimizer.step()
        return loss, norm

    def gradients(tokens: np.ndarray, targets: np.ndarray, share: np.ndarray) -> Tensor:
        """The loss of one batch of several, whose gradient is added with its share in them all."""
        loss = model.loss(tokens, targets)
        loss.backward(share)
        return loss

    def finish() -> Tensor:
        """The gradient's norm before clipping; the weights change."""
        norm = clip_grad_norm_(optimizer.parameters, most)
        optimizer.step()
        return norm

    return update, gradients, finish
