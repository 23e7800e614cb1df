"""Choices element by element, on flat arrays of equal length; a condition is of booleans."""

from numba import prange

from microgpt.backends.numba_cpu.jit.kernel import kernel


@kernel()
def where_forward(z, condition, x, y):
    for i in prange(z.size):
        z[i] = x[i] if condition[i] else y[i]


@kernel()
def where_backward(dx, dy, dz, condition):
    f = dz.dtype.type
    for i in prange(dz.size):
        dx[i] = dz[i] if condition[i] else f(0)
        dy[i] = f(0) if condition[i] else dz[i]


@kernel()
def clip_forward(y, x, low, high):
    f = x.dtype.type
    for i in prange(x.size):
        raised = f(low) if x[i] < f(low) else x[i]  # NaN stays
        y[i] = f(high) if raised > f(high) else raised


@kernel()
def clip_backward(dx, dy, x, low, high):
    f = x.dtype.type
    for i in prange(x.size):
        dx[i] = dy[i] if f(low) <= x[i] <= f(high) else f(0)
