"""Choices element by element, on flat arrays of equal length; a condition is of booleans."""

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, cover, threads


def where_forward(z, condition, x, y):
    _where_forward[cover(z.size), BLOCK](z, condition, x, y)


@threads
def _where_forward(z, condition, x, y):
    for i in range(cuda.grid(1), z.size, cuda.gridsize(1)):
        z[i] = x[i] if condition[i] else y[i]


def where_backward(dx, dy, dz, condition):
    _where_backward[cover(dx.size), BLOCK](dx, dy, dz, condition)


@threads
def _where_backward(dx, dy, dz, condition):
    f = dz.dtype.type
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        if condition[i]:
            dx[i] = dz[i]
            dy[i] = f(0)
        else:
            dx[i] = f(0)
            dy[i] = dz[i]


def clip_forward(y, x, low, high):
    _clip_forward[cover(y.size), BLOCK](y, x, low, high)


@threads
def _clip_forward(y, x, low, high):
    f = x.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        if x[i] < f(low):
            y[i] = f(low)
        elif x[i] > f(high):
            y[i] = f(high)
        else:  # NaN stays
            y[i] = x[i]


def clip_backward(dx, dy, x, low, high):
    _clip_backward[cover(dx.size), BLOCK](dx, dy, x, low, high)


@threads
def _clip_backward(dx, dy, x, low, high):
    f = x.dtype.type
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        if f(low) <= x[i] <= f(high):
            dx[i] = dy[i]
        else:
            dx[i] = f(0)
