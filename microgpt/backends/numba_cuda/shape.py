"""Copies of strided views: one pair of kernels for transpose, slice, index and broadcast.

A plan (3, 5) describes a view of x: five sizes, five strides in x, and its offset (five times); x
and y are flat. One element of y a thread; it looks for its own in x.
"""

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, cover, device, threads


@device
def _source(i, plan):
    """The element of x that the view's element i is; the last axis counts fastest."""
    source = plan[2, 0]
    for axis in range(4, -1, -1):
        source += i % plan[0, axis] * plan[1, axis]
        i //= plan[0, axis]
    return source


def strided_copy_forward(y, x, plan):
    """y = the view of x."""
    _strided_copy_forward[cover(y.size), BLOCK](y, x, plan)


@threads
def _strided_copy_forward(y, x, plan):
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = x[_source(i, plan)]


def strided_copy_backward(dx, dy, plan):
    """The view of dx += dy; it repeats no element (a broadcast goes back through a sum)."""
    _strided_copy_backward[cover(dy.size), BLOCK](dx, dy, plan)


@threads
def _strided_copy_backward(dx, dy, plan):
    for i in range(cuda.grid(1), dy.size, cuda.gridsize(1)):
        dx[_source(i, plan)] += dy[i]
