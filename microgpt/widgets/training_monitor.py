"""`TrainingMonitor`: train a model in a live view, with snapshots of its loss and samples."""

import threading
import time
from dataclasses import replace
from math import isfinite, log
from typing import Any

import numpy as np

from microgpt.backends import LOCK
from microgpt.config import TrainConfig
from microgpt.data import Corpus
from microgpt.errors import MicrogptError, StateError
from microgpt.models.bigram import Bigram
from microgpt.models.gpt import GPT
from microgpt.training import Trainer
from microgpt.viz.training_snapshots import (
    BigramBaseline,
    Snapshot,
    TrainingProgress,
    compare_to_baselines,
    draw_training_progress,
    snapshots_table,
)
from microgpt.widgets.controls import button
from microgpt.widgets.logits_source import token_unit
from microgpt.widgets.notebook_context import current_cell
from microgpt.widgets.panel import Panel, record_error
from microgpt.widgets.workers import Worker

SNAPSHOT_STEPS = (0, 10, 100, 1000)
REDRAW_SECONDS = 0.1
YIELD_SECONDS = 1e-4  # slept between steps, so that callbacks of other panels get the lock


class TrainingMonitor(Panel):
    """Train `model` on `corpus`; show snapshots of loss and samples at steps 0, 10, 100, 1,000.

    In a notebook training runs on a background thread: Stop takes effect after the current step,
    `wait()` waits for the end, and running the cell again stops the old run. In a script the
    constructor trains before it returns. `lr` and `settings` are fields of `TrainConfig`; `trainer`
    keeps the history.
    """

    def __init__(
        self,
        model: GPT,
        corpus: Corpus,
        steps: int = 1000,
        *,
        lr: float = 0.01,
        **settings: Any,
    ):
        config = TrainConfig(steps=steps, lr=lr, **settings)
        self.trainer = Trainer(model, corpus, config)
        tokenizer = self.trainer.tokenizer
        snapshot_steps = {step for step in SNAPSHOT_STEPS if step < steps} | {steps}
        self.stop_button = button("Stop", self.stop, "stop training; the model keeps what it has")
        self.resume_button = button("Go on", self.start, "train on to the last step")
        self.worker: Worker | None = None
        super().__init__(
            TrainingProgress(
                snapshot_steps=tuple(sorted(snapshot_steps))[-4:],
                steps=steps,
                uniform_loss=log(model.config.vocab_size),
                status="training",
                unit="token" if tokenizer is None else token_unit(tokenizer),
            ),
            draw_training_progress,
            header=[self.stop_button, self.resume_button],
            height=420,
            numbers_table=snapshots_table,
        )
        self._cell = current_cell()
        self.start()

    @property
    def model(self) -> GPT:
        """The model being trained."""
        return self.trainer.model

    def start(self) -> None:
        """Start or resume training: on a thread in a live notebook, otherwise before returning."""
        if self.worker is not None:
            if self.state.status == "training":
                return
            self.worker.stop()  # its training has ended, but the thread may still be running
        self.update(replace, status="training", error="")
        if self._cell is None:
            self._run(threading.Event())
            return
        self.worker = Worker(self._run, self._cell)
        self.worker.start()

    def stop(self) -> None:
        """Stop after the current step."""
        if self.worker is not None:
            self.worker.request_stop()

    def wait(self) -> "TrainingMonitor":
        """Wait until training has ended; a KeyboardInterrupt stops it."""
        if self.worker is not None:
            self.worker.wait()
        return self

    def perplexity(self, snapshot: int = -1) -> float:
        """Return e to a snapshot's loss: the number of equally likely tokens with the same loss."""
        return float(np.exp(self.state.snapshots[snapshot].loss))

    def compare_to_baselines(self) -> str:
        """Compare the last snapshot with uniform guessing and bigram counts, in words."""
        return compare_to_baselines(self.state)

    def _run(self, stop: threading.Event) -> None:
        """Train on the worker's thread: never raise, and draw only through `update`."""
        try:
            status = self._train(stop)
        except MicrogptError as error:  # such as a loss that is NaN
            self.update(replace, status="failed", error=str(error))
        except KeyboardInterrupt:
            self.update(replace, status="interrupted")
        except Exception as error:
            self.update(replace, status="failed", error=f"{type(error).__name__}: {error}")
            record_error(self, error)
        else:
            self.update(replace, steps_done=len(self.trainer.history), status=status)
        self.update_static_output()

    def _train(self, stop: threading.Event) -> str:
        """Train to the last step, or until `stop` is set; return the status."""
        trainer, drawn_at = self.trainer, 0.0
        self._add_snapshot(stop)
        while not stop.is_set():
            step = next(trainer, None)
            if step is None:
                break
            if not isfinite(step.loss):
                raise StateError(
                    f"the loss became {step.loss} at step {step.step + 1}; train a new model with "
                    f"a smaller lr than {trainer.config.lr:g}"
                )
            time.sleep(YIELD_SECONDS)
            steps_done = len(trainer.history)
            if steps_done in self.state.snapshot_steps:
                self._add_snapshot(stop)
            elif time.monotonic() - drawn_at > REDRAW_SECONDS:
                self.update(replace, steps_done=steps_done, status="training")
                drawn_at = time.monotonic()
        return "finished" if len(trainer.history) == self.state.steps else "stopped"

    def _add_snapshot(self, stop: threading.Event) -> None:
        """Add a snapshot if one is due; evaluate and sample without the lock, then show it."""
        trainer, progress = self.trainer, self.state
        step = len(trainer.history)
        is_there = any(snapshot.step == step for snapshot in progress.snapshots)
        if step not in progress.snapshot_steps or is_there:
            return
        evaluation = trainer.evaluate(cancelled=stop.is_set)
        check, samples = trainer.memorization_check, []
        for text in trainer.iter_samples(progress.temperature):
            if stop.is_set():
                return
            samples.append((text, check(text) if check is not None and text else ""))
        if stop.is_set():  # the evaluation may be incomplete: Go on repeats this snapshot
            return
        loss = stderr = float("nan")
        if evaluation is not None:
            loss, stderr = evaluation.loss, evaluation.stderr
        snapshot = Snapshot(step, loss, stderr, tuple(samples))
        is_last = step == progress.snapshot_steps[-1]
        bigram = self._bigram_baseline() if is_last and evaluation is not None else None
        self.update(lambda state: replace(state.with_snapshot(snapshot), bigram=bigram))

    def _bigram_baseline(self) -> BigramBaseline | None:
        """Evaluate bigrams counted on the same training texts, on the same validation texts."""
        trainer = self.trainer
        if trainer.train_data.format != "lines":
            return None
        bigram = Bigram(trainer.model.config.vocab_size)
        for tokens, targets in trainer.seen_batches():
            bigram.count(tokens, targets)
        comparison = trainer.compare(bigram.losses)
        return BigramBaseline(comparison.loss, comparison.improvement, comparison.stderr)

    def sync_controls(self) -> None:
        with LOCK:
            super().sync_controls()
            is_training = self.state.status == "training"
            self.stop_button.disabled = not is_training
            self.resume_button.disabled = is_training or self.state.steps_done >= self.state.steps
