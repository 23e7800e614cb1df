"""Windows of one long sequence of tokens: in epochs, or from random positions."""

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
    """Tokens as something that can be sliced; nothing is copied, a memory map is not read."""
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
    """Windows as tokens and targets (B, T): `seq_len` tokens, and one more as the last target."""
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
    """Windows of `seq_len` tokens that start every `stride` tokens, in epochs, without end.

    A window starts at 0, `stride`, 2·`stride` … as long as its last target, one token further,
    exists. `shuffle` draws a new order in every epoch; `drop_last` leaves out a last batch that
    is not full. `num_windows` counts them. `tokens` is a one-dimensional array of integers, a
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
        """Rows in one pass, as if all of its batches were full."""
        return self.batches_per_epoch * self.batch_size

    @property
    def epoch(self) -> int:
        """How many passes are complete."""
        return self.batches_drawn // self.batches_per_epoch

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        epoch, index = divmod(self.batches_drawn, self.batches_per_epoch)
        first = index * self.batch_size
        windows = np.arange(first, min(first + self.batch_size, self.num_windows))
        batch = self._batch(self._permutation(epoch)[windows] if self.shuffle else windows)
        self.batches_drawn += 1  # last of all: an interrupt loses no window
        return batch

    def eval_batches(self, max_rows: int, batch_size: int = 64) -> Iterator[Batch]:
        """At most `max_rows` windows, evenly spaced, once, for evaluation; one in each row."""
        windows = evenly_spaced(self.num_windows, max_rows)
        for first in range(0, len(windows), batch_size):
            yield self._batch(windows[first : first + batch_size])

    def state_dict(self) -> dict[str, Any]:
        """The position in the data, as JSON can hold it: a few numbers."""
        return {**self._identity(), "seed": self.seed, "batches_drawn": self.batches_drawn}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue exactly after the batches that gave `state`, with its seed.

        A state of other tokens (by their number) or other settings is a `FormatError`.
        """
        drawn = loader_state.check_state(state, **self._identity())
        self.seed, self.batches_drawn = loader_state.read_count(state, "seed"), drawn

    def _identity(self) -> dict[str, Any]:
        """What batches must have in common to continue from each other's state."""
        return {"type": "windows", "tokens": len(self.tokens), "seq_len": self.seq_len,
                "stride": self.stride, "batch_size": self.batch_size, "shuffle": self.shuffle,
                "drop_last": self.drop_last}  # fmt: skip

    def _permutation(self, epoch: int) -> np.ndarray:
        """An epoch's order, which depends on seed and epoch alone, so that any can be resumed."""
        if self._order is None or self._order[:2] != (self.seed, epoch):
            order = np.random.default_rng([self.seed, epoch]).permutation(self.num_windows)
            self._order = self.seed, epoch, order
        return self._order[2]

    def _batch(self, windows: np.ndarray) -> Batch:
        return _slice_windows(self.tokens, windows * self.stride, self.seq_len)


class RandomBatches:
    """Windows of a long sequence from random positions, without end.

    A window has `seq_len` tokens, or as many as there are. `tokens` is a one-dimensional array of
    integers, a memory map (which stays on disk), or `Shards`.
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
        # Both are replaced at once, last of all: an interrupt loses no batch.
        self._position = 0, self._rng.bit_generator.state

    @property
    def batches_drawn(self) -> int:
        """Batches drawn so far."""
        return self._position[0]

    @property
    def batches_per_epoch(self) -> int:
        """Batches that hold as many tokens as there are, at least 1."""
        return max(1, len(self.tokens) // (self.batch_size * self.seq_len))

    @property
    def rows_per_epoch(self) -> int:
        """Rows in so many batches."""
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
        """At most `max_rows` windows, evenly spaced, once, for evaluation; one in each row."""
        num_windows = len(range(0, len(self.tokens) - self.seq_len, self.seq_len))
        windows = evenly_spaced(num_windows, max_rows)
        for first in range(0, len(windows), batch_size):
            starts = windows[first : first + batch_size] * self.seq_len
            yield _slice_windows(self.tokens, starts, self.seq_len)

    def state_dict(self) -> dict[str, Any]:
        """The position in the data, as JSON can hold it."""
        drawn, rng_state = self._position
        return {**self._identity(), "batches_drawn": drawn, "rng": deepcopy(rng_state)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue exactly after the batches that gave `state`.

        A state of other tokens (by their number) or other sizes is a `FormatError`.
        """
        drawn = loader_state.check_state(state, **self._identity())
        rng = loader_state.restore_rng(state.get("rng"))
        self._position = drawn, rng.bit_generator.state

    def _identity(self) -> dict[str, Any]:
        """What batches must have in common to continue from each other's state."""
        return {"type": "random", "tokens": len(self.tokens), "seq_len": self.seq_len,
                "batch_size": self.batch_size}  # fmt: skip


class TextBatches(RandomBatches):
    """Windows of one long text from random positions, without end."""

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
