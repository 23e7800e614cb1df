"""One pair of kernels for every rearrangement: transpose, slice, index and broadcast.

A plan (3, 5) describes a rearrangement of x: five sizes, the step in x along each of them, and
where in x it starts (five times); `x` and `y` are flat.
"""

from numba import prange

from microgpt.backends.numba_cpu.jit.compile import kernel


@kernel()
def strided_copy_forward(y, x, plan):
    A, B, C, D, E = plan[0]
    steps, start = plan[1], plan[2, 0]
    for ab in prange(A * B):
        a, b = ab // B, ab % B
        out = y[ab * C * D * E :]
        for c in range(C):
            for d in range(D):
                source = start + a * steps[0] + b * steps[1] + c * steps[2] + d * steps[3]
                for e in range(E):
                    out[(c * D + d) * E + e] = x[source + e * steps[4]]


@kernel(work=lambda dx, dy, plan: dy.size)
def strided_copy_backward(dx, dy, plan):
    """Adds into dx; each element of dx is hit at most once (broadcasts go back through sums)."""
    A, B, C, D, E = plan[0]
    steps, start = plan[1], plan[2, 0]
    for ab in prange(A * B):
        a, b = ab // B, ab % B
        upstream = dy[ab * C * D * E :]
        for c in range(C):
            for d in range(D):
                target = start + a * steps[0] + b * steps[1] + c * steps[2] + d * steps[3]
                for e in range(E):
                    dx[target + e * steps[4]] += upstream[(c * D + d) * E + e]
