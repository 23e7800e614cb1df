"""Copies of strided views: one pair of kernels for transpose, slice, index and broadcast.

A plan (3, 5) describes a view of x: five sizes, five strides in x, and its offset (five times); x
and y are flat.
"""

from numpy.lib.stride_tricks import as_strided


def _view(x, plan):
    sizes, strides, (offset, *_) = plan.tolist()
    return as_strided(x[offset:], sizes, [stride * x.itemsize for stride in strides])


def strided_copy_forward(y, x, plan):
    """y = the view of x."""
    if y.size:
        y.reshape(plan[0])[...] = _view(x, plan)


def strided_copy_backward(dx, dy, plan):
    """The view of dx += dy; it repeats no element (a broadcast goes back through a sum)."""
    if dy.size:
        _view(dx, plan)[...] += dy.reshape(plan[0])
