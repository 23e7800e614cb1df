"""Small networks trained on a corpus, with snapshots of their table of embeddings."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import no_grad
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.config.checks import check_integer
from microgpt.data import Corpus, pad
from microgpt.errors import Described, SettingError
from microgpt.models.context_model import context_windows, log_softmax
from microgpt.models.mlp import MLP
from microgpt.ops.token_ids import IGNORED
from microgpt.optim import Adam, linear_schedule
from microgpt.recording import capture
from microgpt.tokenizers import CharTokenizer

MAX_LETTERS = 100  # that a map can hold
MAX_EMBD = 100  # numbers for each letter
MAX_STEPS = 20_000
NUM_SNAPSHOTS = 21  # at most, the first before training and the last after it
BATCH_SIZE, LEARNING_RATE = 128, 0.02
CONTEXT = 3


class WindowCounts:
    """The different windows of texts, (N, context), and how often each token came after (N, V)."""

    def __init__(self, windows: np.ndarray, targets: np.ndarray, vocab_size: int):
        self.windows, index = np.unique(windows, axis=0, return_inverse=True)
        self.counts = np.zeros((len(self.windows), vocab_size))
        np.add.at(self.counts, (index.reshape(-1), targets), 1)
        self.total = len(targets)

    def losses(self, model: MLP, windows: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        """Return the summed losses, in nats, of what came after some windows, (N,) of `rows`.

        The model reads `windows` in their stead.
        """
        with LOCK, no_grad():
            logits = model.logits(windows).numpy()
        return -(self.counts[rows] * log_softmax(logits)).sum(axis=1)

    def loss(self, model: MLP) -> float:
        """Return the mean loss of a model for each token, in nats."""
        return float(self.losses(model, self.windows, slice(None)).sum() / self.total)


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A trained network, its table (V, C) at each of `steps`, and its held-out losses there."""

    model: MLP
    held_out: WindowCounts
    steps: tuple[int, ...]
    tables: np.ndarray  # (snapshots, V, C)
    losses: tuple[float, ...]
    _rises: dict[int, np.ndarray] = field(default_factory=dict)

    @cached_property
    def _window_losses(self) -> np.ndarray:
        return self.held_out.losses(self.model, self.held_out.windows, slice(None))

    def swap_rises(self, letter: int) -> np.ndarray:
        """Return how much the held-out loss rises if a row is swapped with each other row: (V,).

        In nats per token; 0 for the letter itself.
        """
        if letter not in self._rises:
            letters = range(self.model.vocab_size)
            self._rises[letter] = np.array([self._swap_rise(letter, other) for other in letters])
        return self._rises[letter]

    def _swap_rise(self, letter: int, other: int) -> float:
        """Swap two letters in the windows, which is to swap their rows in the table."""
        if letter == other:
            return 0.0
        windows = self.held_out.windows
        rows = np.flatnonzero(((windows == letter) | (windows == other)).any(axis=1))
        if not len(rows):
            return 0.0
        swapped = np.arange(self.model.vocab_size)
        swapped[[letter, other]] = other, letter
        losses = self.held_out.losses(self.model, swapped[windows[rows]], rows)
        return float((losses - self._window_losses[rows]).sum() / self.held_out.total)


@lru_cache(maxsize=4)
def corpus_windows(corpus: Corpus) -> tuple[CharTokenizer, np.ndarray, np.ndarray, WindowCounts]:
    """Return a corpus' tokenizer, its training windows (N, context) and targets (N,), and the rest.

    The texts are split as on the scoreboard.
    """
    tokenizer = corpus.tokenizer()
    assert isinstance(tokenizer, CharTokenizer)
    vocab_size = tokenizer.vocab_size
    if not 6 <= vocab_size <= MAX_LETTERS:
        expected = f"one with 6 to {MAX_LETTERS} different letters, which a map can show"
        raise SettingError("corpus", expected, Described(f"{vocab_size:,} letters"))
    train, held_out = corpus.split_distinct()
    windows, targets = _windows_of(train, tokenizer)
    return tokenizer, windows, targets, WindowCounts(*_windows_of(held_out, tokenizer), vocab_size)


def _windows_of(corpus: Corpus, tokenizer: CharTokenizer) -> tuple[np.ndarray, np.ndarray]:
    has_end = tokenizer.bos_token_id is not None
    rows = [tokenizer.encode(text, bos=has_end, eos=has_end) for text in corpus.pieces]
    tokens, targets = pad(rows, 0)
    has_target = targets != IGNORED
    return context_windows(tokens, CONTEXT)[has_target], targets[has_target]


@lru_cache(maxsize=16)
def train_network(corpus: Corpus, n_embd: int, steps: int, seed: int) -> TrainedNetwork:
    """Train an MLP with `n_embd` numbers for each letter; `seed` draws weights and batches.

    1,000 steps take half a second. Equal arguments return the same network.
    """
    check_integer("n_embd", n_embd, minimum=1, maximum=MAX_EMBD)
    check_integer("steps", steps, minimum=1, maximum=MAX_STEPS)
    check_integer("seed", seed, minimum=0)
    tokenizer, windows, targets, held_out = corpus_windows(corpus)
    model = MLP(tokenizer.vocab_size, CONTEXT, n_embd, seed=seed)
    optimizer, lr = Adam(model, LEARNING_RATE), linear_schedule(LEARNING_RATE, steps)
    rng = np.random.default_rng(seed)

    @capture
    def train_step(batch: np.ndarray, batch_targets: np.ndarray) -> Tensor:
        optimizer.zero_grad()
        loss = ops.cross_entropy(model.logits(batch), batch_targets)
        loss.backward()
        optimizer.step()
        return loss

    shown = np.unique(np.linspace(0, steps, NUM_SNAPSHOTS).round().astype(int)).tolist()
    tables, losses = [], []
    for step in range(steps + 1):
        if step in shown:
            tables.append(model.wte.weight.numpy().astype(np.float64))
            losses.append(held_out.loss(model))
        if step < steps:
            optimizer.lr = lr(step)
            rows = rng.integers(0, len(targets), BATCH_SIZE)
            train_step(windows[rows], targets[rows])
    return TrainedNetwork(model, held_out, tuple(shown), np.stack(tables), tuple(losses))
