"""Tokens and targets, batch after batch."""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from microgpt.errors import ShapeError
from microgpt.tokenizers import Tokenizer

Batch = tuple[np.ndarray, np.ndarray]
IGNORED = -1


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
        self._queue: list[int] = []
        self.fill = 0 if tokenizer.bos is None else tokenizer.bos
        self.batch_size = batch_size
        self.rng = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        while len(self._queue) < self.batch_size:
            self._queue += self.rng.permutation(len(self.sequences)).tolist()
        batch = pad([self.sequences[i] for i in self._queue[: self.batch_size]], self.fill)
        del self._queue[: self.batch_size]  # last of all: an interrupt loses no document
        return batch

    def in_order(self, most: int, batch_size: int = 64) -> Iterator[Batch]:
        """At most `most` documents, evenly spaced, once, for evaluation; a row is a document."""
        kept = [self.sequences[i] for i in evenly(len(self.sequences), most)]
        for start in range(0, len(kept), batch_size):
            yield pad(kept[start : start + batch_size], self.fill)


class TextBatches:
    """Windows of one long text, from random places, without end."""

    def __init__(
        self,
        text: str,
        tokenizer: Tokenizer,
        block_size: int,
        batch_size: int = 1,
        seed: int = 0,
    ):
        self.tokens = np.array(tokenizer.encode(text), np.int32)
        if len(self.tokens) < 2:
            raise ShapeError(
                f"a text needs at least 2 tokens to learn from; got {len(self.tokens)}"
            )
        self.width = min(block_size, len(self.tokens) - 1)
        self.batch_size = batch_size
        self.rng = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        return self._windows(self.rng.integers(0, len(self.tokens) - self.width, self.batch_size))

    def in_order(self, most: int, batch_size: int = 64) -> Iterator[Batch]:
        """At most `most` windows, evenly spaced, once, for evaluation; a row is a window."""
        starts = np.arange(0, len(self.tokens) - self.width, self.width)
        starts = starts[evenly(len(starts), most)]
        for first in range(0, len(starts), batch_size):
            yield self._windows(starts[first : first + batch_size])

    def _windows(self, starts: np.ndarray) -> Batch:
        places = starts[:, None] + np.arange(self.width)
        return self.tokens[places], self.tokens[places + 1]
