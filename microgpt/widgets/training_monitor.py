"""`TrainingMonitor`: train a model in a live view, with snapshots of its loss and samples."""

import threading
import time
from dataclasses import replace
from math import isfinite, log, nan
from typing import Any

import ipywidgets
import numpy as np

from microgpt.backends import LOCK
from microgpt.config import TrainConfig
from microgpt.data import Corpus
from microgpt.errors import MicrogptError, SizeError, StateError
from microgpt.models.gpt import GPT
from microgpt.models.ngram import NGram
from microgpt.training import Trainer
from microgpt.viz.training import (
    BigramBaseline,
    Snapshot,
    TrainingProgress,
    compare_to_baselines,
    draw_training_still,
    render_training,
    snapshots_table,
)
from microgpt.widgets.controls import button
from microgpt.widgets.finished_training import (
    TrainingFingerprint,
    adopt_finished,
    remember_finished,
    training_fingerprint,
)
from microgpt.widgets.logits_source import token_unit
from microgpt.widgets.notebook_context import current_cell
from microgpt.widgets.panel import Panel, record_error
from microgpt.widgets.workers import Worker

MAX_SNAPSHOTS = 4
REDRAW_SECONDS = 0.1
YIELD_SECONDS = 1e-4  # slept between steps, so that callbacks of other panels get the lock
# Pairs in more texts than these are counted after training, not before: it takes a second.
MAX_TEXTS_COUNTED_BEFORE = 20_000


