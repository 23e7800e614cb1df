"""Batches of windows of one long token sequence: in epochs, or from random positions."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from microgpt.config.checks import check_integer
from microgpt.data import loader_state
from microgpt.data.batches import Batch, evenly_spaced
from microgpt.data.mmap_utils import backing_mmap, release_pages
from microgpt.data.shards import Shards
from microgpt.errors import Described, SettingError, ShapeError, SizeError, TokenError
from microgpt.tokenizers import Tokenizer

Tokens = np.ndarray | Sequence[int] | Shards
MAX_TOKEN_ID = 2**31 - 1


def _as_sequence(tokens: Tokens) -> np.ndarray | Shards:
    """Return tokens as a sequence to slice; nothing is copied, and a memory map is not read."""
    if isinstance(tokens, Shards):
        return tokens
    array = np.asarray(tokens)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise SettingError(
            "tokens",
            "a one-dimensional array of integers (an array, a memory map or Shards)",
            Described(f"{type(tokens).__name__} of {array.ndim} dimensions and type {array.dtype}"),
        )
    return array


def _slice_windows(tokens: np.ndarray | Shards, starts: np.ndarray, seq_len: int) -> Batch:
    """Return windows as tokens and targets (B, T); each spans `seq_len` + 1 tokens."""
    block = np.empty((len(starts), seq_len + 1), tokens.dtype)  # (B, T + 1)
    pages = None if isinstance(tokens, Shards) else backing_mmap(tokens)
    for row, start in enumerate(starts.tolist()):
        block[row] = tokens[start : start + seq_len + 1]
        release_pages(pages)
    if block.size and not 0 <= block.min() <= block.max() <= MAX_TOKEN_ID:
        wrong = next(int(token) for token in block.flat if not 0 <= token <= MAX_TOKEN_ID)
        raise TokenError(f"token ids go from 0 to {MAX_TOKEN_ID:,}; got {wrong:,}")
    return block[:, :-1].astype(np.int32, order="C"), block[:, 1:].astype(np.int32, order="C")


class WindowBatches:
    """Endless batches of windows of `seq_len` tokens, one every `stride` tokens, in epochs.

    Windows start at 0, `stride`, 2·`stride` … as long as the last target, one token further,
    exists; `num_windows` counts them. `shuffle` draws a new order in every epoch; `drop_last`
    leaves out a last batch that is not full. `tokens` is a one-dimensional array of integers, a
    memory map (which stays on disk), or `Shards`.
    """

    def __init__(
        self,
        tokens: Tokens,
        seq_len: int,
        stride: int,
        batch_size: int,
        shuffle: bool = True,
        drop_last: bool = True,
        seed: int = 0,
    ):
        self.seq_len = check_integer("seq_len", seq_len, 1)
        self.stride = check_integer("stride", stride, 1)
        self.batch_size = check_integer("batch_size", batch_size, 1)
        self.seed = check_integer("seed", seed, 0)
        self.tokens = _as_sequence(tokens)
        self.shuffle, self.drop_last = bool(shuffle), bool(drop_last)
        self.num_windows = len(range(0, len(self.tokens) - self.seq_len, self.stride))
        if not self.num_windows:
            raise ShapeError(
                f"a window of {seq_len:,} tokens needs {seq_len + 1:,}, one more as the last "
                f"target; there are {len(self.tokens):,}",
                ("choose shorter windows (a smaller {block_size})", "a longer text"),
            )
        if not self.batches_per_epoch:
            raise SizeError(
                "batch_size",
                f"at most the {self.num_windows:,} windows of the text",
                batch_size,
                ("choose a smaller {batch_size}", "set {drop_last}"),
                drop_last=False,
            )
        self.batches_drawn = 0
        self._order: tuple[int, int, np.ndarray] | None = None

    @property
    def batches_per_epoch(self) -> int:
        """Batches in one pass over the windows."""
        full_batches, rest = divmod(self.num_windows, self.batch_size)
        return full_batches + (rest > 0 and not self.drop_last)

    @property
    def rows_per_epoch(self) -> int:
        """Rows in one pass, counting all batches as full."""
        return self.batches_per_epoch * self.batch_size

    @property
    def epoch(self) -> int:
        """The number of complete passes."""
        return self.batches_drawn // self.batches_per_epoch

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        epoch, index = divmod(self.batches_drawn, self.batches_per_epoch)
        first = index * self.batch_size
        windows = np.arange(first, min(first + self.batch_size, self.num_windows))
        batch = self._batch(self._permutation(epoch)[windows] if self.shuffle else windows)
        self.batches_drawn += 1  # at the end, so that an interrupt loses no window
        return batch

    def eval_batches(self, max_rows: int, batch_size: int = 64) -> Iterator[Batch]:
        """Yield at most `max_rows` evenly spaced windows once, for evaluation; one in each row."""
        windows = evenly_spaced(self.num_windows, max_rows)
        for first in range(0, len(windows), batch_size):
            yield self._batch(windows[first : first + batch_size])

    def state_dict(self) -> dict[str, Any]:
        """Return the position in the data as a JSON-serializable dictionary of a few numbers."""
        return {**self._identity(), "seed": self.seed, "batches_drawn": self.batches_drawn}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue exactly where `state` was saved, with its seed.

        Raises FormatError for a state of other tokens (by their number) or other settings.
        """
        drawn = loader_state.check_state(state, **self._identity())
        self.seed, self.batches_drawn = loader_state.read_count(state, "seed"), drawn

    def _identity(self) -> dict[str, Any]:
        """Return the properties that must match for another iterator's state to fit."""
        return {"type": "windows", "tokens": len(self.tokens), "seq_len": self.seq_len,
                "stride": self.stride, "batch_size": self.batch_size, "shuffle": self.shuffle,
                "drop_last": self.drop_last}  # fmt: skip

    def _permutation(self, epoch: int) -> np.ndarray:
        """Return an epoch's order; it depends only on seed and epoch, so any can be resumed."""
        if self._order is None or self._order[:2] != (self.seed, epoch):
            order = np.random.default_rng([self.seed, epoch]).permutation(self.num_windows)
            self._order = self.seed, epoch, order
        return self._order[2]

    def _batch(self, windows: np.ndarray) -> Batch:
        return _slice_windows(self.tokens, windows * self.stride, self.seq_len)


