"""Arithmetic on flat arrays of equal length; broadcasting happens before, in `ops/`."""

import math

from microgpt.backends.numba_cpu.jit.compile import PRECISE
from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange


@kernel()
def fill_(y, number):
    """y = number."""
    f = y.dtype.type
    if f(number) == f(0):  # becomes the C library's memset, which writes past the cache
        for i in prange(y.size):
            y[i] = f(0)
    else:
        for i in prange(y.size):
            y[i] = f(number)


@kernel()
def accumulate_(y, x):
    """y += x."""
    for i in prange(y.size):
        y[i] += x[i]


@kernel()
def add_forward(z, x, y):
    for i in prange(z.size):
        z[i] = x[i] + y[i]


@kernel()
def subtract_forward(z, x, y):
    for i in prange(z.size):
        z[i] = x[i] - y[i]


@kernel()
def multiply_forward(z, x, y):
    for i in prange(z.size):
        z[i] = x[i] * y[i]


@kernel()
def multiply_backward(dx, dy, dz, x, y):
    for i in prange(dz.size):
        dx[i] = dz[i] * y[i]
        dy[i] = dz[i] * x[i]


@kernel(flags=PRECISE)
def divide_forward(z, x, y):
    for i in prange(z.size):
        z[i] = x[i] / y[i]


@kernel(flags=PRECISE)
def divide_backward(dx, dy, dz, x, y):
    for i in prange(dz.size):
        dx[i] = dz[i] / y[i]
        dy[i] = -dz[i] * x[i] / (y[i] * y[i])


@kernel(cost=16)
def power_forward(y, x, exponent):
    f = x.dtype.type
    for i in prange(x.size):
        y[i] = math.pow(x[i], f(exponent))


@kernel(cost=16)
def power_backward(dx, dy, x, exponent):
    f = x.dtype.type
    p = f(exponent)
    for i in prange(x.size):
        dx[i] = f(0) if p == f(0) else dy[i] * (p * math.pow(x[i], p - f(1)))


@kernel(cost=16)
def rpower_forward(y, x, base):
    """y = base ** x."""
    f = x.dtype.type
    for i in prange(x.size):
        y[i] = math.pow(f(base), x[i])


@kernel()
def rpower_backward(dx, dy, y, base):
    """dx = dy · y · log(base); for the base 0 that is 0, but where y is infinite."""
    f = y.dtype.type
    log_base = math.log(f(base))
    for i in prange(y.size):
        flat = f(base) == f(0) and y[i] <= f(1)
        dx[i] = f(0) if flat else dy[i] * (y[i] * log_base)


@kernel()
def scale_forward(y, x, number):
    f = x.dtype.type
    for i in prange(x.size):
        y[i] = x[i] * f(number)


@kernel()
def shift_forward(y, x, number):
    f = x.dtype.type
    for i in prange(x.size):
        y[i] = x[i] + f(number)
