"""Arithmetic on flat arrays of equal length; broadcasting happens before, in `ops/`."""

import numpy as np


def fill_(y, number):
    """y = number."""
    y[...] = number


def accumulate_(y, x):
    """y += x."""
    y += x


def add_forward(z, x, y):
    np.add(x, y, out=z)


def subtract_forward(z, x, y):
    np.subtract(x, y, out=z)


def multiply_forward(z, x, y):
    np.multiply(x, y, out=z)


def multiply_backward(dx, dy, dz, x, y):
    np.multiply(dz, y, out=dx)
    np.multiply(dz, x, out=dy)


def divide_forward(z, x, y):
    with np.errstate(divide="ignore", invalid="ignore"):
        np.divide(x, y, out=z)


def divide_backward(dx, dy, dz, x, y):
    with np.errstate(divide="ignore", invalid="ignore"):
        dx[...] = dz / y
        dy[...] = -dz * x / (y * y)


def power_forward(y, x, exponent):
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        np.power(x, x.dtype.type(exponent), out=y)


def power_backward(dx, dy, x, exponent):
    if exponent == 0:
        dx[...] = 0
        return
    f = x.dtype.type
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        dx[...] = dy * (f(exponent) * np.power(x, f(exponent - 1)))


def rpower_forward(y, x, base):
    """y = base ** x."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        np.power(x.dtype.type(base), x, out=y)


def rpower_backward(dx, dy, y, base):
    """dx = dy · y · log(base); for the base 0 that is 0, but where y is infinite."""
    f = y.dtype.type
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = y * np.log(f(base))
        dx[...] = dy * (np.where(y <= 1, 0, slope) if base == 0 else slope)


def scale_forward(y, x, number):
    np.multiply(x, x.dtype.type(number), out=y)


def shift_forward(y, x, number):
    np.add(x, x.dtype.type(number), out=y)
