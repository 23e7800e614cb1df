"""Choices element by element, on flat arrays of equal length; a condition is of booleans.

What is chosen from is read before: NEON cannot read on a condition in vectors, AVX2 not always.
"""

from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange


@kernel()
def where_forward(z, condition, x, y):
    for i in prange(z.size):
        chosen, other = x[i], y[i]
        z[i] = chosen if condition[i] else other


@kernel()
def where_backward(dx, dy, dz, condition):
    f = dz.dtype.type
    for i in prange(dz.size):
        grad = dz[i]
        dx[i] = grad if condition[i] else f(0)
        dy[i] = f(0) if condition[i] else grad


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
        grad = dy[i]
        dx[i] = grad if f(low) <= x[i] <= f(high) else f(0)
