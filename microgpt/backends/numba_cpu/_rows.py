"""What several kernels do with one row; compiled into each of them."""

import numba
import numpy as np

from microgpt.backends.numba_cpu._compile import FLAGS
from microgpt.backends.numba_cpu._intrinsics import exp, maximum


@numba.njit(**FLAGS)
def dot(x, y):
    """The sum of x · y."""
    f = x.dtype.type
    total = f(0)
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@numba.njit(**FLAGS)
def greatest_of(x):
    """The maximum; −inf of nothing."""
    f = x.dtype.type
    greatest = f(-np.inf)
    for i in range(x.size):
        greatest = maximum(greatest, x[i])
    return greatest


@numba.njit(**FLAGS)
def softmax_row(out, x, scale):
    """out = softmax(scale · x); the greatest is subtracted first, so exp never overflows."""
    f = x.dtype.type
    shift = greatest_of(x) * scale  # scale is positive
    total = f(0)
    for i in range(x.size):
        e = exp(x[i] * scale - shift)
        out[i] = e
        total += e
    for i in range(x.size):
        out[i] /= total


@numba.njit(**FLAGS)
def log_sum_exp(x):
    """log(sum(exp(x)))."""
    f = x.dtype.type
    greatest = greatest_of(x)
    total = f(0)
    for i in range(x.size):
        total += exp(x[i] - greatest)
    return np.log(total) + greatest
