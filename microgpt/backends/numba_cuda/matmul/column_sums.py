"""Sums over the rows of a matrix (N, C), a bias's gradient: two launches, no atomic additions.

Threads of one block cannot wait for another block. So the first launch leaves sums of 64 rows each
in memory, and the second adds these in order.
"""

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, cover, scratch, threads

ROWS = 64  # of a share


def accumulate_column_sums(sums, x):
    """sums (C,) += Σ_n x[n]."""
    N, C = x.shape
    shares = scratch((-(-N // ROWS), C), x)
    _sum_rows[cover(shares.size), BLOCK](shares, x)
    _add_shares[cover(sums.size), BLOCK](sums, shares)


@threads
def _sum_rows(shares, x):
    """A thread a share of a column: shares[p, c] = Σ x[n, c] over rows n = 64 p … 64 p + 63."""
    f = x.dtype.type
    N, C = x.shape
    for i in range(cuda.grid(1), shares.size, cuda.gridsize(1)):
        part, c = i // C, i % C
        total = f(0)
        for n in range(part * ROWS, min(part * ROWS + ROWS, N)):
            total += x[n, c]
        shares[part, c] = total


@threads
def _add_shares(sums, shares):
    """A thread a column."""
    f = shares.dtype.type
    for c in range(cuda.grid(1), sums.size, cuda.gridsize(1)):
        total = f(0)
        for part in range(shares.shape[0]):
            total += shares[part, c]
        sums[c] += total
