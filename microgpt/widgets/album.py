"""`Album`: trains a model before your eyes, and keeps what it wrote on the way."""

import threading
import time
from dataclasses import replace
from math import log
from typing import Any

import numpy as np

from microgpt.backends import LOCK
from microgpt.config import TrainConfig
from microgpt.data import Corpus
from microgpt.models.bigram import Bigram
from microgpt.models.gpt import GPT
from microgpt.training import Trainer
from microgpt.viz.album import Page, Story, draw_album
from microgpt.widgets.background import Worker
from microgpt.widgets.controls import button
from microgpt.widgets.kernel import live_cell
from microgpt.widgets.panel import Panel

REDRAW_EVERY = 0.1  # seconds


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
        self.corpus = self.trainer.train
        self._mark = corpus.marking(config.held_out)
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
        )
        self._key = live_cell()
        self.start()

    @property
    def model(self) -> GPT:
        """The model that is trained."""
        return self.trainer.model

    def start(self) -> None:
        """Train, or train on: beside a live notebook, else before this returns."""
        if self.worker is not None and self.worker.thread.is_alive():
            return
        if self._key is None:
            self._train(threading.Event())
            return
        self.worker = Worker(self._train, self._key)
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
        """The last page against knowing nothing, in words."""
        last = self.state.pages[-1]
        if last.loss > self.state.blind:
            return "worse than knowing nothing"
        return "better than knowing nothing"

    def _train(self, stop: threading.Event) -> None:
        """Runs on the worker's thread: every picture goes through `change`, which may not raise."""
        try:
            self._train_on(stop)
        except Exception as error:
            self._fail(error)
        except KeyboardInterrupt:
            self.change(replace, said="interrupted")

    def _train_on(self, stop: threading.Event) -> None:
        trainer, drawn = self.trainer, 0.0
        if not trainer.history:
            self.change(self._with_page)
        while not stop.is_set():
            step = next(trainer, None)
            if step is None:
                break
            done = len(trainer.history)
            if done in self.state.due:
                self.change(self._with_page)
            elif time.monotonic() - drawn > REDRAW_EVERY:
                self.change(replace, done=done, said="training")
                drawn = time.monotonic()
        finished = len(trainer.history) == self.state.steps
        self.change(replace, done=len(trainer.history), said="finished" if finished else "stopped")

    def _with_page(self, story: Story) -> Story:
        """The album with a page of the model as it is now."""
        trainer = self.trainer
        evaluation = trainer.evaluate()
        done = len(trainer.history)
        losses = (float("nan"), float("nan"))
        if evaluation is not None:
            losses = (evaluation.loss, evaluation.error)
        texts = tuple((text, self._mark(text)) for text in trainer.sample(story.temperature))
        pairs = self._pairs() if done == story.due[-1] else None
        return replace(
            story, pages=(*story.pages, Page(done, *losses, texts)), done=done, pairs=pairs
        )

    def _pairs(self) -> float | None:
        """The held-out loss of counting pairs in the very texts that were trained on so far."""
        trainer = self.trainer
        if trainer.validation is None or trainer.train.kind != "lines":
            return None
        counted = Bigram(trainer.model.config.vocab_size)
        for tokens, targets in trainer.seen():
            counted.count(tokens, targets)
        held_out = [counted.losses(tokens, targets) for tokens, targets in trainer.held_out()]
        return float(np.concatenate(held_out).mean())

    def refresh(self) -> None:
        with LOCK:
            running = self.state.said == "training"
            self.stop_button.disabled = not running
            self.go_on.disabled = running or self.state.done >= self.state.steps
