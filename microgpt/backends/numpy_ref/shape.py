"""One pair of kernels for every rearrangement: transpose, slice, index and broadcast.

A rearrangement of x is described by five sizes, the step in x along each of them, and where in x
it starts; `x` and `y` are flat.
"""

from numpy.lib.stride_tricks import as_strided


def _view(x, sizes, steps, start):
    return as_strided(x[start:], sizes, [step * x.itemsize for step in steps])


def rearrange_forward(y, x, sizes, steps, start):
    if y.size:
        y.reshape(sizes)[...] = _view(x, sizes, steps, start)


def rearrange_backward(dx, dy, sizes, steps, start):
    """Adds into dx; each element of dx is hit at most once (broadcasts go back through sums)."""
    if dy.size:
        _view(dx, sizes, steps, start)[...] += dy.reshape(sizes)