class RandomBatches:
    """Endless batches of windows from random positions of a long sequence.

    A window has `seq_len` tokens, or fewer if the sequence is shorter. `tokens` is a
    one-dimensional array of integers, a memory map (which stays on disk), or `Shards`.
    """

    def __init__(self, tokens: Tokens, seq_len: int, batch_size: int = 1, seed: int = 0):
        check_integer("seed", seed, 0)
        self.batch_size = check_integer("batch_size", batch_size, 1)
        seq_len = check_integer("seq_len", seq_len, 1)
        self.tokens = _as_sequence(tokens)
        if len(self.tokens) < 2:
            raise ShapeError(f"a text needs at least 2 tokens to train on; got {len(self.tokens)}")
        self.seq_len = min(seq_len, len(self.tokens) - 1)
        self._rng = np.random.default_rng(seed)
        # `__next__` replaces both at once, at its end, so that an interrupt loses no batch.
        self._position = 0, self._rng.bit_generator.state

    @property
    def batches_drawn(self) -> int:
        """Batches drawn so far."""
        return self._position[0]

    @property
    def batches_per_epoch(self) -> int:
        """Batches that hold as many tokens as the sequence, at least 1."""
        return max(1, len(self.tokens) // (self.batch_size * self.seq_len))

    @property
    def rows_per_epoch(self) -> int:
        """Rows in the batches of one epoch."""
        return self.batches_per_epoch * self.batch_size

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        drawn, self._rng.bit_generator.state = self._position
        starts = self._rng.integers(0, len(self.tokens) - self.seq_len, self.batch_size)
        batch = _slice_windows(self.tokens, starts, self.seq_len)
        self._position = drawn + 1, self._rng.bit_generator.state
        return batch

    def eval_batches(self, max_rows: int, batch_size: int = 64) -> Iterator[Batch]:
        """Yield at most `max_rows` evenly spaced windows once, for evaluation; one in each row."""
        num_windows = len(range(0, len(self.tokens) - self.seq_len, self.seq_len))
        windows = evenly_spaced(num_windows, max_rows)
        for first in range(0, len(windows), batch_size):
            starts = windows[first : first + batch_size] * self.seq_len
            yield _slice_windows(self.tokens, starts, self.seq_len)

    def state_dict(self) -> dict[str, Any]:
        """Return the position in the data as a JSON-serializable dictionary."""
        drawn, rng_state = self._position
        return {**self._identity(), "batches_drawn": drawn, "rng": deepcopy(rng_state)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue exactly where `state` was saved.

        Raises FormatError for a state of other tokens (by their number) or other sizes.
        """
        drawn = loader_state.check_state(state, **self._identity())
        rng = loader_state.restore_rng(state.get("rng"))
        self._position = drawn, rng.bit_generator.state

    def _identity(self) -> dict[str, Any]:
        """Return the properties that must match for another iterator's state to fit."""
        return {"type": "random", "tokens": len(self.tokens), "seq_len": self.seq_len,
                "batch_size": self.batch_size}  # fmt: skip


class TextBatches(RandomBatches):
    """Endless batches of windows from random positions of one long text."""

    def __init__(
        self,
        text: str,
        tokenizer: Tokenizer,
        block_size: int,
        batch_size: int = 1,
        seed: int = 0,
    ):
        check_integer("block_size", block_size, 1)
        super().__init__(np.array(tokenizer.encode(text), np.int32), block_size, batch_size, seed)
