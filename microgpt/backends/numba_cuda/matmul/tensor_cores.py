"""A block of 8 warps a tile of 128 × 128 elements, multiplied by tensor cores.

One instruction of a warp multiplies a 16 × 8 matrix by an 8 × 8 one: 1,024 products. Its numbers
are tf32, float32 with 10 bits of fraction in place of 23, so a result has about three digits; the
sums are float32. Each warp has 64 × 32 elements, 4 × 4 results of that instruction.

`split`: three products in place of one, with the digits of float32 ("3xTF32"). Each number is split
in two tf32, high and low, and x · y ≈ high · high + high · low + low · high. An infinity becomes
NaN, since its low part would be ∞ − ∞.

- Numbers go from global to shared memory without passing through registers, by asynchronous copies.
  They are waited for at the beginning of the next step, so the next tile arrives while this one is
  multiplied; then a barrier, since a thread waits for its own copies only.
- An operand that lies along k in memory lies so in shared memory too, in rows of 20 numbers; one
  that lies across, in rows of 136: the 32 lanes of a warp read from 32 banks either way.

float32 only, in arrays that begin at multiples of 16 bytes, as all their rows do.
"""

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import device, threads
from microgpt.backends.numba_cuda._ptx import (
    as_float32,
    commit_copies,
    copy4_async,
    load_shared,
    mma_tf32,
    to_tf32,
    wait_for_copies,
)

f32 = np.float32
TILE, DEPTH = 128, 16
DEEP, WIDE = 20, 136  # numbers of a row in shared memory that lies along k, or across
THREADS = 256  # of a block
REGISTERS = 168  # of a thread
COMPUTE_CAPABILITY = (8, 0)  # of the first GPUs that have tf32 and asynchronous copies


