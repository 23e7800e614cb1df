"""Matrix products as readable loops: `linear` with a weight (out, in), `matmul` of two stacks.

Where the inner loop runs along a row of both operands the sum is a dot product; where it does not,
whole rows are added up, so that memory is always read in order.
"""

from numba import prange

from microgpt.backends.numba_cpu._compile import kernel
from microgpt.backends.numba_cpu._rows import dot


@kernel(work=lambda y, x, weight: y.size * x.shape[1] // 4)
def linear_forward(y, x, weight):
    N, M = y.shape
    for n in prange(N):
        for o in range(M):
            y[n, o] = dot(x[n], weight[o])


@kernel(work=lambda dx, dweight, dy, x, weight: dy.size * x.shape[1] // 2)
def linear_backward(dx, dweight, dy, x, weight):
    """dx = dy · weight and dweight += dyᵀ · x."""
    f = x.dtype.type
    N, K = x.shape
    M = weight.shape[0]
    for n in prange(N):
        out = dx[n]
        out[:] = f(0)
        for o in range(M):
            factor = dy[n, o]
            row = weight[o]
            for k in range(K):
                out[k] += factor * row[k]
    for o in prange(M):
        out = dweight[o]
        for n in range(N):
            factor = dy[n, o]
            row = x[n]
            for k in range(K):
                out[k] += factor * row[k]


@kernel(work=lambda c, a, b: c.size * a.shape[2] // 4)
def matmul_forward(c, a, b):
    """c = a · b for each of the stacked matrices."""
    f = a.dtype.type
    B, M, K = a.shape
    N = b.shape[2]
    for row in prange(B * M):
        s, m = row // M, row % M
        out = c[s, m]
        out[:] = f(0)
        for k in range(K):
            factor = a[s, m, k]
            source = b[s, k]
            for n in range(N):
                out[n] += factor * source[n]


@kernel(work=lambda da, db, dc, a, b: dc.size * a.shape[2] // 2)
def matmul_backward(da, db, dc, a, b):
    """da = dc · bᵀ and db = aᵀ · dc."""
    f = a.dtype.type
    B, M, K = a.shape
    N = b.shape[2]
    for row in prange(B * M):
        s, m = row // M, row % M
        for k in range(K):
            da[s, m, k] = dot(dc[s, m], b[s, k])
    for row in prange(B * K):
        s, k = row // K, row % K
        out = db[s, k]
        out[:] = f(0)
        for m in range(M):
            factor = a[s, m, k]
            source = dc[s, m]
            for n in range(N):
                out[n] += factor * source[n]


@kernel(work=lambda c, a, b: c.size * a.shape[2] // 4)
def matmul_transposed_forward(c, a, b):
    """c = a · bᵀ for each of the stacked matrices."""
    B, M, N = c.shape
    for row in prange(B * M):
        s, m = row // M, row % M
        for n in range(N):
            c[s, m, n] = dot(a[s, m], b[s, n])


@kernel(work=lambda da, db, dc, a, b: dc.size * a.shape[2] // 2)
def matmul_transposed_backward(da, db, dc, a, b):
    """da = dc · b and db = dcᵀ · a."""
    f = a.dtype.type
    B, M, K = a.shape
    N = b.shape[1]
    for row in prange(B * M):
        s, m = row // M, row % M
        out = da[s, m]
        out[:] = f(0)
        for n in range(N):
            factor = dc[s, m, n]
            source = b[s, n]
            for k in range(K):
                out[k] += factor * source[k]
    for row in prange(B * N):
        s, n = row // N, row % N
        out = db[s, n]
        out[:] = f(0)
        for m in range(M):
            factor = dc[s, m, n]
            source = a[s, m]
            for k in range(K):
                out[k] += factor * source[k]
