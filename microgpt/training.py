"""`Trainer`: an iterator over training steps; the loop stays yours.

for step in Trainer(model, corpus):
    print(step.step, step.loss)
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from microgpt import ops, recording
from microgpt.backends import LOCK
from microgpt.config import TrainConfig
from microgpt.data import Batch, Corpus, DocumentBatches, TextBatches
from microgpt.engine import no_grad
from microgpt.errors import CaptureError, SettingError, ShapeError
from microgpt.models.gpt import GPT
from microgpt.optim import Adam, clip_grad_norm_, linear_schedule
from microgpt.sampling import generate_text
from microgpt.tensor import Tensor
from microgpt.tokenizers import Tokenizer


@dataclass(frozen=True)
class Evaluation:
    """The mean loss per token over held-out rows (documents or windows) ± its standard error.

    In nats. The error counts rows, not tokens, as independent: letters of one name are not.
    """

    loss: float
    error: float
    tokens: int

    def __str__(self) -> str:
        if np.isnan(self.error):
            return f"{self.loss:.3f} per token, from a single row, so without a standard error"
        return f"{self.loss:.3f} ± {self.error:.3f} per token"


@dataclass(frozen=True)
class Comparison:
    """Another model's held-out loss, and by how much ours is lower on the same texts.

    `lead` is above 0 if ours is better; `error` is the standard error of the paired difference.
    """

    loss: float
    lead: float
    error: float


@dataclass(frozen=True)
class Step:
    """One training step: its loss before the update, in nats per token, and what it took."""

    step: int
    loss: float
    lr: float
    grad_norm: float
    tokens: int
    seconds: float
    evaluation: Evaluation | None = None
    samples: tuple[str, ...] = ()

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds else float("inf")


class Trainer:
    """Trains `model` on a corpus; iterate over it, stop when you like, iterate on to continue.

    The corpus is split before anything else, repeats removed; `validation` is never trained on.
    On Numba, steps are recorded and replayed (`captured.launches()` lists what runs), unless
    `capture` is False. `history` keeps every step. An interrupt keeps both it and the model (at
    worst, one update that history lacks), and iterating goes on.
    """

    def __init__(
        self,
        model: GPT,
        corpus: Corpus,
        config: TrainConfig | None = None,
        tokenizer: Tokenizer | None = None,
        capture: bool = True,
    ):
        if not isinstance(corpus, Corpus):
            raise SettingError(f"a corpus comes from load_corpus; got {type(corpus).__name__}")
        if not isinstance(model, GPT):
            raise SettingError(f"a trainer takes a GPT; got {type(model).__name__}")
        if not isinstance(config, TrainConfig | None):
            raise SettingError(f"the settings come as TrainConfig; got {type(config).__name__}")
        self.model, self.config = model, TrainConfig() if config is None else config
        self.corpus = corpus
        self.tokenizer = corpus.tokenizer() if tokenizer is None else tokenizer
        if self.tokenizer.vocab_size != model.config.vocab_size:
            raise ShapeError(
                f"the corpus {corpus.name!r} has a vocabulary of {self.tokenizer.vocab_size}, the "
                f"model one of {model.config.vocab_size}; make the model with "
                f"GPTConfig(vocab_size={self.tokenizer.vocab_size}, …)"
            )
        self._list = frozenset(corpus.documents)
        self.train, self.validation = corpus.distinct(), None
        if self.config.held_out:
            self.train, self.validation = corpus.split(self.config.held_out)
        self.batches = self._batches(self.train)
        self._held_out = None if self.validation is None else self._batches(self.validation, False)
        c = self.config
        self.optimizer = Adam(model.parameters(), c.lr, (c.beta1, c.beta2), c.eps)
        self.history: list[Step] = []
        # A model of the reader's own class may decide things in Python, which a replay would not.
        replays = capture and type(model) is GPT and model.backend != "numpy"
        self._update = _updating(model, self.optimizer, c.clip)
        self.captured = recording.capture(self._update) if replays else None
        self._texts: tuple[int, set[str]] = (0, set())
        model.tokenizer = self.tokenizer
        model.mark = self.mark if corpus.kind == "lines" else None
        self.interrupted = False
        self._lr = linear_schedule(c.lr, c.steps)

    def __iter__(self) -> Iterator[Step]:
        return self

    def __next__(self) -> Step:
        number = len(self.history)
        if number >= self.config.steps:
            raise StopIteration
        start = time.perf_counter()
        tokens, targets = next(self.batches)
        self.optimizer.lr = self._lr(number)
        with LOCK:
            loss, norm = self._updated(tokens, targets)
            step = Step(
                step=number,
                loss=loss.item(),
                lr=self.optimizer.lr,
                grad_norm=norm.item(),
                tokens=int((targets >= 0).sum()),
                seconds=0.0,
            )
            self.history.append(replace(step, seconds=time.perf_counter() - start))
        # What follows only looks: an interrupt here loses nothing of the step.
        if self._is_due(self.config.eval_every):
            self.history[-1] = replace(self.history[-1], evaluation=self.evaluate())
        if self._is_due(self.config.sample_every):
            self.history[-1] = replace(self.history[-1], samples=self.sample())
        return self.history[-1]

    def _updated(self, tokens: np.ndarray, targets: np.ndarray) -> tuple[Tensor, Tensor]:
        """One update, replayed where that can be."""
        if self.captured is None:
            return self._update(tokens, targets)
        done = self.optimizer.steps
        try:
            return self.captured(tokens, targets)
        except CaptureError as error:
            if self.optimizer.steps != done:
                raise CaptureError(f"{error}; or train with Trainer(…, capture=False)") from None
            self.captured = None  # the model has a part of the reader's own that looks at numbers
            return self._update(tokens, targets)

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
        return islice(self._batches(self.train, warn=False), len(self.history))

    def mark(self, text: str) -> str:
        """Whether a text was "trained on" so far, is "in the list, not trained on", or "new".

        Of a text longer than the block, the beginning that fits into it counts.
        """
        done, most = len(self.history), self.model.config.block_size
        if self._texts[0] != done:
            met = {
                self.tokenizer.decode([*tokens[:1], *targets[targets >= 0]])
                for batch in self.seen()
                for tokens, targets in zip(*batch, strict=True)
            }
            self._texts = done, met
        if text[:most] in self._texts[1]:
            return "trained on"
        return "in the list, not trained on" if text in self._list else "new"

    def held_out(self) -> Iterator[Batch]:
        """The tokens and targets that `evaluate` looks at; nothing if nothing is held out."""
        batches = self._held_out
        return iter(()) if batches is None else batches.in_order(self.config.eval_documents)

    def evaluate(
        self, corpus: Corpus | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> Evaluation | None:
        """The loss on the held-out part, or on another corpus; None if nothing is held out.

        None too if `cancelled()` says so, which is asked before each batch.
        """
        batches = self._held_out if corpus is None else self._batches(corpus, warn=False)
        if batches is None:
            return None
        losses, counts = [], []
        for tokens, targets in batches.in_order(self.config.eval_documents):
            if cancelled():
                return None
            losses.append(self._losses(tokens, targets).sum(axis=1))
            counts.append((targets >= 0).sum(axis=1))
        return _mean_per_token(np.concatenate(losses), np.concatenate(counts))

    def compare(self, other: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> "Comparison":
        """The model beside another one, on the same held-out texts.

        `other(tokens, targets)` gives the other's surprise at each target (B, T), 0 where ignored.
        """
        ours, theirs, counts = [], [], []
        for tokens, targets in self.held_out():
            ours.append(self._losses(tokens, targets).sum(axis=1))
            theirs.append(other(tokens, targets).sum(axis=1))
            counts.append((targets >= 0).sum(axis=1))
        if not counts:
            raise SettingError("nothing is held out to compare on; set TrainConfig(held_out=…)")
        us, them, tokens_each = map(np.concatenate, (ours, theirs, counts))
        lead = _mean_per_token(them - us, tokens_each)
        return Comparison(_mean_per_token(them, tokens_each).loss, lead.loss, lead.error)

    def _losses(self, tokens: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """The surprise at each target (B, T), 0 where it is ignored."""
        with LOCK, no_grad():  # a model that trains in another thread waits a moment
            rows = ops.token_losses(self.model(tokens), targets).numpy()
        return rows.astype(np.float64)

    def sample(self, temperature: float = 1.0) -> tuple[str, ...]:
        """A few texts from the model as it is now, always with the same dice."""
        return tuple(self.texts(temperature))

    def texts(self, temperature: float = 1.0) -> Iterator[str]:
        """The texts of `sample`, one after the other."""
        c = self.config
        return generate_text(
            self.model, self.tokenizer, c.samples, temperature=temperature, seed=c.seed
        )

    def _batches(self, corpus: Corpus, warn: bool = True) -> DocumentBatches | TextBatches:
        c, block_size = self.config, self.model.config.block_size
        if corpus.kind == "text":
            return TextBatches(
                corpus.documents[0], self.tokenizer, block_size, c.batch_size, c.seed
            )
        return DocumentBatches(
            corpus.documents, self.tokenizer, block_size, c.batch_size, c.seed, warn
        )


def _updating(model: GPT, optimizer: Adam, clip: float | None) -> Callable[..., tuple]:
    """What a step does; not a method, so that a recording of it does not hold on to the trainer."""

    def update(tokens: np.ndarray, targets: np.ndarray) -> tuple[Tensor, Tensor]:
        """The loss before the update, and the gradient's norm before clipping."""
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        norm = clip_grad_norm_(optimizer.parameters, float("inf") if clip is None else clip)
        optimizer.step()
        return loss, norm

    return update


def _mean_per_token(losses: np.ndarray, counts: np.ndarray) -> Evaluation:
    """Sums of losses and counts of tokens per row, as one mean with its standard error.

    The error is that of a ratio of two sums over independent rows (Cochran 1977, §2.11).
    """
    mean, rows = losses.sum() / counts.sum(), len(losses)
    error = float("nan")
    if rows > 1:
        spread = ((losses - mean * counts) ** 2).sum() / (rows - 1)
        error = float(np.sqrt(spread / rows) / counts.mean())
    return Evaluation(float(mean), error, int(counts.sum()))
