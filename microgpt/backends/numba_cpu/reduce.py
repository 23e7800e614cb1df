"""Sums and maxima along the middle of x (outer, N, inner)."""

from numba import prange

from microgpt.backends.numba_cpu._compile import kernel

CHUNK = 256


def _input(y, x):
    return x.size


@kernel(work=_input)
def sum_forward(y, x):
    """Sums of at most CHUNK numbers first, then their sum: long sums lose fewer digits so."""
    f = x.dtype.type
    outer, N, inner = x.shape
    for o in prange(outer):
        for i in range(inner):
            y[o, i] = f(0)
            for start in range(0, N, CHUNK):
                part = f(0)
                for n in range(start, min(start + CHUNK, N)):
                    part += x[o, n, i]
                y[o, i] += part


@kernel()
def sum_backward(dx, dy):
    outer, N, inner = dx.shape
    for o in prange(outer):
        for n in range(N):
            for i in range(inner):
                dx[o, n, i] = dy[o, i]


@kernel(work=lambda y, where, x: x.size)
def max_forward(y, where, x):
    outer, N, inner = x.shape
    for o in prange(outer):
        for i in range(inner):
            best = 0  # the first of equals; NaN counts as greatest, as in NumPy
            for n in range(1, N):
                greatest = x[o, best, i]
                if greatest == greatest and not x[o, n, i] <= greatest:
                    best = n
            y[o, i] = x[o, best, i]
            where[o, i] = best


@kernel()
def max_backward(dx, dy, where):
    f = dx.dtype.type
    outer, N, inner = dx.shape
    for o in prange(outer):
        for n in range(N):
            for i in range(inner):
                dx[o, n, i] = dy[o, i] if where[o, i] == n else f(0)
