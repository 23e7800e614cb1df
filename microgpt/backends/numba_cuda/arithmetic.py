"""Arithmetic on flat arrays of equal length: one element a thread, and further ones a grid on.

Broadcasting happens before, in `ops/`.
"""

import math

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, cover, threads


def fill_(y, number):
    """y = number."""
    _fill[cover(y.size), BLOCK](y, number)


@threads
def _fill(y, number):
    f = y.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = f(number)


def accumulate_(y, x):
    """y += x."""
    _accumulate[cover(y.size), BLOCK](y, x)


@threads
def _accumulate(y, x):
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] += x[i]


def add_forward(z, x, y):
    _add_forward[cover(z.size), BLOCK](z, x, y)


@threads
def _add_forward(z, x, y):
    for i in range(cuda.grid(1), z.size, cuda.gridsize(1)):
        z[i] = x[i] + y[i]


def subtract_forward(z, x, y):
    _subtract_forward[cover(z.size), BLOCK](z, x, y)


@threads
def _subtract_forward(z, x, y):
    for i in range(cuda.grid(1), z.size, cuda.gridsize(1)):
        z[i] = x[i] - y[i]


def multiply_forward(z, x, y):
    _multiply_forward[cover(z.size), BLOCK](z, x, y)


@threads
def _multiply_forward(z, x, y):
    for i in range(cuda.grid(1), z.size, cuda.gridsize(1)):
        z[i] = x[i] * y[i]


def multiply_backward(dx, dy, dz, x, y):
    _multiply_backward[cover(dx.size), BLOCK](dx, dy, dz, x, y)


@threads
def _multiply_backward(dx, dy, dz, x, y):
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        dx[i] = dz[i] * y[i]
        dy[i] = dz[i] * x[i]


def divide_forward(z, x, y):
    _divide_forward[cover(z.size), BLOCK](z, x, y)


@threads
def _divide_forward(z, x, y):
    for i in range(cuda.grid(1), z.size, cuda.gridsize(1)):
        z[i] = x[i] / y[i]


def divide_backward(dx, dy, dz, x, y):
    _divide_backward[cover(dx.size), BLOCK](dx, dy, dz, x, y)


@threads
def _divide_backward(dx, dy, dz, x, y):
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        dx[i] = dz[i] / y[i]
        dy[i] = -dz[i] * x[i] / (y[i] * y[i])


def power_forward(y, x, exponent):
    _power_forward[cover(y.size), BLOCK](y, x, exponent)


@threads
def _power_forward(y, x, exponent):
    f = x.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = math.pow(x[i], f(exponent))


def power_backward(dx, dy, x, exponent):
    _power_backward[cover(dx.size), BLOCK](dx, dy, x, exponent)


@threads
def _power_backward(dx, dy, x, exponent):
    f = x.dtype.type
    p = f(exponent)
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        if p == f(0):
            dx[i] = f(0)
        else:
            dx[i] = dy[i] * (p * math.pow(x[i], p - f(1)))


def rpower_forward(y, x, base):
    """y = base ** x."""
    _rpower_forward[cover(y.size), BLOCK](y, x, base)


@threads
def _rpower_forward(y, x, base):
    f = x.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = math.pow(f(base), x[i])


def rpower_backward(dx, dy, y, base):
    """dx = dy · y · log(base); for the base 0 that is 0, but where y is infinite."""
    _rpower_backward[cover(dx.size), BLOCK](dx, dy, y, base)


@threads
def _rpower_backward(dx, dy, y, base):
    f = y.dtype.type
    log_base = math.log(f(base))
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        if f(base) == f(0) and y[i] <= f(1):
            dx[i] = f(0)
        else:
            dx[i] = dy[i] * (y[i] * log_base)


def scale_forward(y, x, number):
    _scale_forward[cover(y.size), BLOCK](y, x, number)


@threads
def _scale_forward(y, x, number):
    f = x.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = x[i] * f(number)


def shift_forward(y, x, number):
    _shift_forward[cover(y.size), BLOCK](y, x, number)


@threads
def _shift_forward(y, x, number):
    f = x.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = x[i] + f(number)
