"""`Trainer`: an iterator over training steps; the loop over it is your code.

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
from microgpt.tokenizers import Tokenizer, associate, resolve_tokenizer
from microgpt.training.dataset import Texts, TrainingData
from microgpt.training.evaluation import Evaluator, compare_losses
from microgpt.training.interrupts import DeferInterrupts
from microgpt.training.memorization import MemorizationCheck
from microgpt.training.metrics import Comparison, Evaluation, Step
from microgpt.training.state_file import open_state, save_state
from microgpt.training.train_step import TrainStep
from microgpt.training.trainer_state import TrainerState

BEST_FILE = "best.safetensors"


class Trainer:
    """Trains `model` on a corpus or on tokens: iterate over it; stop and go on at any step.

    Validation data (`validation`, or a share of the corpus) are never trained on. `tokenizer` is by
    default the one that the model was trained or loaded with, else the corpus's. On Numba, steps
    are recorded and replayed (`captured.launches()` lists the kernels) unless `capture` is False.
    `history` keeps every step. An interrupt takes effect after the current batch; no work is lost.
    Each step puts the whole model into training mode, so `eval()` lasts until the next step;
    parameters with `requires_grad = False` are frozen. The weights with the lowest validation loss
    are saved to `best`, a folder or file. After `save`, `Trainer.resume` continues as if training
    had never stopped.
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
            raise SettingError("config", "a TrainConfig", type(config))
        if not isinstance(model, GPT):
            raise SettingError("model", "a GPT", type(model))
        tokenizer = resolve_tokenizer(model, tokenizer)
        self.data = data = TrainingData(corpus, validation, tokenizer, config, model.config)
        if data.tokenizer is not None:
            associate(model, data.tokenizer)
        self.model, self.corpus, self.tokenizer = model, data.corpus, data.tokenizer
        self.train_data, self.validation_data = data.train, data.validation
        self.batches = data.train_batches()
        self.config = config = replace(config, steps=data.num_steps(self.batches))
        self._evaluator = Evaluator(model, data, self.batches, config)
        # A subclass of GPT may branch in Python, which a replay would not do again.
        captures = capture and type(model) is GPT and model.backend.name != "numpy"
        self._train_step = TrainStep(model, config, captures)
        self.optimizer = self._train_step.optimizer
        self.best_file: Path | None = None
        if best is not None:
            best = Path(best)
            best = best if best.suffix == ".safetensors" else best / BEST_FILE
            self.best_file = checkpoints.ensure_writable(best)
        self.extra_metadata: dict[str, Any] = {}  # also saved in checkpoints
        self.state = TrainerState()
        self.memorization_check = MemorizationCheck(data, self.state) if data.is_lines else None
        model.train()
        self.interrupted = False

    @property
    def history(self) -> list[Step]:
        """All steps so far."""
        return self.state.history

    @property
    def best(self) -> Step | None:
        """The step with the lowest validation loss so far, if any was evaluated."""
        return self.state.best

    @property
    def stopped_early(self) -> bool:
        """Whether the last `patience` evaluations did not lower the validation loss."""
        patience = self.config.patience
        return patience is not None and self.state.evals_since_best >= patience

    @property
    def captured(self) -> Captured | None:
        """The captured function that runs for each batch, or None if steps are not recorded."""
        return self._train_step.captured

    def __iter__(self) -> Iterator[Step]:
        return self

    def __next__(self) -> Step:
        """Draw batches, make a training step on them, then evaluate and sample if due."""
        state, number = self.state, len(self.history)
        if state.evaluation_due:  # evaluating the last step was interrupted
            return self._evaluate_step()
        if number >= self.config.steps or self.stopped_early:
            raise StopIteration
        start = time.perf_counter()
        with DeferInterrupts() as interrupts, LOCK:
            while len(state.pending_batches) < self.config.grad_accum_steps:
                state.add_batch(next(self.batches))
            loss, grad_norm = self._train_step(number, state.pending_batches, interrupts.deliver)
            state.add_step(self._step(number, loss, grad_norm, start))
        return self._evaluate_step()

    def _step(self, number: int, loss: float, grad_norm: float, start: float) -> Step:
        c = self.config
        tokens = sum(int((targets >= 0).sum()) for _, targets in self.state.pending_batches)
        rows = (number + 1) * c.grad_accum_steps * c.batch_size
        counts_epochs = c.epochs is not None or c.stride is not None
        return Step(
            step=number,
            loss=loss,
            lr=self.optimizer.lr,
            grad_norm=grad_norm,
            tokens=tokens,
            seconds=time.perf_counter() - start,
            tokens_seen=self.state.tokens_seen + tokens,
            epoch=rows / self.batches.rows_per_epoch if counts_epochs else None,
        )

    def _evaluate_step(self) -> Step:
        """Evaluate and sample after the last step if due; after an interrupt, done again."""
        c, history = self.config, self.history
        try:
            if self._is_due(c.eval_every) and history[-1].evaluation is None:
                evaluation = self.evaluate()
                train_evaluation = self.evaluate(self.train_data) if c.eval_train else None
                self._record_evaluation(
                    replace(history[-1], evaluation=evaluation, train_evaluation=train_evaluation)
                )
            if self._is_due(c.sample_every) and not history[-1].samples:
                history[-1] = replace(history[-1], samples=self.sample())
        except Exception:
            self.state.complete_step()  # so that the next call goes on with training
            raise
        self.state.complete_step()
        return history[-1]

    def _record_evaluation(self, step: Step) -> None:
        """Put an evaluated step into the history, and save the weights if it is the best one."""
        if self.state.is_best(step.evaluation):
            self._save_best()
        with DeferInterrupts():
            self.history[-1] = step
            self.state.record_evaluation(step)

    def _save_best(self) -> None:
        if self.best_file is not None:
            checkpoints.save(self.best_file, self.model, self.tokenizer, self.metadata())

    def final_evaluate(self) -> Evaluation | None:
        """Compute the validation loss now; if it is the lowest so far, this step becomes `best`.

        For the end of a training whose last step was not evaluated by `eval_every`. It does not
        count towards `patience` and does not change later steps if training goes on.
        """
        evaluation = self.evaluate()
        if evaluation is not None and self.history and self.state.is_best(evaluation):
            self._save_best()
            self.state.record_final_evaluation(evaluation)
        return evaluation

    def _is_due(self, every: int) -> bool:
        return every > 0 and len(self.history) % every == 0

    def run(self, on_step: Callable[[Step], None] | None = None) -> list[Step]:
        """Train to the end or until an interrupt (Ctrl-C, Stop); return the history."""
        self.interrupted = False
        try:
            for step in self:
                if on_step is not None:
                    on_step(step)
        except KeyboardInterrupt:
            self.interrupted = True
        return self.history

    def seen_batches(self) -> Iterator[Batch]:
        """Iterate over tokens and targets of all steps so far, drawn again in the same order."""
        return self.data.first_batches(len(self.history))

    def validation_batches(self) -> Iterator[Batch]:
        """Iterate over the tokens and targets of `evaluate`; empty without validation data."""
        return self._evaluator.validation_batches()

    def evaluate(
        self, corpus: Texts | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> Evaluation | None:
        """Compute the mean loss on `corpus`, by default the validation data (None without them).

        `evaluate(trainer.train_data)` is the training loss. `cancelled()` is called before each
        batch; once it is true, None is returned. Training's random numbers are not used.
        """
        return self._evaluator.evaluate(corpus, cancelled)

    def compare(self, baseline: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Comparison:
        """Compare the model with a baseline on the same validation data.

        `baseline(tokens, targets)` returns its loss for each target (B, T), 0 where it is ignored.
        """
        return compare_losses(self.model, self.validation_batches(), baseline)

    def sample(self, temperature: float = 1.0) -> tuple[str, ...]:
        """Generate `num_samples` texts with the current weights, always from the same seed."""
        return tuple(self.iter_samples(temperature))

    def iter_samples(self, temperature: float = 1.0) -> Iterator[str]:
        """Yield the texts of `sample` one by one."""
        c = self.config
        if self.tokenizer is None:
            raise SettingError("tokenizer", "given to write samples", self.tokenizer)
        return generate_text(
            self.model, self.tokenizer, c.num_samples, c.sample_prompt, c.sample_max_new_tokens,
            temperature=temperature, seed=c.seed,
        )  # fmt: skip

    def metadata(self) -> dict[str, Any]:
        """Return the metadata of a checkpoint: corpus name, steps done and settings."""
        name = self.corpus.name if isinstance(self.corpus, Corpus) else "tokens"
        metadata = {"corpus": name, "steps_done": len(self.history)}
        return {**metadata, **asdict(self.config), **self.extra_metadata}

    def save(self, folder: str | Path) -> Path:
        """Save everything into a folder, so that `Trainer.resume` continues bit for bit.

        training.safetensors holds the weights, the optimiser's state, the position in the data, the
        dropout counter and the history; model.safetensors beside it is a checkpoint for `load`.
        """
        _ = self.data.sha256  # may take a while: computed before the lock is taken
        with LOCK:  # training in another thread waits, so that both files hold the same step
            self._train_step.rollback()
            file = save_state(self, folder)
            checkpoints.save(folder, self.model, self.tokenizer, self.metadata())
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
        """Load the trainer that `save` wrote into a folder, to continue where it stopped.

        `corpus` (and `validation`) must have the SHA-256 of the data it was trained on, else a
        FormatError is raised. `config` changes settings from here on, such as more `steps`; those
        that define a step (seed, batch_size, grad_accum_steps, stride) must stay the same.
        """
        with open_state(path) as saved:
            tokenizer, config = saved.tokenizer, saved.check_config(config)
            trainer = cls(
                saved.build_model(backend), corpus, config, tokenizer, capture,
                validation=validation, best=best,
            )  # fmt: skip
            saved.restore(trainer)
        trainer.extra_metadata = saved.extra_metadata
        return trainer