def make_tensor_cores(a_transposed, b_transposed, store, split):
    """Return the kernel for two storages and for what is to become of each sum."""
    a_deep, b_deep = not a_transposed, b_transposed
    left_shape = (2, TILE, DEEP) if a_deep else (2, DEPTH, WIDE)
    right_shape = (2, TILE, DEEP) if b_deep else (2, DEPTH, WIDE)
    copy_left = copy_deep_tile if a_deep else copy_wide_tile
    copy_right = copy_deep_tile if b_deep else copy_wide_tile
    left_at = deep_element if a_deep else wide_element
    right_at = deep_element if b_deep else wide_element

    @device
    def store_sums(c, other, bias, s, row, column, sums, i, j):
        """Store the four sums that a lane has of one 16 × 8 result."""
        if column < c.shape[2]:  # and the next column too, as rows are multiples of four long
            if row < c.shape[1]:
                store(c, other, bias, s, row, column, sums[i, j, 0])
                store(c, other, bias, s, row, column + 1, sums[i, j, 1])
            if row + 8 < c.shape[1]:
                store(c, other, bias, s, row + 8, column, sums[i, j, 2])
                store(c, other, bias, s, row + 8, column + 1, sums[i, j, 3])

    @device
    def store_row(c, other, bias, s, row, column, sums, i):
        # Written out: an index of registers must be known when the kernel is compiled.
        store_sums(c, other, bias, s, row, column, sums, i, 0)
        store_sums(c, other, bias, s, row, column + 8, sums, i, 1)
        store_sums(c, other, bias, s, row, column + 16, sums, i, 2)
        store_sums(c, other, bias, s, row, column + 24, sums, i, 3)

    @threads(registers=REGISTERS)
    def tensor_cores(c, other, bias, a, b):
        left = cuda.shared.array(left_shape, f32)
        right = cuda.shared.array(right_shape, f32)
        sums = cuda.local.array((4, 4, 4), f32)
        high = cuda.local.array((4, 2), np.int32)  # of b
        low = cuda.local.array((4, 2), np.int32)
        K = a.shape[1] if a_transposed else a.shape[2]
        t = cuda.threadIdx.x
        lane, warp = t % 32, t // 32
        group, member = lane // 4, lane % 4  # a lane's row and column in the small matrices
        s, top, side = cuda.blockIdx.z, cuda.blockIdx.y * TILE, cuda.blockIdx.x * TILE
        m0, n0 = warp % 2 * 64, warp // 2 * 32
        for i in range(4):
            for j in range(4):
                for r in range(4):
                    sums[i, j, r] = f32(0)
        copy_left(left, 0, a, s, top, 0, t)
        copy_right(right, 0, b, s, side, 0, t)
        commit_copies()
        buffer = 0
        for start in range(0, K, DEPTH):
            wait_for_copies()
            cuda.syncthreads()
            copy_left(left, 1 - buffer, a, s, top, start + DEPTH, t)
            copy_right(right, 1 - buffer, b, s, side, start + DEPTH, t)
            commit_copies()
            for step in range(0, DEPTH, 8):
                k = step + member
                for j in range(4):
                    n = n0 + j * 8 + group
                    y0, y1 = right_at(right, buffer, n, k), right_at(right, buffer, n, k + 4)
                    high[j, 0], high[j, 1] = to_tf32(y0), to_tf32(y1)
                    if split:
                        low[j, 0], low[j, 1] = low_tf32(y0, high[j, 0]), low_tf32(y1, high[j, 1])
                for i in range(4):
                    m = m0 + i * 16 + group
                    x0, x1 = left_at(left, buffer, m, k), left_at(left, buffer, m + 8, k)
                    x2, x3 = left_at(left, buffer, m, k + 4), left_at(left, buffer, m + 8, k + 4)
                    u0, u1, u2, u3 = to_tf32(x0), to_tf32(x1), to_tf32(x2), to_tf32(x3)
                    if split:
                        p0, p1 = low_tf32(x0, u0), low_tf32(x1, u1)
                        p2, p3 = low_tf32(x2, u2), low_tf32(x3, u3)
                    for j in range(4):
                        v0, v1 = high[j, 0], high[j, 1]
                        r0, r1 = sums[i, j, 0], sums[i, j, 1]
                        r2, r3 = sums[i, j, 2], sums[i, j, 3]
                        if split:  # the small products first, before the sum is large
                            w0, w1 = low[j, 0], low[j, 1]
                            r0, r1, r2, r3 = mma_tf32(p0, p1, p2, p3, v0, v1, r0, r1, r2, r3)
                            r0, r1, r2, r3 = mma_tf32(u0, u1, u2, u3, w0, w1, r0, r1, r2, r3)
                        r0, r1, r2, r3 = mma_tf32(u0, u1, u2, u3, v0, v1, r0, r1, r2, r3)
                        sums[i, j, 0], sums[i, j, 1] = r0, r1
                        sums[i, j, 2], sums[i, j, 3] = r2, r3
            buffer = 1 - buffer
        wait_for_copies()
        row, column = top + m0 + group, side + n0 + member * 2
        store_row(c, other, bias, s, row, column, sums, 0)
        store_row(c, other, bias, s, row + 16, column, sums, 1)
        store_row(c, other, bias, s, row + 32, column, sums, 2)
        store_row(c, other, bias, s, row + 48, column, sums, 3)

    return tensor_cores


@device
def deep_element(tile, buffer, row, k):
    """An element of a tile whose rows lie along k."""
    return load_shared(tile, buffer, row, k)


@device
def wide_element(tile, buffer, column, k):
    """An element of a tile whose rows lie across."""
    return load_shared(tile, buffer, k, column)


@device
def low_tf32(x, high):
    """What tf32 leaves of x: the tf32 nearest to x − high, both numbers of tf32 as bits."""
    return to_tf32(x - as_float32(high))


@device
def copy_deep_tile(tile, buffer, array, s, top, start, t):
    """Copy 128 rows of 16 numbers along k: each thread 4 numbers of two rows."""
    row, k = t // 4, t % 4 * 4
    copy4_async(tile, buffer, row, k, array, s, top + row, start + k)
    copy4_async(tile, buffer, row + 64, k, array, s, top + row + 64, start + k)


@device
def copy_wide_tile(tile, buffer, array, s, side, start, t):
    """Copy 16 rows of 128 numbers across: each thread 4 numbers of two rows."""
    k, column = t // 32, t % 32 * 4
    copy4_async(tile, buffer, k, column, array, s, start + k, side + column)
    copy4_async(tile, buffer, k + 8, column, array, s, start + k + 8, side + column)
