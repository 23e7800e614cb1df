"""Windows of one long sequence of tokens: in epochs, or from random places."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from microgpt.config.checks import whole
from microgpt.data import loader_state
from microgpt.data.batches import Batch, evenly_spaced
from microgpt.data.mmap_utils import release_pages, backing_mmap
from microgpt.data.shards import Shards
from microgpt.errors import SettingError, ShapeError, TokenError
from microgpt.tokenizers import Tokenizer

Tokens = np.ndarray | Sequence[int] | Shards
LARGEST = 2**31 - 1


def _sequence(tokens: Tokens) -> np.ndarray | Shards:
    """Tokens as something that can be cut; nothing is copied, a memory map is not read."""
    if isinstance(tokens, Shards):
        return tokens
    array = np.asarray(tokens)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise SettingError(
            "tokens must be one row of whole numbers (an array, a memory map or Shards); got "
            f"{type(tokens).__name__} of {array.ndim} dimensions and type {array.dtype}"
        )
    return array


def _cut(tokens: np.ndarray | Shards, starts: np.ndarray, seq_len: int) -> Batch:
    """Windows as tokens and targets (B, T): each reads `seq_len` tokens and one more to guess."""
    block = np.empty((len(starts), seq_len + 1), tokens.dtype)  # (B, T + 1)
    pages = None if isinstance(tokens, Shards) else backing_mmap(tokens)
    for row, start in enumerate(starts.tolist()):
        block[row] = tokens[start : start + seq_len + 1]
        release_pages(pages)
    if block.size and not 0 <= block.min() <= block.max() <= LARGEST:
        wrong = next(int(token) for token in block.flat if not 0 <= token <= LARGEST)
        raise TokenError(f"token ids go from 0 to {LARGEST:,}; got {wrong:,}")
    return block[:, :-1].astype(np.int32, order="C"), block[:, 1:].astype(np.int32, order="C")


class WindowBatches:
    """Windows of `seq_len` tokens that begin every `stride` tokens, in epochs, without end.

    A window begins at 0, `stride`, 2·`stride` … for as long as all of its targets, one place
    further, exist. `shuffle` draws a new order in every epoch; `drop_last` leaves out a last batch
    that is not full. `num_windows` counts them. `tokens` is a one-dimensional array of whole numbers, a
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
        for name, value in (("width", seq_len), ("stride", stride), ("batch_size", batch_size)):
            whole(name, value, 1)
        whole("seed", seed, 0)
        self.tokens = _sequence(tokens)
        self.seq_len, self.stride, self.batch_size = int(seq_len), int(stride), int(batch_size)
        self.shuffle, self.drop_last, self.seed = bool(shuffle), bool(drop_last), int(seed)
        self.num_windows = len(range(0, len(self.tokens) - self.seq_len, self.stride))
        if not self.num_windows:
            raise ShapeError(
                f"a window of {seq_len:,} tokens needs {seq_len + 1:,}, one more to guess; there are "
                f"{len(self.tokens):,}; choose a smaller width, or a longer text"
            )
        if not self.batches_per_epoch:
            raise ShapeError(
                f"{self.num_windows:,} windows are too few for a batch of {batch_size:,}; choose a "
                "smaller batch_size, or drop_last=False"
            )
        self.drawn = 0
        self._order: tuple[int, int, np.ndarray] | None = None

    @property
    def batches_per_epoch(self) -> int:
        """Batches in one pass over the windows."""
        whole_ones, rest = divmod(self.num_windows, self.batch_size)
        return whole_ones + (rest > 0 and not self.drop_last)

    @property
    def rows_per_epoch(self) -> int:
        """Rows in one pass, as if all of its batches were full."""
        return self.batches_per_epoch * self.batch_size

    @property
    def epoch(self) -> int:
        """How many passes are complete."""
        return self.drawn // self.batches_per_epoch

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        epoch, place = divmod(self.drawn, self.batches_per_epoch)
        first = place * self.batch_size
        numbers = np.arange(first, min(first + self.batch_size, self.num_windows))
        batch = self._batch(self._permutation(epoch)[numbers] if self.shuffle else numbers)
        self.drawn += 1  # last of all: an interrupt loses no window
        return batch

    def eval_batches(self, most: int, batch_size: int = 64) -> Iterator[Batch]:
        """At most `most` windows, evenly spaced, once, for evaluation; a row is a window."""
        numbers = evenly_spaced(self.num_windows, most)
        for first in range(0, len(numbers), batch_size):
            yield self._batch(numbers[first : first + batch_size])

    def state(self) -> dict[str, Any]:
        """Where these batches stand, as JSON can hold it: a few numbers."""
        return {**self._same(), "seed": self.seed, "drawn": self.drawn}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly as those batches would have that gave `state`, with its seed.

        A state of other tokens (by their number) or other settings is a `FormatError`.
        """
        drawn = loader_state.check(state, **self._same())
        self.seed, self.drawn = loader_state.count(state, "seed"), drawn

    def _same(self) -> dict[str, Any]:
        """What batches must share to go on from each other's state."""
        return {"kind": "windows", "tokens": len(self.tokens), "width": self.seq_len,
                "stride": self.stride, "batch_size": self.batch_size, "shuffle": self.shuffle,
                "drop_last": self.drop_last}  # fmt: skip

    def _permutation(self, epoch: int) -> np.ndarray:
        """An epoch's order follows from the seed and its number, so that any can be resumed."""
        if self._order is None or self._order[:2] != (self.seed, epoch):
            order = np.random.default_rng([self.seed, epoch]).permutation(self.num_windows)
            self._order = self.seed, epoch, order
        return self._order[2]

    def _batch(self, numbers: np.ndarray) -> Batch:
        return _cut(self.tokens, numbers * self.stride, self.seq_len)


