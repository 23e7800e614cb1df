"""A block of threads a tile of 128 × 128 elements, and each thread 8 × 8 of them in its registers.

The block walks along k eight steps at a time. At each k a thread reads 8 numbers of a and 8 of b
from shared memory and makes 64 products of them: a number that was read serves 8 products, where in
`tiles` it serves one.

- Numbers move four at a time, 16 bytes in one instruction, wherever four lie side by side.
- A thread's rows are four in the upper half of the tile and four in the lower, its columns
  likewise. So the threads of a warp read numbers that lie side by side, from different banks.
- Two tiles of each operand lie in shared memory, a double buffer. While one is multiplied, the
  numbers of the next are on their way into registers. One barrier a tile is enough: whoever passed
  it has read the old tile and written the new one.
- Rows of 132 numbers let the threads that transpose an operand write to 32 banks.

Each element is added up in the order of k, so it has the bits that `naive` gives it. float32 only.
Where a row's length is no multiple of four, numbers of global memory move one at a time.
"""

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import device, threads
from microgpt.backends.numba_cuda._ptx import load4, load4_shared, store4_shared, store_shared
from microgpt.backends.numba_cuda.matmul.stores import FOUR_WIDE, make_store_each

f32 = np.float32
TILE, HALF, PADDED = 128, 64, 132
DEPTH, LOG_DEPTH = 8, 3  # steps along k that a tile has
EACH, HALF_EACH = 8, 4  # rows and columns of a thread
THREADS = 256  # of a block
REGISTERS = 128  # of a thread: two blocks fit on a multiprocessor, which has 65,536
REGISTERS_UNALIGNED = 168  # one block, since each number then has an address of its own


def make_registers(a_transposed, b_transposed, store, is_aligned):
    """Return the kernel for two storages and for what is to become of each sum.

    `is_aligned`: all arrays begin at multiples of 16 bytes, and so do all their rows.
    """
    return make_register_tiles(a_transposed, b_transposed, store, is_aligned, multiply_tile)


def make_register_tiles(a_transposed, b_transposed, store, is_aligned, multiply):
    """Return the kernel that multiplies its tiles with the device function `multiply`."""
    load = load_four if is_aligned else load_each
    store_four = FOUR_WIDE[store] if is_aligned else make_store_each(store)

    @device
    def store_row(c, other, bias, s, row, column, sums, i):
        """Store row i of a thread, whose number must be known when the kernel is compiled."""
        N = c.shape[2]
        if row < c.shape[1]:
            if column < N:
                store_four(
                    c, other, bias, s, row, column,
                    sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3],
                )  # fmt: skip
            if column + HALF < N:
                store_four(
                    c, other, bias, s, row, column + HALF,
                    sums[i, 4], sums[i, 5], sums[i, 6], sums[i, 7],
                )  # fmt: skip

    @threads(registers=REGISTERS if is_aligned else REGISTERS_UNALIGNED)
    def registers(c, other, bias, a, b):
        left = cuda.shared.array((2, DEPTH, PADDED), f32)  # buffer, k, rows of c
        right = cuda.shared.array((2, DEPTH, PADDED), f32)  # buffer, k, columns of c
        sums = cuda.local.array((EACH, EACH), f32)
        rows = cuda.local.array(EACH, f32)
        columns = cuda.local.array(EACH, f32)
        K = a.shape[1] if a_transposed else a.shape[2]
        t = cuda.threadIdx.x
        s, top, side = cuda.blockIdx.z, cuda.blockIdx.y * TILE, cuda.blockIdx.x * TILE
        # In bits: what Python's % and // do for negative numbers would take registers.
        x, y = (t & 15) << 2, (t >> 4) << 2  # its first column and row
        # What this thread brings of each tile: four numbers that lie side by side.
        deep_k, deep_row = (t & 1) << 2, t >> 1  # along k
        wide_k, wide_column = t >> 5, (t & 31) << 2  # across
        for i in range(EACH):
            for j in range(EACH):
                sums[i, j] = f32(0)
        for start in range(0, K + DEPTH, DEPTH):
            buffer = (start >> LOG_DEPTH) & 1
            if a_transposed:
                a0, a1, a2, a3 = load(a, s, start + wide_k, top + wide_column)
            else:
                a0, a1, a2, a3 = load(a, s, top + deep_row, start + deep_k)
            if b_transposed:
                b0, b1, b2, b3 = load(b, s, side + deep_row, start + deep_k)
            else:
                b0, b1, b2, b3 = load(b, s, start + wide_k, side + wide_column)
            if start > 0:
                multiply(left, right, sums, rows, columns, 1 - buffer, x, y)
            if a_transposed:
                store4_shared(left, buffer, wide_k, wide_column, a0, a1, a2, a3)
            else:
                store_column(left, buffer, deep_k, deep_row, a0, a1, a2, a3)
            if b_transposed:
                store_column(right, buffer, deep_k, deep_row, b0, b1, b2, b3)
            else:
                store4_shared(right, buffer, wide_k, wide_column, b0, b1, b2, b3)
            cuda.syncthreads()
        row, column = top + y, side + x
        store_row(c, other, bias, s, row, column, sums, 0)
        store_row(c, other, bias, s, row + 1, column, sums, 1)
        store_row(c, other, bias, s, row + 2, column, sums, 2)
        store_row(c, other, bias, s, row + 3, column, sums, 3)
        store_row(c, other, bias, s, row + HALF, column, sums, 4)
        store_row(c, other, bias, s, row + HALF + 1, column, sums, 5)
        store_row(c, other, bias, s, row + HALF + 2, column, sums, 6)
        store_row(c, other, bias, s, row + HALF + 3, column, sums, 7)

    return registers


