"""Tiles of attention: how many rows fit, how they are loaded, and what dropout needs.

A block has 4 · ROWS threads: the four lanes of a row, which are neighbours in a warp, share it.
"""

from typing import Any, NamedTuple

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import device, scratch
from microgpt.backends.numba_cuda._warps import ALL

LANES = 4  # of a row
SHARED_BYTES = 48 * 1024  # of a block, on every GPU
# Of a thread, by the rows of its tile. Wide heads have few rows, and shared memory then lets so few
# threads run at a time that each may have many.
REGISTERS = {32: 96, 16: 128, 8: 255}
SUM_BYTES = 512  # of a thread's sums: half of its 255 registers, which hold 4 bytes each


class Dropout(NamedTuple):
    """Dropout of the probabilities; without it `rng_state` has no elements."""

    rng_state: np.ndarray
    layer_id: int
    threshold: int
    scale: float

    @property
    def is_on(self) -> bool:
        return self.rng_state.size > 0


def no_dropout(like: Any) -> Dropout:
    return Dropout(scratch((0,), like, np.int64), 0, 0, 1.0)


def padded_width(D: int) -> int:
    """The width of a tile's rows: a multiple of the lanes, and one, so that banks differ."""
    return -(-D // LANES) * LANES + 1


def rows_of_tile(D: int, itemsize: int) -> int:
    """How many rows a tile has, so that four tiles and two squares fit a block.

    0 if a thread that sums dk and dv had more sums than it can keep in registers.
    """
    width = padded_width(D)
    if 2 * (width // LANES) * itemsize > SUM_BYTES:
        return 0
    for rows in (32, 16):
        if (4 * rows * width + 2 * rows * (rows + 1)) * itemsize <= SHARED_BYTES:
            return rows
    return 8


@device
def lanes_sum(value):
    """The sum over the four lanes of a row."""
    value += cuda.shfl_xor_sync(ALL, value, 1)
    return value + cuda.shfl_xor_sync(ALL, value, 2)


@device
def lanes_max(value):
    """The maximum over the four lanes of a row."""
    value = max(value, cuda.shfl_xor_sync(ALL, value, 1))
    return max(value, cuda.shfl_xor_sync(ALL, value, 2))


@device
def load_tile(tile, x, b, first_row, first_column, D):
    """tile[r, d] = x[b, first_row + r, first_column + d]; 0 beyond D. Rows beyond T are left."""
    f = x.dtype.type
    rows, width = min(tile.shape[0], x.shape[1] - first_row), tile.shape[1] - 1
    for n in range(cuda.threadIdx.x, rows * width, cuda.blockDim.x):
        r, d = n // width, n % width
        tile[r, d] = x[b, first_row + r, first_column + d] if d < D else f(0)
