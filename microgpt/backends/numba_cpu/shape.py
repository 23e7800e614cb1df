"""Copies of strided views: one pair of kernels for transpose, slice, index and broadcast.

A plan (3, 5) describes a view of x: five sizes, five strides in x, and its offset (five times); x
and y are flat.
"""

from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange


@kernel()
def strided_copy_forward(y, x, plan):
    """y = the view of x."""
    A, B, C, D, E = plan[0]
    strides, offset = plan[1], plan[2, 0]
    for ab in prange(A * B):
        a, b = ab // B, ab % B
        y_part = y[ab * C * D * E :]
        for c in range(C):
            for d in range(D):
                source = offset + a * strides[0] + b * strides[1] + c * strides[2] + d * strides[3]
                for e in range(E):
                    y_part[(c * D + d) * E + e] = x[source + e * strides[4]]


@kernel(work=lambda dx, dy, plan: dy.size)
def strided_copy_backward(dx, dy, plan):
    """The view of dx += dy; it repeats no element (a broadcast goes back through a sum)."""
    A, B, C, D, E = plan[0]
    strides, offset = plan[1], plan[2, 0]
    for ab in prange(A * B):
        a, b = ab // B, ab % B
        dy_part = dy[ab * C * D * E :]
        for c in range(C):
            for d in range(D):
                target = offset + a * strides[0] + b * strides[1] + c * strides[2] + d * strides[3]
                for e in range(E):
                    dx[target + e * strides[4]] += dy_part[(c * D + d) * E + e]
