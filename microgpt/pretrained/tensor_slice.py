"""`TensorSlice`: one tensor's bytes in a file, read as float32 without a second copy.

The pages of a memory-mapped file count as memory in use. So tensors are read block by block into
one small buffer, converted to float32, and transposed if the file stores the transpose.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from microgpt._io.read_exactly import read_exactly

BLOCK_BYTES = 1 << 20  # as float32
FLOAT32_BYTES = 4

# Dtype that converts to float32 without loss -> NumPy dtype to read its bytes as.
FLOAT_DTYPES = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2"}
# The largest errors of converting to a dtype, relative and absolute (below its normal numbers).
_PRECISIONS = {"float32": (0.0, 0.0), "float16": (2.0**-10, 2.0**-24), "bfloat16": (2.0**-7, 0.0)}


@dataclass(frozen=True)
class TensorSlice:
    """A tensor's position in a file: `shape` little-endian numbers of `dtype`, in C order."""

    file: Path
    offset: int
    shape: tuple[int, ...]
    dtype: str

    @property
    def nbytes(self) -> int:
        """The tensor's size in bytes, for a dtype in FLOAT_DTYPES."""
        return prod(self.shape) * np.dtype(FLOAT_DTYPES[self.dtype]).itemsize

    def blocks(self, on_bytes: Callable[[np.ndarray], None] | None = None) -> Iterator[np.ndarray]:
        """Yield blocks of rows as float32 (rows, columns), each valid until the next one is read.

        `on_bytes` is called with the raw bytes of each block, for a checksum.
        """
        rows, columns = self.shape[0] if self.shape else 1, prod(self.shape[1:])
        raw_dtype = np.dtype(FLOAT_DTYPES[self.dtype])
        block_rows = max(1, BLOCK_BYTES // max(1, columns * FLOAT32_BYTES))  # in every dtype
        buffer = np.empty((min(block_rows, rows), columns), raw_dtype)
        with open(self.file, "rb", buffering=0) as stream:
            stream.seek(self.offset)
            for start in range(0, rows, block_rows):
                block = buffer[: rows - start]
                read_exactly(stream, block, self.file)
                if on_bytes is not None:
                    on_bytes(block.reshape(-1).view(np.uint8))
                yield _as_float32(block, self.dtype)

    def read_into(
        self,
        array: np.ndarray,
        transpose: bool = False,
        on_bytes: Callable[[np.ndarray], None] | None = None,
    ) -> None:
        """Fill a float32 array with the tensor, or with its transpose.

        An array of fewer rows gets the first ones: a vocabulary may be padded in the file.
        """
        target = array.T if transpose else array.reshape(len(array) if self.shape else 1, -1)
        row = 0
        for block in self.blocks(on_bytes):
            rows = target[row : row + len(block)]
            rows[:] = block[: len(rows)]
            row += len(block)


def equal_contents(first: TensorSlice, second: TensorSlice) -> bool:
    """Whether two tensors have the same shape and numbers; NaN equals NaN.

    Where their dtypes differ, the numbers may differ as much as the coarser one rounds or cuts off.
    """
    if first.shape != second.shape:
        return False
    rtol, atol = 0.0, 0.0
    if first.dtype != second.dtype:
        rtol, atol = np.max([_PRECISIONS[first.dtype], _PRECISIONS[second.dtype]], axis=0)
    pairs = zip(first.blocks(), second.blocks(), strict=True)
    return all(np.allclose(one, other, rtol, atol, equal_nan=True) for one, other in pairs)


def _as_float32(block: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bfloat16":  # the upper half of a float32
        return (block.astype(np.uint32) << 16).view(np.float32)
    return block.astype(np.float32, copy=False)
