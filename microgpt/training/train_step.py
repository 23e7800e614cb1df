"""One training step: the plain function `train_step`, and `TrainStep`, which the trainer calls.

Route: `Trainer.__next__` (trainer.py) → `TrainStep.__call__` → `train_step`, or when steps are
recorded `_RecordedStep.run` → `Captured.__call__` (recording/captured.py), which records the
launches (`Recorder.on_launch`, recording/recorder.py) until two recordings are equal and from then
on replays them (`Replay.run`, recording/replay.py). The trainer defers interrupts during a step and
delivers them in `after_batch` or at its end; `TrainStep` rolls back a step that did not finish.
"""

from collections.abc import Callable, Sequence

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.config import TrainConfig
from microgpt.data import Batch
from microgpt.errors import CaptureError, StateError
from microgpt.models.gpt import GPT
from microgpt.optim import (
    Adam,
    AdamW,
    clip_grad_norm_,
    constant_schedule,
    cosine_schedule,
    linear_schedule,
)
from microgpt.optim.schedules import Schedule, check_warmup
from microgpt.recording import capture
from microgpt.recording.captured import Captured


def train_step(
    model: GPT,
    optimizer: Adam,
    lr_schedule: Schedule,
    grad_clip: float,
    step: int,
    batches: Sequence[Batch],
    after_batch: Callable[[], None] = lambda: None,
) -> tuple[float, float]:
    """Make one training step; return the loss before it and the gradient norm before clipping.

    Several batches count as one large batch (gradient accumulation): the loss is the mean over all
    their targets that are not ignored.
    """
    optimizer.lr = lr_schedule(step)
    optimizer.zero_grad()
    mean_loss = 0.0
    for (tokens, targets), weight in zip(batches, loss_weights(batches), strict=True):
        loss = model.loss(tokens, targets)  # forward
        loss.backward(weight)  # gradients accumulate over the batches
        mean_loss += weight * loss.item()
        after_batch()
    grad_norm = clip_grad_norm_(optimizer.parameters, grad_clip)
    optimizer.step()
    return mean_loss, grad_norm.item()


def loss_weights(batches: Sequence[Batch]) -> list[float]:
    """Return each batch's share of all targets that are not ignored; the shares sum to 1."""
    if len(batches) == 1:
        return [1.0]
    counts = [int((targets >= 0).sum()) for _, targets in batches]
    return [count / sum(counts) for count in counts]


class TrainStep:
    """Calls `train_step` for one model; with `capture`, the same step in pieces that are replayed.

    A call first puts all modules into training mode. If it raises, the next call with the same
    batches returns what the failed one would have returned: the optimiser's step count and the
    dropout counter are rolled back.
    """

    def __init__(self, model: GPT, config: TrainConfig, capture: bool):
        self.model, self.optimizer = model, make_optimizer(model, config)
        self.lr_schedule = make_lr_schedule(config)
        self.grad_clip = float("inf") if config.grad_clip is None else config.grad_clip
        self._recorded: _RecordedStep | None = None
        if capture:
            accumulates = config.grad_accum_steps > 1
            self._recorded = _RecordedStep(model, self.optimizer, self.grad_clip, accumulates)
        # Listed once: walking through a small model takes as long as a training step.
        self._modules = [module for _, module in model.named_modules()]
        # Counters that a step advances, and their values before it, to roll back if it fails.
        self._counters = [self.optimizer.state_arrays()["step"], model.dropout_counter]
        self._counts_before: list[np.ndarray] | None = None

    def __reduce__(self) -> tuple:
        raise StateError(
            "a trainer is not copied or pickled, for its recorded launches belong to this process; "
            "`save` it into a folder, and go on with `Trainer.resume`"
        )

    @property
    def captured(self) -> Captured | None:
        """The captured function that runs for each batch, or None if steps are not recorded."""
        return None if self._recorded is None else self._recorded.captured

    def __call__(
        self, step: int, batches: Sequence[Batch], after_batch: Callable[[], None]
    ) -> tuple[float, float]:
        """Make one step; return the loss and the gradient norm, as `train_step` does."""
        self.rollback()
        for module in self._modules:  # recorded, replayed or resumed: the same mode
            if not module.training:
                module.train()
        self._counts_before = [counter.copy() for counter in self._counters]
        result = self._run(step, batches, after_batch)
        self._counts_before = None
        return result

    def _run(
        self, step: int, batches: Sequence[Batch], after_batch: Callable[[], None]
    ) -> tuple[float, float]:
        try:
            if self._recorded is not None:
                self.optimizer.lr = self.lr_schedule(step)
                return self._recorded.run(batches, after_batch)
            return train_step(
                self.model, self.optimizer, self.lr_schedule, self.grad_clip, step, batches,
                after_batch,
            )  # fmt: skip
        except CaptureError as error:
            if self._recorded is None or self._has_updated():
                raise CaptureError(f"{error}; or train with Trainer(…, capture=False)") from None
        # A custom part of the model reads numbers in Python: from now on, steps are not recorded.
        self._recorded = None
        self._restore_counters()
        return self._run(step, batches, after_batch)

    def _has_updated(self) -> bool:
        """Whether the optimiser has counted the step that is being made."""
        assert self._counts_before is not None
        return self.optimizer.step_count != self._counts_before[0].item()

    def rollback(self) -> None:
        """Restore the counters if the last step did not finish; otherwise do nothing."""
        if self._counts_before is not None:
            self._restore_counters()
            self._counts_before = None

    def _restore_counters(self) -> None:
        assert self._counts_before is not None
        for counter, before in zip(self._counters, self._counts_before, strict=True):
            counter[...] = before


