"""`Trainer`: an iterator over training steps; the loop stays yours.

for step in Trainer(model, corpus):
    print(step.step, step.loss)
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from microgpt import checkpoints
from microgpt.backends import LOCK
from microgpt.config import TrainConfig
from microgpt.data import Batch, Corpus
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.recording.captured import Captured
from microgpt.sampling import generate_text
from microgpt.tokenizers import Tokenizer
from microgpt.training import trainer_state
from microgpt.training.dataset import TrainingData, Texts
from microgpt.training.evaluation import compared, evaluated, rows_at_once
from microgpt.training.interrupts import DeferInterrupts
from microgpt.training.memorization import MemorizationCheck
from microgpt.training.metrics import Comparison, Evaluation, Step
from microgpt.training.progress import Progress
from microgpt.training.train_step import Update, optimizer_of, schedule_of

BEST = "best.safetensors"


class Trainer:
    """Trains `model` on a corpus, or on tokens; iterate over it, stop when you like, iterate on.

    What is held out (`validation`, or else a share of the corpus, repeats removed) is never trained
    on. On Numba, steps are recorded and replayed (`captured.launches()` lists what runs), unless
    `capture` is False. `history` keeps every step; an interrupt waits for the end of the present
    batch and loses nothing. A step puts the whole model into training mode, so `eval()` in between
    lasts until the next one; a part that is not to learn has `requires_grad = False`. `best`, a
    folder or file, keeps the weights with the lowest validation loss. After `save`,
    `Trainer.resume` goes on as if nothing had been in between.
    """

    def __init__(
        self,
        model: GPT,
        corpus: Texts,
        config: TrainConfig | None = None,
        tokenizer: Tokenizer | None = None,
        capture: bool = True,
        *,
        validation: Texts | None = None,
        best: str | Path | None = None,
    ):
        config = TrainConfig() if config is None else config
        if not isinstance(config, TrainConfig):
            raise SettingError(f"the settings come as TrainConfig; got {type(config).__name__}")
        if not isinstance(model, GPT):
            raise SettingError(f"a trainer takes a GPT; got {type(model).__name__}")
        self.material = material = TrainingData(corpus, validation, tokenizer, config, model.config)
        self.model, self.corpus, self.tokenizer = model, material.whole, material.tokenizer
        self.train, self.validation = material.train, material.validation
        self.batches = material.batches()
        self._held_out = None if self.validation is None else material.looks(self.validation)
        self.config = config = replace(config, steps=material.steps(self.batches))
        self.optimizer = optimizer_of(model, config)
        # A model of the reader's own class may decide things in Python, which a replay would not.
        replays = capture and type(model) is GPT and model.backend != "numpy"
        self._update = Update(model, self.optimizer, config, replays)
        self._lr = schedule_of(config)
        self.best_file: Path | None = None
        if best is not None:
            best = Path(best)
            best = best if best.suffix == ".safetensors" else best / BEST
            self.best_file = checkpoints.prepare(best)
        self.remarks: dict[str, Any] = {}  # what checkpoints are to say besides
        self.progress = Progress()
        self.mark = MemorizationCheck(material, self.progress)
        model.tokenizer = self.tokenizer
        model.mark = self.mark if material.is_lines else None
        model.train()
        self.interrupted = False

    @property
    def history(self) -> list[Step]:
        """All steps so far."""
        return self.progress.history

    @property
    def best(self) -> Step | None:
        """The step with the lowest validation loss so far, if any was evaluated or closed with."""
        return self.progress.best

    @property
    def stopped_early(self) -> bool:
        """Whether `patience` evaluations in a row brought no lower validation loss."""
        return self.config.patience is not None and self.progress.worse >= self.config.patience

    @property
    def captured(self) -> Captured | None:
        """The function that is replayed for each batch, if steps are recorded."""
        return self._update.captured

    def __iter__(self) -> Iterator[Step]:
        return self

    def __next__(self) -> Step:
        progress, number = self.progress, len(self.progress.history)
        if progress.owed:  # an interrupt came while the last step was looked at
            return self._looked()
        if number >= self.config.steps or self.stopped_early:
            raise StopIteration
        start = time.perf_counter()
        with DeferInterrupts() as interrupts, LOCK:
            while len(progress.pending) < self.config.accumulate:
                progress.pending.append(next(self.batches))
            self.optimizer.lr = self._lr(number)
            loss, norm = self._update(progress.pending, interrupts.hear)
            progress.add(self._step(number, loss, norm, start))
        return self._looked()

    def _step(self, number: int, loss: float, norm: float, start: float) -> Step:
        c = self.config
        tokens = sum(int((targets >= 0).sum()) for _, targets in self.progress.pending)
        rows = (number + 1) * c.accumulate * c.batch_size
        counts_epochs = c.epochs is not None or c.stride is not None
        return Step(
            step=number,
            loss=loss,
            lr=self.optimizer.lr,
            grad_norm=norm,
            tokens=tokens,
            seconds=time.perf_counter() - start,
            tokens_seen=self.progress.tokens_seen + tokens,
            epoch=rows / self.batches.rows_per_epoch if counts_epochs else None,
        )

    def _looked(self) -> Step:
        """The last step with what is due after it. Cut off by an interrupt, it is done again."""
        c, history = self.config, self.history
        try:
            if self._is_due(c.eval_every) and history[-1].evaluation is None:
                found = self.evaluate()
                train = self.evaluate(self.train) if c.eval_train else None
                self._judge(replace(history[-1], evaluation=found, train_evaluation=train))
            if self._is_due(c.sample_every) and not history[-1].samples:
                history[-1] = replace(history[-1], samples=self.sample())
        except Exception:
            self.progress.owed = False  # training can go on without
            raise
        self.progress.owed = False
        return history[-1]

    def _judge(self, step: Step) -> None:
        """Keep an evaluated step, and in the file the weights of the best."""
        if self.progress.is_best(step.evaluation):
            self._keep_best()
        with DeferInterrupts():
            self.history[-1] = step
            self.progress.judge(step)

    def _keep_best(self) -> None:
        if self.best_file is not None:
            checkpoints.save(self.best_file, self.model, self.tokenizer, self.notes())

    def close(self) -> Evaluation | None:
        """The held-out loss now; if it is the lowest so far, this step becomes `best`.

        For the end of a training whose last step is not one of those that are evaluated. It does
        not count for `patience`, and training can go on: every step is what it would have been.
        """
        found = self.evaluate()
        if found is not None and self.history and self.progress.is_best(found):
            self._keep_best()
            self.progress.closing = len(self.history) - 1, found
        return found

    def _is_due(self, every: int) -> bool:
        return every > 0 and len(self.history) % every == 0

    def run(self, on_step: Callable[[Step], None] | None = None) -> list[Step]:
        """Train to the end, or to an interrupt (Ctrl-C, Stop), and return the history."""
        self.interrupted = False
        try:
            for step in self:
                if on_step is not None:
                    on_step(step)
        except KeyboardInterrupt:
            self.interrupted = True
        return self.history

    def seen(self) -> Iterator[Batch]:
        """The tokens and targets of all steps so far, drawn anew in the same order."""
        return self.material.seen(len(self.history))

    def held_out(self) -> Iterator[Batch]:
        """The tokens and targets that `evaluate` looks at; nothing if nothing is held out."""
        return iter(()) if self._held_out is None else self._in_order(self._held_out)

    def evaluate(
        self, corpus: Texts | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> Evaluation | None:
        """The loss on the held-out part, or on another corpus; None if nothing is held out.

        `evaluate(trainer.train)` is the loss on what is trained on. None too if `cancelled()` says
        so, which is asked before each batch. Nothing of the training's randomness is used.
        """
        if corpus is None:
            batches = self._held_out
        else:
            batches = self.batches if corpus is self.train else self.material.looks(corpus)
        if batches is None:
            return None
        return evaluated(self.model, self._in_order(batches), cancelled)

    def compare(self, other: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Comparison:
        """The model beside another one, on the same held-out texts.

        `other(tokens, targets)` gives the other's surprise at each target (B, T), 0 where ignored.
        """
        return compared(self.model, self.held_out(), other)

    def _in_order(self, batches: Any) -> Iterator[Batch]:
        c = self.config
        most = c.eval_documents if c.eval_batches is None else c.eval_batches * c.batch_size
        return batches.eval_batches(most, rows_at_once(self.model))

    def sample(self, temperature: float = 1.0) -> tuple[str, ...]:
        """A few texts from the model as it is now, always with the same dice."""
        return tuple(self.texts(temperature))

    def texts(self, temperature: float = 1.0) -> Iterator[str]:
        """The texts of `sample`, one after the other."""
        c = self.config
        if self.tokenizer is None:
            raise SettingError("a text needs a tokenizer: Trainer(model, tokens, tokenizer=…)")
        return generate_text(
            self.model, self.tokenizer, c.samples, c.prompt, c.sample_tokens,
            temperature=temperature, seed=c.seed,
        )  # fmt: skip

    def notes(self) -> dict[str, Any]:
        """What a checkpoint says of the training."""
        name = self.corpus.name if isinstance(self.corpus, Corpus) else "tokens"
        done = {"corpus": name, "steps_done": len(self.history)}
        return {**done, **asdict(self.config), **self.remarks}

    def save(self, folder: str | Path) -> Path:
        """Write all there is into a folder; `Trainer.resume` goes on from it, bit for bit.

        The weights, the optimiser's moments, the place in the data, the dice of dropout and the
        history stand in training.safetensors; model.safetensors beside it is what `load` reads.
        """
        _ = self.material.fingerprint  # which may take a while, before anybody waits
        with LOCK:  # a training in another thread waits between two steps, for both files
            self._update.rollback()
            file = trainer_state.save(self, folder)
            checkpoints.save(folder, self.model, self.tokenizer, self.notes())
        return file

    @classmethod
    def resume(
        cls,
        path: str | Path,
        corpus: Texts,
        config: TrainConfig | None = None,
        capture: bool = True,
        *,
        validation: Texts | None = None,
        best: str | Path | None = None,
        backend: str | None = None,
    ) -> "Trainer":
        """The trainer that `save` wrote into a folder, where it stopped.

        `corpus` (and `validation`) must be what it was trained on, by its SHA-256, else it is a
        `FormatError`. `config` changes settings from here on, such as more `steps`; those that say
        what a step is made of (seed, batch_size, accumulate, stride) must stay what they were.
        """
        with trainer_state.saved(path) as found:
            tokenizer, settings = found.tokenizer, found.settings(config)
            trainer = cls(
                found.model(backend), corpus, settings, tokenizer, capture,
                validation=validation, best=best,
            )  # fmt: skip
            found.restore(trainer)
        trainer.remarks = found.remarks
        return trainer
