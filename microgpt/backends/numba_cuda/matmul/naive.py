"""A thread an element: c[s, i, j] = Σ_k a[s, i, k] · b[s, k, j].

c (S, M, N) is a stack of S results. Operand a is stored as (S, M, K) or, transposed, (S, K, M);
b as (S, K, N) or, transposed, (S, N, K). Every number of a is read N times, every one of b M times.
"""

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import threads


def make_naive(a_transposed, b_transposed, store):
    """Return the kernel for two storages and for what is to become of each sum."""

    @threads
    def naive(c, other, bias, a, b):
        f = a.dtype.type
        M, N = c.shape[1], c.shape[2]
        K = a.shape[1] if a_transposed else a.shape[2]
        for element in range(cuda.grid(1), c.size, cuda.gridsize(1)):
            j = element % N  # neighbouring threads have neighbouring columns
            i, s = element // N % M, element // (M * N)
            total = f(0)
            for k in range(K):
                left = a[s, k, i] if a_transposed else a[s, i, k]
                right = b[s, j, k] if b_transposed else b[s, k, j]
                total += left * right
            store(c, other, bias, s, i, j, total)

    return naive