class _RecordedStep:
    """`train_step` in pieces that can be recorded: nothing in them reads a number in Python.

    One batch: everything but the learning rate is one piece. Several: one piece for each batch, and
    one for the update. It repeats `train_step`; a test holds both to the same bits.
    """

    def __init__(self, model: GPT, optimizer: Adam, grad_clip: float, accumulates: bool):
        # Closures, not methods: `Captured` refers to its function, and a bound method would refer
        # back to this object: a reference cycle, which delays freeing the model.
        def forward_backward(
            tokens: np.ndarray, targets: np.ndarray, weight: np.ndarray | None = None
        ) -> Tensor:
            loss = model.loss(tokens, targets)
            loss.backward(weight)
            return loss

        def update() -> Tensor:
            grad_norm = clip_grad_norm_(optimizer.parameters, grad_clip)
            optimizer.step()
            return grad_norm

        def single_batch_step(tokens: np.ndarray, targets: np.ndarray) -> tuple[Tensor, Tensor]:
            optimizer.zero_grad()
            return forward_backward(tokens, targets), update()

        self._optimizer, self._dtype = optimizer, model.wte.weight.dtype
        self._backend = model.backend
        self.captured = capture(forward_backward if accumulates else single_batch_step)
        self._update = capture(update) if accumulates else None

    def run(self, batches: Sequence[Batch], after_batch: Callable[[], None]) -> tuple[float, float]:
        """Make one step as `train_step` does; the learning rate must have been set.

        A single batch is one replay up to the updated weights: nothing can be done after the batch.
        """
        if self._update is None:
            results = self.captured(*batches[0])
            arrays = self._backend.to_host_together([result.array for result in results])
            loss, grad_norm = (float(array.item()) for array in arrays)
            return loss, grad_norm
        self._optimizer.zero_grad()
        mean_loss = 0.0
        for (tokens, targets), weight in zip(batches, loss_weights(batches), strict=True):
            loss = self.captured(tokens, targets, np.array(weight, self._dtype))
            mean_loss += weight * loss.item()
            after_batch()
        return mean_loss, self._update().item()


def make_optimizer(model: GPT, config: TrainConfig) -> Adam:
    """Make the configured optimiser, over all parameters that are not frozen."""
    common = (model.parameters(), config.lr, (config.beta1, config.beta2), config.eps)
    if config.optimizer == "adam":
        return Adam(*common)
    return AdamW(*common) if config.weight_decay is None else AdamW(*common, config.weight_decay)


def make_lr_schedule(config: TrainConfig) -> Schedule:
    """Make the configured learning-rate schedule."""
    check_warmup(config.warmup_steps, config.steps)
    if config.lr_schedule == "constant":
        return constant_schedule(config.lr, config.warmup_steps)
    decay = cosine_schedule if config.lr_schedule == "cosine" else linear_schedule
    return decay(config.lr, config.steps, config.warmup_steps, config.min_lr)
