"""Tokens and targets, batch after batch."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple, Protocol

import numpy as np

from microgpt.config.checks import whole
from microgpt.data import loader_state
from microgpt.errors import ShapeError
from microgpt.tokenizers import Tokenizer

Batch = tuple[np.ndarray, np.ndarray]
IGNORED = -1


class Batches(Protocol):
    """What all batches can do: come without end, in order, and go on from where others stopped."""

    @property
    def drawn(self) -> int:
        """Batches drawn so far."""
        ...

    @property
    def per_epoch(self) -> int:
        """Batches in one pass over the data."""
        ...

    @property
    def rows_per_epoch(self) -> int:
        """Rows in one pass, so that drawn · batch_size / rows_per_epoch passes are done."""
        ...

    def __iter__(self) -> Iterator[Batch]: ...

    def __next__(self) -> Batch: ...

    def in_order(self, most: int, batch_size: int = 64) -> Iterator[Batch]:
        """At most `most` rows, evenly spaced, once, for evaluation; draws nothing."""
        ...

    def state(self) -> dict[str, Any]:
        """Where these batches stand, as JSON can hold it."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly as those batches would have that gave `state`, refused if they differ."""
        ...


def pad(sequences: Sequence[Sequence[int]], fill: int) -> Batch:
    """Sequences of token ids as tokens and targets (B, T), each target one place further.

    Shorter ones are filled up with `fill`, and −1 (ignored) as the target.
    """
    T = max(len(sequence) for sequence in sequences) - 1
    tokens = np.full((len(sequences), T), fill, np.int32)
    targets = np.full((len(sequences), T), IGNORED, np.int32)
    for row, sequence in enumerate(sequences):
        tokens[row, : len(sequence) - 1] = sequence[:-1]
        targets[row, : len(sequence) - 1] = sequence[1:]
    return tokens, targets


def evenly(count: int, most: int) -> np.ndarray:
    """At most `most` of the places 0 … count − 1, evenly spaced: a list's start is no sample."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(int)


class _Epoch(NamedTuple):
    """The order of one pass, with the generator's state before and after it was drawn."""

    number: int
    order: np.ndarray
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @classmethod
    def drawn(cls, number: int, size: int, before: Mapping[str, Any]) -> "_Epoch":
        rng = loader_state.generator(before)
        before = rng.bit_generator.state  # a copy: the caller's may change
        return cls(number, rng.permutation(size), before, rng.bit_generator.state)


class DocumentBatches:
    """Documents between two BOS tokens, in a new random order in every epoch, without end."""

    def __init__(
        self,
        documents: Sequence[str],
        tokenizer: Tokenizer,
        block_size: int,
        batch_size: int = 1,
        seed: int = 0,
        warn: bool = True,
    ):
        whole("block_size", block_size, 1)
        whole("batch_size", batch_size, 1)
        whole("seed", seed, 0)
        self.sequences = [
            tokenizer.encode(document, bos=True, eos=True)[: block_size + 1]
            for document in documents
        ]
        self.sequences = [sequence for sequence in self.sequences if len(sequence) > 1]
        if not self.sequences:
            raise ShapeError("no document has two tokens, one to see and one to guess")
        cut = sum(len(document) + 1 > block_size for document in documents)
        if cut and warn:
            warnings.warn(
                f"{cut:,} of {len(documents):,} documents are longer than the block's "
                f"{block_size} predictions and were cut; raise block_size to keep them whole",
                stacklevel=3,
            )
        self.fill = 0 if tokenizer.bos is None else tokenizer.bos
        self.batch_size = int(batch_size)
        start = np.random.default_rng(seed).bit_generator.state
        # Both are replaced at once, last of all: an interrupt loses no document and no order.
        self._at = 0, _Epoch.drawn(0, len(self.sequences), start)

    @property
    def drawn(self) -> int:
        """Batches drawn so far."""
        return self._at[0]

    @property
    def per_epoch(self) -> int:
        """Batches that see every document once, rounded up."""
        return -(-len(self.sequences) // self.batch_size)

    @property
    def rows_per_epoch(self) -> int:
        """Documents; a batch at the end of a pass goes on with the next one's."""
        return len(self.sequences)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        drawn, epoch = self._at
        size, first = len(self.sequences), drawn * self.batch_size
        chosen = []
        for place in range(first, first + self.batch_size):
            if place // size > epoch.number:
                epoch = _Epoch.drawn(epoch.number + 1, size, epoch.after)
            chosen.append(self.sequences[epoch.order[place % size]])
        batch = pad(chosen, self.fill)
        self._at = drawn + 1, epoch
        return batch

    def in_order(self, most: int, batch_size: int = 64) -> Iterator[Batch]:
        """At most `most` documents, evenly spaced, once, for evaluation; a row is a document."""
        kept = [self.sequences[i] for i in evenly(len(self.sequences), most)]
        for start in range(0, len(kept), batch_size):
            yield pad(kept[start : start + batch_size], self.fill)

    def state(self) -> dict[str, Any]:
        """Where these batches stand, as JSON can hold it; small, however many documents."""
        drawn, epoch = self._at
        return {**self._same(), "drawn": drawn, "rng": deepcopy(epoch.before)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly as those batches would have that gave `state`.

        A state of other documents or another batch size is a `FormatError`. The order of an epoch
        that has begun is drawn again, from the random state that it was drawn from.
        """
        drawn, size = loader_state.check(state, **self._same()), len(self.sequences)
        number = max(0, drawn * self.batch_size - 1) // size
        self._at = drawn, _Epoch.drawn(number, size, state.get("rng", {}))

    def _same(self) -> dict[str, Any]:
        """What batches must share to go on from each other's state."""
        tokens = sum(map(len, self.sequences))
        return {"kind": "documents", "documents": len(self.sequences), "tokens": tokens,
                "batch_size": self.batch_size}  # fmt: skip
