"""`Batches`, the interface of all batch iterators, and `DocumentBatches`, batches of documents."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple, Protocol

import numpy as np

from microgpt.config.checks import check_integer
from microgpt.data import loader_state
from microgpt.errors import SettingWarning, ShapeError
from microgpt.ops.token_ids import IGNORED
from microgpt.tokenizers import Tokenizer

Batch = tuple[np.ndarray, np.ndarray]


class Batches(Protocol):
    """An endless iterator of batches whose position can be saved and restored."""

    @property
    def batches_drawn(self) -> int:
        """Batches drawn so far."""
        ...

    @property
    def batches_per_epoch(self) -> int:
        """Batches in one pass over the data."""
        ...

    @property
    def rows_per_epoch(self) -> int:
        """Rows in one pass: batches_drawn · batch_size / rows_per_epoch epochs are done."""
        ...

    def __iter__(self) -> Iterator[Batch]: ...

    def __next__(self) -> Batch: ...

    def eval_batches(self, max_rows: int, batch_size: int = 64) -> Iterator[Batch]:
        """Yield at most `max_rows` evenly spaced rows once, for evaluation; the position stays."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return the position in the data as a JSON-serializable dictionary."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where `state` was saved; raise FormatError if data or settings differ."""
        ...


def pad(sequences: Sequence[Sequence[int] | np.ndarray], pad_token: int) -> Batch:
    """Pad sequences of token ids to tokens and targets (B, T), with the targets shifted by one.

    Shorter sequences are padded with `pad_token`, their targets with −1, which the loss ignores.
    """
    T = max(len(sequence) for sequence in sequences) - 1
    tokens = np.full((len(sequences), T), pad_token, np.int32)
    targets = np.full((len(sequences), T), IGNORED, np.int32)
    for row, sequence in enumerate(sequences):
        tokens[row, : len(sequence) - 1] = sequence[:-1]
        targets[row, : len(sequence) - 1] = sequence[1:]
    return tokens, targets


def evenly_spaced(count: int, max_count: int) -> np.ndarray:
    """Return up to `max_count` evenly spaced indices below `count`.

    The first ones of a list would be a biased sample.
    """
    if count <= max_count:
        return np.arange(count)
    return np.linspace(0, count - 1, max_count).round().astype(int)


class _Epoch(NamedTuple):
    """The shuffled order of one epoch, with the generator's state before and after the shuffle."""

    number: int
    order: np.ndarray
    rng_before: Mapping[str, Any]
    rng_after: Mapping[str, Any]

    @classmethod
    def shuffled(cls, number: int, size: int, rng_state: Mapping[str, Any]) -> "_Epoch":
        rng = loader_state.restore_rng(rng_state)
        before = rng.bit_generator.state  # a copy, since the caller's may change
        return cls(number, rng.permutation(size), before, rng.bit_generator.state)


class DocumentBatches:
    """Endless batches of documents, each between two BOS tokens, reshuffled every epoch."""

    def __init__(
        self,
        documents: Sequence[str],
        tokenizer: Tokenizer,
        block_size: int,
        batch_size: int = 1,
        seed: int = 0,
        warn: bool = True,
    ):
        check_integer("block_size", block_size, 1)
        check_integer("seed", seed, 0)
        self.batch_size = check_integer("batch_size", batch_size, 1)
        sequences = [tokenizer.encode(document, bos=True, eos=True) for document in documents]
        self.sequences = [tokens[: block_size + 1] for tokens in sequences if len(tokens) > 1]
        if not self.sequences:
            raise ShapeError("no document has two tokens, an input and a target")
        longest = max(map(len, sequences)) - 1
        if longest > block_size and warn:
            truncated = sum(len(tokens) - 1 > block_size for tokens in sequences)
            warnings.warn(
                SettingWarning(
                    f"{truncated:,} of {len(documents):,} documents have more tokens than the "
                    f"block's {block_size} predictions and were cut",
                    f"raise {{block_size}} to {longest} to keep all of them",
                ),
                stacklevel=3,
            )
        self.pad_token = 0 if tokenizer.bos_token_id is None else tokenizer.bos_token_id
        rng_state = np.random.default_rng(seed).bit_generator.state
        # `__next__` replaces both at once, at its end, so that an interrupt loses no document.
        self._position = 0, _Epoch.shuffled(0, len(self.sequences), rng_state)

    @property
    def batches_drawn(self) -> int:
        """Batches drawn so far."""
        return self._position[0]

    @property
    def batches_per_epoch(self) -> int:
        """Batches in one pass over the documents, rounded up."""
        return -(-len(self.sequences) // self.batch_size)

    @property
    def rows_per_epoch(self) -> int:
        """The number of documents; an epoch's last batch is filled up from the next epoch."""
        return len(self.sequences)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        drawn, epoch = self._position
        size, first = len(self.sequences), drawn * self.batch_size
        rows = []
        for index in range(first, first + self.batch_size):
            if index // size > epoch.number:
                epoch = _Epoch.shuffled(epoch.number + 1, size, epoch.rng_after)
            rows.append(self.sequences[epoch.order[index % size]])
        batch = pad(rows, self.pad_token)
        self._position = drawn + 1, epoch
        return batch

    def eval_batches(self, max_rows: int, batch_size: int = 64) -> Iterator[Batch]:
        """Yield at most `max_rows` evenly spaced documents once, for evaluation; one per row."""
        rows = [self.sequences[i] for i in evenly_spaced(len(self.sequences), max_rows)]
        for start in range(0, len(rows), batch_size):
            yield pad(rows[start : start + batch_size], self.pad_token)

    def state_dict(self) -> dict[str, Any]:
        """Return the position as a JSON-serializable dictionary, small for any corpus."""
        drawn, epoch = self._position
        return {**self._identity(), "batches_drawn": drawn, "rng": deepcopy(epoch.rng_before)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue exactly where `state` was saved.

        Raises FormatError for a state of other documents or of another batch size. An epoch that
        has begun is shuffled again, from the generator's state before its shuffle.
        """
        drawn, size = loader_state.check_state(state, **self._identity()), len(self.sequences)
        number = max(0, drawn * self.batch_size - 1) // size
        self._position = drawn, _Epoch.shuffled(number, size, state.get("rng", {}))

    def _identity(self) -> dict[str, Any]:
        """Return the properties that must match for another iterator's state to fit."""
        tokens = sum(map(len, self.sequences))
        return {"type": "documents", "documents": len(self.sequences), "tokens": tokens,
                "batch_size": self.batch_size}  # fmt: skip
