"""How rows are shared out: a warp has a row at a time, its lanes every 32nd column."""

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import WARP, cover, device

WARPS = 4  # of a block
ROW_BLOCK = WARPS * WARP  # its threads


def cover_rows(count):
    """Return how many blocks give each of so many rows a warp."""
    return cover(count, WARPS)


@device
def first_row():
    """The first row of this thread's warp; the next is `row_stride()` further."""
    return cuda.grid(1) // WARP


@device
def row_stride():
    """How many warps the grid has."""
    return cuda.gridsize(1) // WARP


@device
def first_column():
    """The first column of this thread; the next is WARP further."""
    return cuda.threadIdx.x % WARP
