"""Tensors inside files: where one begins, and how it is read without a second copy of it.

A file that is mapped into memory counts as memory used, page by page; so tensors are read here into
one small buffer, and come out of it as float32, turned round where they stand the other way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from microgpt.errors import FormatError

PIECE = 1 << 20  # bytes

# Number types that become float32 without loss, and how their bytes are read.
READABLE = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2"}


@dataclass(frozen=True)
class TensorSlice:
    """One tensor's bytes in a file: little-endian numbers, the last axis side by side."""

    file: Path
    offset: int
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """How many bytes it is (of a number type that can be read)."""
        return prod(self.shape) * np.dtype(READABLE[self.dtype]).itemsize

    def pieces(self, seen: Callable[[np.ndarray], None] | None = None) -> Iterator[np.ndarray]:
        """A few whole rows at a time, float32 (rows, width); they live until the next ones.

        `seen` is shown the raw bytes of each piece, for a checksum.
        """
        rows, width = self.shape[0] if self.shape else 1, prod(self.shape[1:])
        raw = np.dtype(READABLE[self.dtype])
        most = max(1, PIECE // max(1, width * raw.itemsize))
        buffer = np.empty((min(most, rows), width), raw)
        with open(self.file, "rb", buffering=0) as stream:
            stream.seek(self.offset)
            for start in range(0, rows, most):
                block = buffer[: rows - start]
                content = block.reshape(-1).view(np.uint8)
                _fill(content, stream, self.file)
                if seen is not None:
                    seen(content)
                yield _as_float32(block, self.dtype)

    def read_into(
        self,
        array: np.ndarray,
        turned: bool = False,
        seen: Callable[[np.ndarray], None] | None = None,
    ) -> None:
        """Fill a float32 array with the tensor; `turned`: the array is its transpose."""
        place = array.T if turned else array.reshape(self.shape[0] if self.shape else 1, -1)
        start = 0
        for block in self.pieces(seen):
            place[start : start + len(block)] = block
            start += len(block)


def same(first: TensorSlice, second: TensorSlice) -> bool:
    """Whether two tensors of one shape and number type hold the same numbers."""
    if (first.shape, first.dtype) != (second.shape, second.dtype):
        return False
    pairs = zip(first.pieces(), second.pieces(), strict=True)
    return all(np.array_equal(one, other, equal_nan=True) for one, other in pairs)


def _fill(content: np.ndarray, stream: Any, file: Path) -> None:
    view, done = content.data, 0
    while done < len(view):
        count = stream.readinto(view[done:])
        if not count:
            raise FormatError(f"{file} ends {len(view) - done} bytes too early; fetch it again")
        done += count


def _as_float32(block: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bfloat16":  # the upper half of a float32
        return (block.astype(np.uint32) << 16).view(np.float32)
    return block.astype(np.float32, copy=False)