class TrainingMonitor(Panel):
    """Train `model` on `corpus`; show its losses, and what it writes at steps 0, 10, 100, 1,000.

    In a notebook training runs on a background thread: Stop takes effect after the current step,
    `wait()` waits for the end, and running the cell again stops the old run. A cell that runs again
    with an equal model, corpus and settings shows the finished training, and its model has the
    trained weights. In a script the constructor trains before it returns. `lr` and `settings` are
    fields of `TrainConfig`; `trainer` keeps the history.
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
        tokenizer, steps = self.trainer.tokenizer, self.trainer.config.steps
        is_names = self._has_lines() and self.trainer.corpus.name.startswith("names")
        self.stop_button = button("Stop", self.stop, "stop training; the model keeps what it has")
        self.resume_button = button("Go on", self.start, "train on to the last step")
        buttons = ipywidgets.HBox([self.stop_button, self.resume_button])
        buttons.add_class("mg-act")
        self.worker: Worker | None = None
        self._cell = current_cell()
        self._bigram: NGram | None = None
        self._fingerprint: TrainingFingerprint | None = None
        if self._cell is not None:
            self._fingerprint = training_fingerprint(self.trainer)
        super().__init__(
            TrainingProgress(
                snapshot_steps=choose_snapshot_steps(steps),
                steps=steps,
                uniform_loss=log(model.config.vocab_size),
                status="training",
                unit="token" if tokenizer is None else token_unit(tokenizer),
                text_noun="name" if is_names else "text",
            ),
            render_training,
            draw_training_still,
            css_class="training",
            controls=[buttons],
            numbers_table=snapshots_table,
            arguments=None if self._fingerprint is None else (self._fingerprint,),
        )
        if self.state.status != "finished":
            self.start()

    def take_over(self, earlier_state: TrainingProgress) -> TrainingProgress:
        """Return the state of the cell's earlier run if it finished, and train the model so."""
        if self._fingerprint is None or earlier_state.status != "finished":
            return self.state
        return earlier_state if adopt_finished(self.trainer, self._fingerprint) else self.state

    def _has_lines(self) -> bool:
        return getattr(self.trainer.train_data, "format", "") == "lines"

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
        """Return e to a snapshot's loss: so many equally probable tokens have the same loss."""
        return float(np.exp(self.state.snapshots[snapshot].loss))

    def compare_to_baselines(self) -> str:
        """Compare the last snapshot with uniform guessing and bigram counts, in words."""
        return compare_to_baselines(self.state)

    def _run(self, stop: threading.Event) -> None:
        """Train on the worker's thread: never raise, and draw only through `update`."""
        try:
            status = self._train(stop)
        except MicrogptError as error:  # such as a loss that is NaN
            self.update(self._with_history, status="failed", error=str(error))
        except KeyboardInterrupt:
            self.update(self._with_history, status="interrupted")
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            self.update(self._with_history, status="failed", error=message)
            record_error(self, error)
        else:
            if status == "finished" and self._fingerprint is not None:
                remember_finished(self.trainer, self._fingerprint)
            self.update(self._with_history, status=status)
        self.update_static_output()

    def _with_history(self, progress: TrainingProgress, **changes: Any) -> TrainingProgress:
        """Return the progress with the steps made since, and other changes."""
        new = self.trainer.history[len(progress.losses) :]
        return replace(
            progress,
            steps_done=len(self.trainer.history),
            losses=np.append(progress.losses, [step.loss for step in new]),
            seconds=progress.seconds + sum(step.seconds for step in new),
            **changes,
        )

    def _train(self, stop: threading.Event) -> str:
        """Train to the last step, or until `stop` is set; return the status."""
        trainer, drawn_at = self.trainer, 0.0
        self._add_snapshot(stop)
        self._show_bigram_baseline(stop)
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
            if len(trainer.history) in self.state.snapshot_steps:
                self._add_snapshot(stop)
            elif time.monotonic() - drawn_at > REDRAW_SECONDS:
                self.update(self._with_history, status="training")
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
        texts = () if trainer.tokenizer is None else trainer.iter_samples(progress.temperature)
        for text in texts:
            if stop.is_set():
                return
            samples.append((text, check(text) if check is not None and text else ""))
        if stop.is_set():  # the evaluation may be incomplete: Go on repeats this snapshot
            return
        loss = stderr = nan
        if evaluation is not None:
            loss, stderr = evaluation.loss, evaluation.stderr
            loss = loss if isfinite(loss) else float("inf")
        snapshot = Snapshot(step, loss, stderr, tuple(samples))
        bigram = progress.bigram
        if step == progress.snapshot_steps[-1] and evaluation is not None:
            bigram = self._compare_to_bigram(stop)
        self.update(lambda state: self._with_history(state.with_snapshot(snapshot), bigram=bigram))

    def _show_bigram_baseline(self, stop: threading.Event) -> None:
        """Show the loss of counted pairs before training, if they are quickly counted."""
        config = self.trainer.config
        num_texts = config.steps * config.batch_size * config.grad_accum_steps
        if num_texts > MAX_TEXTS_COUNTED_BEFORE or self.state.bigram is not None:
            return
        bigram = self._count_pairs(stop)
        if bigram is not None:
            batches = list(self.trainer.validation_batches())
            losses = sum(float(bigram.losses(*batch).sum()) for batch in batches)
            num_targets = sum(int((targets >= 0).sum()) for _, targets in batches)
            self.update(replace, bigram=BigramBaseline(losses / num_targets))

    def _compare_to_bigram(self, stop: threading.Event) -> BigramBaseline | None:
        """Compare the trained model with counted pairs, on the same held-out texts."""
        bigram = self._count_pairs(stop)
        if bigram is None:
            return None
        comparison = self.trainer.compare(bigram.losses)
        return BigramBaseline(comparison.loss, comparison.improvement, comparison.stderr)

    def _count_pairs(self, stop: threading.Event) -> NGram | None:
        """Count the pairs in the texts of all steps; None if nothing can be compared with them."""
        trainer = self.trainer
        if not self._has_lines() or trainer.validation_data is None:
            return None
        if self._bigram is None:
            try:
                bigram = NGram(trainer.model.config.vocab_size)
            except SizeError:  # too many pairs to count
                return None
            for tokens, targets in trainer.data.first_batches(self.state.steps):
                if stop.is_set():
                    return None
                bigram.count(tokens, targets)
            self._bigram = bigram
        return self._bigram

    def sync_controls(self) -> None:
        with LOCK:
            super().sync_controls()
            is_training = self.state.status == "training"
            can_resume = not is_training and self.state.steps_done < self.state.steps
            is_over = not (is_training or can_resume)
            for control, is_possible in (
                (self.stop_button, is_training), (self.resume_button, can_resume),
            ):  # fmt: skip
                control.disabled = not is_possible
                control.layout.display = "none" if is_over else ""
                (control.add_class if is_possible else control.remove_class)("mg-primary")


def choose_snapshot_steps(steps: int) -> tuple[int, ...]:
    """Return 0, the largest powers of ten below `steps`, and `steps`: four at most."""
    powers = [10**exponent for exponent in range(1, 20) if 10**exponent < steps]
    return 0, *[*powers, steps][1 - MAX_SNAPSHOTS :]
