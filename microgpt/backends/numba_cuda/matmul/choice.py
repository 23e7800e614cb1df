"""Which rung multiplies: by shapes, alignment, the device and the precision, never by the clock.

`naive`, `tiles`, `registers` and `unrolled` add in the same order, so among these the number of
rows may decide. Rows are a batch's, and a row's bits must not depend on who else is in the batch;
so whether tensor cores multiply is decided without asking how many rows there are.
"""

from typing import NamedTuple

from microgpt.backends.matmul_precision import get_float32_matmul_precision
from microgpt.backends.numba_cuda.matmul import registers, tensor_cores, tiles

NAIVE, TILES, REGISTERS, UNROLLED = "naive", "tiles", "registers", "unrolled"
TENSOR_CORES, SPLIT = "tensor cores", "tensor cores, split"
RUNGS = NAIVE, TILES, REGISTERS, UNROLLED, TENSOR_CORES, SPLIT
OF_PRECISION = {"high": TENSOR_CORES, "3xtf32": SPLIT}

MAX_GRID = 65_535  # blocks along y and along z
MIN_WIDTH, MIN_DEPTH = 64, 32  # of what keeps tensor cores busy


class ProductShape(NamedTuple):
    """S products (M, K) · (K, N); `is_aligned`: all their rows begin at multiples of 16 bytes."""

    S: int
    M: int
    K: int
    N: int
    dtype: str
    is_aligned: bool


def choose(shape: ProductShape, compute_capability: tuple[int, int]) -> str:
    """Return the rung for a product on a device; float64 has no more than tiles."""
    if shape.N < tiles.TILE or shape.K < tiles.TILE:
        return NAIVE
    if shape.dtype != "float32" or shape.S > MAX_GRID or -(-shape.M // registers.TILE) > MAX_GRID:
        return TILES
    rung = OF_PRECISION.get(get_float32_matmul_precision())
    is_wide = shape.N >= MIN_WIDTH and shape.K >= MIN_DEPTH and shape.is_aligned
    if rung and is_wide and compute_capability >= tensor_cores.COMPUTE_CAPABILITY:
        return rung
    is_large = shape.M >= registers.TILE and shape.N >= registers.TILE
    return UNROLLED if is_large else TILES
