"""`Album`: trains a model before your eyes, and keeps what it wrote on the way."""

import threading
import time
from dataclasses import replace
from math import isfinite, log
from typing import Any

import numpy as np

from microgpt.backends import LOCK
from microgpt.config import TrainConfig
from microgpt.data import Corpus
from microgpt.errors import MicrogptError, SettingError
from microgpt.models.bigram import Bigram
from microgpt.models.gpt import GPT
from microgpt.training import Trainer
from microgpt.viz.training_snapshots import Page, Pairs, Story, album_table, draw_album, verdict
from microgpt.widgets.controls import button
from microgpt.widgets.notebook_context import live_cell
from microgpt.widgets.panel import Panel, remember
from microgpt.widgets.workers import Worker

REDRAW_EVERY = 0.1  # seconds
BREATH = 1e-4  # seconds between steps, so that a hand on another panel gets the lock


class Album(Panel):
    """Trains `model` on `corpus`, with a page of loss and texts at steps 0, 10, 100, 1,000.

    In a notebook it trains beside it: Stop acts at once, `wait()` waits for the end, running the
    cell again stops the old run. In a script it trains before it returns. `lr` and other
    `settings` are those of `TrainConfig`; `trainer` keeps the history.
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
        due = tuple(sorted({step for step in (0, 10, 100, 1000) if step < steps} | {steps}))[-4:]
        blind = log(model.config.vocab_size)
        self.stop_button = button("Stop", self.stop, "stop training; the model keeps what it has")
        self.go_on = button("Go on", self.start, "train on to the last step")
        self.worker: Worker | None = None
        super().__init__(
            Story(due=due, steps=steps, blind=blind, said="training"),
            draw_album,
            header=[self.stop_button, self.go_on],
            height=420,
            numbers=album_table,
        )
        self._cell = live_cell()
        self.start()

    @property
    def model(self) -> GPT:
        """The model that is trained."""
        return self.trainer.model

    def start(self) -> None:
        """Train, or train on: beside a live notebook, else before this returns."""
        if self.worker is not None:
            if self.state.said == "training":
                return
            self.worker.stop()  # it has ended its training, and may still be tidying up
        self.change(replace, said="training", problem="")
        if self._cell is None:
            self._train(threading.Event())
            return
        self.worker = Worker(self._train, self._cell)
        self.worker.start()

    def stop(self) -> None:
        """Stop after the present step."""
        if self.worker is not None:
            self.worker.tell_to_stop()

    def wait(self) -> "Album":
        """Wait until training has ended; an interrupt stops it."""
        if self.worker is not None:
            self.worker.wait()
        return self

    def choices(self, page: int = -1) -> float:
        """How many equally likely letters a page's loss feels like: e to the loss."""
        return float(np.exp(self.state.pages[page].loss))

    def verdict(self) -> str:
        """The last page against knowing nothing and counting pairs, in words."""
        return verdict(self.state)

    def _train(self, stop: threading.Event) -> None:
        """What the worker's thread runs: it may not raise, and every picture goes by `change`."""
        try:
            said = self._train_on(stop)
        except MicrogptError as error:  # such as a loss that is no number any more
            self.change(replace, said="failed", problem=str(error))
        except KeyboardInterrupt:
            self.change(replace, said="interrupted")
        except Exception as error:
            self.change(replace, said="failed", problem=f"{type(error).__name__}: {error}")
            remember(self, error)
        else:
            self.change(replace, done=len(self.trainer.history), said=said)
        self.keep()

    def _train_on(self, stop: threading.Event) -> str:
        """Train to the last step, or until told to stop; the state in a word."""
        trainer, drawn = self.trainer, 0.0
        self._add_page(stop)
        while not stop.is_set():
            step = next(trainer, None)
            if step is None:
                break
            if not isfinite(step.loss):
                raise SettingError(
                    f"the loss became {step.loss} at step {step.step + 1}; train a new model with "
                    f"a smaller lr than {trainer.config.lr:g}"
                )
            time.sleep(BREATH)
            done = len(trainer.history)
            if done in self.state.due:
                self._add_page(stop)
            elif time.monotonic() - drawn > REDRAW_EVERY:
                self.change(replace, done=done, said="training")
                drawn = time.monotonic()
        return "finished" if len(trainer.history) == self.state.steps else "stopped"

    def _add_page(self, stop: threading.Event) -> None:
        """A page of the model as it is now, if one is due; made beside the lock, then shown."""
        trainer, story = self.trainer, self.state
        done = len(trainer.history)
        if done not in story.due or any(page.step == done for page in story.pages):
            return
        evaluation = trainer.evaluate(cancelled=stop.is_set)
        texts = []
        for text in trainer.texts(story.temperature):
            if stop.is_set():
                return
            mark = trainer.model.mark
            texts.append((text, mark(text) if mark is not None and text else ""))
        if stop.is_set():  # the evaluation may be cut short: this page waits for Go on
            return
        loss = error = float("nan")
        if evaluation is not None:
            loss, error = evaluation.loss, evaluation.error
        page = Page(done, loss, error, tuple(texts))
        pairs = self._pairs() if done == story.due[-1] and evaluation is not None else None
        self.change(lambda now: replace(now.with_page(page), pairs=pairs))

    def _pairs(self) -> Pairs | None:
        """Counting pairs in the very texts that were trained on, on the same held-out texts."""
        trainer = self.trainer
        if trainer.train.format != "lines":
            return None
        counted = Bigram(trainer.model.config.vocab_size)
        for tokens, targets in trainer.seen():
            counted.count(tokens, targets)
        theirs = trainer.compare(counted.losses)
        return Pairs(theirs.loss, theirs.lead, theirs.error)

    def refresh(self) -> None:
        with LOCK:
            super().refresh()
            running = self.state.said == "training"
            self.stop_button.disabled = not running
            self.go_on.disabled = running or self.state.done >= self.state.steps
