"""`TrainingRun`: make a recorded run step by step; `record_run` makes one to its end."""

from collections.abc import Callable
from math import isfinite

import numpy as np

from microgpt import backends
from microgpt.backends import LOCK
from microgpt.config.checks import check_integer
from microgpt.data import Corpus, as_corpus
from microgpt.errors import StateError
from microgpt.models.gpt import GPT
from microgpt.optim import AdamW, clip_grad_norm_
from microgpt.runs.run_record import RunRecord, Snapshot, choose_snapshot_steps
from microgpt.runs.run_settings import BETAS, EPS, LR, STEPS, WEIGHT_DECAY, RunSettings
from microgpt.runs.run_text import RunText
from microgpt.runs.switches import HEALTHY
from microgpt.runs.update import Update
from microgpt.tokenizers import associate
from microgpt.training.evaluation import losses_per_token
from microgpt.training.metrics import Evaluation


class TrainingRun:
    """A GPT on a corpus, trained with one of `SWITCHES`; `record` keeps what happens.

    `advance()` makes one step. The same settings make the same run, bit for bit, however it is
    paused. `corpus` is a name or a `Corpus`, `switch` a name of `SWITCHES`.
    """

    def __init__(
        self,
        corpus: Corpus | str = "story",
        switch: str = HEALTHY,
        *,
        steps: int = STEPS,
        seed: int = 0,
        backend: str | None = None,
    ):
        corpus = as_corpus(corpus)
        backend = backend or backends.current().name
        self._prepare(RunSettings(corpus, switch, steps, seed, backend))

    @classmethod
    def again(cls, settings: RunSettings) -> "TrainingRun":
        """Return a run with these settings, before its first step."""
        run = cls.__new__(cls)
        run._prepare(settings)
        return run

    def _prepare(self, settings: RunSettings) -> None:
        self.settings, self.text = settings, RunText(settings)
        config = settings.model_config(self.text.vocab_size)
        self.model = GPT(config, seed=settings.seed, backend=settings.backend)
        associate(self.model, self.text.tokenizer)
        self.parameters = dict(self.model.named_parameters())
        self.optimizer = AdamW(self.model, LR, BETAS, EPS, WEIGHT_DECAY)
        self.lr_schedule = settings.lr_schedule()
        self._num_targets = [
            (targets >= 0).sum(axis=1) for _, targets in (self.text.held_out, self.text.training)
        ]
        self.snapshot_steps = choose_snapshot_steps(settings.steps)
        self.record = RunRecord(settings, self.text.count_baselines(), self._num_targets[0])
        self._failure = ""

    def __repr__(self) -> str:
        return repr(self.record).replace("RunRecord", "TrainingRun")

    @property
    def is_finished(self) -> bool:
        """Whether all planned steps are made."""
        return len(self.record) >= self.settings.steps

    def advance(self) -> None:
        """Make one step, and a snapshot if one is due; after the last step, do nothing.

        Raises StateError if the loss is not finite, and whenever it is called after that.
        """
        with LOCK:
            if self._failure:
                raise StateError(self._failure)
            if not self.record.snapshots:
                self._add_snapshot()
            if self.is_finished:
                return
            step = len(self.record)
            loss = self.backward(*self.text.next_batch())
            if not isfinite(loss):
                self._failure = (
                    f"the loss became {loss} at step {step + 1:,}, and the run cannot go on; "
                    f"make a new one with the switch {HEALTHY!r}, without functions of your own in "
                    "place of the library's"
                )
                raise StateError(self._failure)
            update = self.update()
            self.record.add_step(loss, self.optimizer.lr, update.grad_norm, update.ratios)
            if step + 1 in self.snapshot_steps:
                self._add_snapshot()

    def run(self, until: int | None = None, stop: Callable[[], bool] = lambda: False) -> RunRecord:
        """Go on to step `until`, by default to the end, or until `stop()`; return the record."""
        until = self.settings.steps if until is None else check_integer("until", until, 0)
        while len(self.record) < until and not self.is_finished and not stop():
            self.advance()
        return self.record

    def backward(self, tokens: np.ndarray, targets: np.ndarray) -> float:
        """Compute the loss, and the gradients in `.grad` of the parameters; return the loss."""
        self.optimizer.lr = self.lr_schedule(self.optimizer.step_count)
        if self.settings.switch.zeroes_grads:
            self.optimizer.zero_grad()
        loss = self.model.loss(tokens, targets)
        loss.backward()
        return loss.item()

    def gradients(self) -> dict[str, np.ndarray]:
        """Return the gradients that `backward` computed; not copies."""
        return {name: weight.grad_buffer() for name, weight in self.parameters.items()}

    def update(self) -> Update:
        """Update the weights with the clipped gradients; return what was taken from them.

        `.grad` is what backward computed again afterwards: a gradient that is not zeroed
        accumulates as it is, not clipped.
        """
        weights = {name: weight.numpy() for name, weight in self.parameters.items()}
        grads = [grad for _, grad in self.optimizer.flat_segments]
        unclipped = [grad.copy() for grad in grads]
        norm = clip_grad_norm_(self.optimizer.parameters, self.settings.grad_clip).item()
        self.optimizer.step()
        for grad, before in zip(grads, unclipped, strict=True):
            grad[...] = before
        return Update(norm, weights, self.parameters, self.optimizer)

    def _add_snapshot(self) -> None:
        """Measure the fixed rows, and keep the weights."""
        held_out, training = (
            losses_per_token(self.model, *batch).sum(axis=1)
            for batch in (self.text.held_out, self.text.training)
        )
        self.record.snapshots.append(
            Snapshot(
                len(self.record),
                Evaluation.from_rows(held_out, self._num_targets[0]),
                Evaluation.from_rows(training, self._num_targets[1]),
                held_out,
                training,
                self.optimizer.flat_segments[0][0].copy(),
            )
        )

    def model_at(self, snapshot: Snapshot) -> GPT:
        """Return a copy of the model with the weights of a snapshot."""
        model = self.model.copy()
        model.wte.weight.flat.data[:] = snapshot.weights
        return model


def record_run(
    corpus: Corpus | str = "story",
    switch: str = HEALTHY,
    *,
    until: int | None = None,
    steps: int = STEPS,
    seed: int = 0,
    backend: str | None = None,
) -> RunRecord:
    """Make a recorded run and return its record; `until` ends it before its planned `steps`.

    The learning rate depends on the planned steps, so runs that are to be compared have the same.
    """
    return TrainingRun(corpus, switch, steps=steps, seed=seed, backend=backend).run(until)
