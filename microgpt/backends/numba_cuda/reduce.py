"""Sums and maxima along the middle of x (outer, N, inner), and the root of a variance.

With inner = 1 a warp has a row of x; else a thread has a column, and neighbours read neighbours.
"""

import math

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, WARP, cover, device, threads
from microgpt.backends.numba_cuda._rows import (
    ROW_BLOCK,
    cover_rows,
    first_column,
    first_row,
    row_stride,
)
from microgpt.backends.numba_cuda._warps import ALL, warp_sum

CHUNK = 256


def sum_forward(y, x):
    """y = Σ_n x[:, n], in columns by chunks, which loses fewer digits."""
    outer, _, inner = x.shape
    if inner == 1:
        _sum_of_rows[cover_rows(outer), ROW_BLOCK](y, x)
    else:
        _sum_of_columns[cover(outer * inner), BLOCK](y, x)


@threads
def _sum_of_rows(y, x):
    f = x.dtype.type
    for o in range(first_row(), x.shape[0], row_stride()):
        total = f(0)
        for n in range(first_column(), x.shape[1], WARP):
            total += x[o, n, 0]
        total = warp_sum(total)
        if first_column() == 0:
            y[o, 0] = total


@threads
def _sum_of_columns(y, x):
    f = x.dtype.type
    outer, N, inner = x.shape
    for column in range(cuda.grid(1), outer * inner, cuda.gridsize(1)):
        o, i = column // inner, column % inner
        total = f(0)
        for start in range(0, N, CHUNK):
            partial = f(0)
            for n in range(start, min(start + CHUNK, N)):
                partial += x[o, n, i]
            total += partial
        y[o, i] = total


def sum_backward(dx, dy):
    """dx[:, n] = dy for every n."""
    _sum_backward[cover(dx.size), BLOCK](dx, dy)


@threads
def _sum_backward(dx, dy):
    _, N, inner = dx.shape
    for element in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        o, n, i = element // (N * inner), element // inner % N, element % inner
        dx[o, n, i] = dy[o, i]


def max_forward(y, argmax, x):
    """y = max_n x[:, n], and its index: the first of equals, NaN before all numbers."""
    outer, _, inner = x.shape
    if inner == 1:
        _max_of_rows[cover_rows(outer), ROW_BLOCK](y, argmax, x)
    else:
        _max_of_columns[cover(outer * inner), BLOCK](y, argmax, x)


@threads
def _max_of_rows(y, argmax, x):
    N = x.shape[1]
    for o in range(first_row(), x.shape[0], row_stride()):
        best = min(first_column(), N - 1)
        value = x[o, best, 0]
        for n in range(first_column(), N, WARP):
            if _is_better(x[o, n, 0], n, value, best):
                value, best = x[o, n, 0], n
        step = WARP // 2
        while step > 0:
            other, index = cuda.shfl_xor_sync(ALL, value, step), cuda.shfl_xor_sync(ALL, best, step)
            if _is_better(other, index, value, best):
                value, best = other, index
            step //= 2
        if first_column() == 0:
            y[o, 0] = value
            argmax[o, 0] = best


@threads
def _max_of_columns(y, argmax, x):
    outer, N, inner = x.shape
    for column in range(cuda.grid(1), outer * inner, cuda.gridsize(1)):
        o, i = column // inner, column % inner
        best = 0
        for n in range(1, N):
            if _is_better(x[o, n, i], n, x[o, best, i], best):
                best = n
        y[o, i] = x[o, best, i]
        argmax[o, i] = best


@device
def _is_better(value, index, best_value, best):
    """Whether a number comes before the best so far; NaN is the only number unequal to itself."""
    if value != value or best_value != best_value:
        is_first = best_value == best_value or index < best
        return value != value and is_first
    return value > best_value or (value == best_value and index < best)


def max_backward(dx, dy, argmax):
    """dx = dy where the maximum was, else 0."""
    _max_backward[cover(dx.size), BLOCK](dx, dy, argmax)


@threads
def _max_backward(dx, dy, argmax):
    f = dx.dtype.type
    _, N, inner = dx.shape
    for element in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        o, n, i = element // (N * inner), element // inner % N, element % inner
        dx[o, n, i] = dy[o, i] if argmax[o, i] == n else f(0)


def std_forward(y, variance):
    """y = √variance."""
    _std_forward[cover(y.size), BLOCK](y, variance)


@threads
def _std_forward(y, variance):
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = math.sqrt(variance[i])


def std_backward(dvariance, dy, y):
    """dvariance = dy / 2y, and 0 where y is 0."""
    _std_backward[cover(y.size), BLOCK](dvariance, dy, y)


@threads
def _std_backward(dvariance, dy, y):
    f = y.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        dvariance[i] = dy[i] / (f(2) * y[i]) if y[i] != f(0) else f(0)