class RandomBatches:
    """Windows of a long sequence from random places, without end.

    A window has `seq_len` tokens, or as many as there are. `tokens` is a one-dimensional array of
    whole numbers, a memory map (which stays on disk), or `Shards`.
    """

    def __init__(self, tokens: Tokens, seq_len: int, batch_size: int = 1, seed: int = 0):
        whole("width", seq_len, 1)
        whole("batch_size", batch_size, 1)
        whole("seed", seed, 0)
        self.tokens = _sequence(tokens)
        if len(self.tokens) < 2:
            raise ShapeError(
                f"a text needs at least 2 tokens to learn from; got {len(self.tokens)}"
            )
        self.seq_len = min(int(seq_len), len(self.tokens) - 1)
        self.batch_size = int(batch_size)
        self._rng = np.random.default_rng(seed)
        # Both are replaced at once, last of all: an interrupt loses no batch.
        self._at = 0, self._rng.bit_generator.state

    @property
    def drawn(self) -> int:
        """Batches drawn so far."""
        return self._at[0]

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
        drawn, self._rng.bit_generator.state = self._at
        starts = self._rng.integers(0, len(self.tokens) - self.seq_len, self.batch_size)
        batch = _cut(self.tokens, starts, self.seq_len)
        self._at = drawn + 1, self._rng.bit_generator.state
        return batch

    def eval_batches(self, most: int, batch_size: int = 64) -> Iterator[Batch]:
        """At most `most` windows, evenly spaced, once, for evaluation; a row is a window."""
        places = evenly_spaced(len(range(0, len(self.tokens) - self.seq_len, self.seq_len)), most)
        for first in range(0, len(places), batch_size):
            yield _cut(self.tokens, places[first : first + batch_size] * self.seq_len, self.seq_len)

    def state(self) -> dict[str, Any]:
        """Where these batches stand, as JSON can hold it."""
        drawn, rng = self._at
        return {**self._same(), "drawn": drawn, "rng": deepcopy(rng)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly as those batches would have that gave `state`.

        A state of other tokens (by their number) or other sizes is a `FormatError`.
        """
        drawn = loader_state.check(state, **self._same())
        self._at = drawn, loader_state.generator(state.get("rng")).bit_generator.state

    def _same(self) -> dict[str, Any]:
        """What batches must share to go on from each other's state."""
        return {"kind": "random", "tokens": len(self.tokens), "width": self.seq_len,
                "batch_size": self.batch_size}  # fmt: skip


class TextBatches(RandomBatches):
    """Windows of one long text, from random places, without end."""

    def __init__(
        self,
        text: str,
        tokenizer: Tokenizer,
        block_size: int,
        batch_size: int = 1,
        seed: int = 0,
    ):
        whole("block_size", block_size, 1)
        super().__init__(np.array(tokenizer.encode(text), np.int32), block_size, batch_size, seed)