@device
def multiply_tile(left, right, sums, rows, columns, buffer, x, y):
    """sums[i, j] += Σ_k of a tile, for the 8 × 8 elements of a thread."""
    for k in range(DEPTH):
        multiply_column(left, right, sums, rows, columns, buffer, k, x, y)


@device
def multiply_column(left, right, sums, rows, columns, buffer, k, x, y):
    """sums[i, j] += left[k, row i] · right[k, column j]: 64 products of 16 numbers."""
    rows[0], rows[1], rows[2], rows[3] = load4_shared(left, buffer, k, y)
    rows[4], rows[5], rows[6], rows[7] = load4_shared(left, buffer, k, HALF + y)
    columns[0], columns[1], columns[2], columns[3] = load4_shared(right, buffer, k, x)
    for i in range(EACH):
        for j in range(HALF_EACH):
            sums[i, j] += rows[i] * columns[j]
    columns[0], columns[1], columns[2], columns[3] = load4_shared(right, buffer, k, HALF + x)
    for i in range(EACH):
        for j in range(HALF_EACH):
            sums[i, HALF_EACH + j] += rows[i] * columns[j]


@device
def load_four(array, s, i, j):
    """array[s, i, j … j + 3] in one load; zeros outside. Rows are multiples of four long."""
    zero = f32(0)
    if i < array.shape[1] and j < array.shape[2]:
        return load4(array, s, i, j)
    return zero, zero, zero, zero


@device
def load_each(array, s, i, j):
    """array[s, i, j … j + 3] one by one; zeros outside."""
    return (
        _load_one(array, s, i, j),
        _load_one(array, s, i, j + 1),
        _load_one(array, s, i, j + 2),
        _load_one(array, s, i, j + 3),
    )


@device
def _load_one(array, s, i, j):
    return array[s, i, j] if i < array.shape[1] and j < array.shape[2] else f32(0)


@device
def store_column(tile, buffer, k, row, first, second, third, fourth):
    """tile[buffer, k … k + 3, row] = the four: they lie along k in memory, and across in a tile."""
    store_shared(tile, buffer, k, row, first)
    store_shared(tile, buffer, k + 1, row, second)
    store_shared(tile, buffer, k + 2, row, third)
    store_shared(tile, buffer, k + 3, row, fourth)
