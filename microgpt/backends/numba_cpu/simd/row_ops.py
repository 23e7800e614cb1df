"""Operations on one row that several kernels share; compiled into each of them."""

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import HELPER
from microgpt.backends.numba_cpu.simd.intrinsics import exp, maximum

# A short row takes a loop of fixed length with the numbers beyond its end masked out: it runs in
# vectors, where of a loop over the row itself half would run number by number.
SHORT_ROW = 32


@numba.njit(**HELPER)
def dot(x, y):
    """The sum of x · y."""
    f = x.dtype.type
    total = f(0)
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@numba.njit(**HELPER)
def row_max(x):
    """The maximum; −inf of nothing."""
    f = x.dtype.type
    largest = f(-np.inf)
    for i in range(x.size):
        largest = maximum(largest, x[i])
    return largest


@numba.njit(**HELPER)
def softmax_row(out, x, scale):
    """out = softmax(scale · x); the maximum is subtracted first, so exp never overflows."""
    f = x.dtype.type
    shift = row_max(x) * scale  # scale is positive
    total = f(0)
    for i in range(x.size):
        e = exp(x[i] * scale - shift)
        out[i] = e
        total += e
    for i in range(x.size):
        out[i] /= total


@numba.njit(forceinline=True, **HELPER)
def sum_exp(x, shift):
    """The sum of exp(x − shift)."""
    f = x.dtype.type
    total = f(0)
    if x.size <= SHORT_ROW:
        for i in range(SHORT_ROW):
            total += exp(x[i] - shift) if i < x.size else f(0)
    else:
        for i in range(x.size):
            total += exp(x[i] - shift)
    return total


@numba.njit(forceinline=True, **HELPER)
def exp_row(x, shift, factor):
    """x = exp(x − shift) · factor, in place."""
    if x.size <= SHORT_ROW:
        for i in range(SHORT_ROW):
            if i < x.size:
                x[i] = exp(x[i] - shift) * factor
    else:
        for i in range(x.size):
            x[i] = exp(x[i] - shift) * factor


@numba.njit(**HELPER)
def log_sum_exp(x):
    """log(sum(exp(x)))."""
    f = x.dtype.type
    return log_sum(sum_exp(x, f(0)), x)


@numba.njit(**HELPER)
def log_sum(total, x):
    """log(total) for total = sum(exp(x)); out of range, the maximum is subtracted before exp."""
    f = x.dtype.type
    if f(1e-20) < total < f(1e30):
        return np.log(total)
    shift = row_max(x)
    return np.log(sum_exp(x, shift)) + shift
