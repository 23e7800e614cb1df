"""Rows of a table (V, C), looked up by token ids (N,); with positions, ids are (B, T).

Forward has a thread an element. Backward adds rows of dy that may belong to the same token: a warp
owns 32 columns of a row of the table and looks through all ids in order, so no two threads add to
one element, and the order of additions is that of the ids.

An id or position that a check has refused (`checks.py`) is left out, so that no thread touches what
is not there.
"""

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, WARP, cover, threads
from microgpt.backends.numba_cuda._warps import ALL

uint32 = np.uint32


def embedding_forward(y, table, tokens):
    """y[n] = table[tokens[n]]."""
    _embedding_forward[cover(y.size), BLOCK](y, table, tokens)


@threads
def _embedding_forward(y, table, tokens):
    C = y.shape[1]
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        n, c = i // C, i % C
        if 0 <= tokens[n] < table.shape[0]:
            y[n, c] = table[tokens[n], c]


def embedding_backward(dtable, dy, tokens):
    """dtable[tokens[n]] += dy[n] for each n; a token that occurs twice counts twice."""
    V, C = dtable.shape
    warps = V * -(-C // WARP)
    _embedding_backward[cover(warps, BLOCK // WARP), BLOCK](dtable, dy, tokens, warps)


@threads
def _embedding_backward(dtable, dy, tokens, warps):
    N, C = dy.shape
    warps_per_row = (C + WARP - 1) // WARP
    lane = cuda.threadIdx.x % WARP
    for warp in range(cuda.grid(1) // WARP, warps, cuda.gridsize(1) // WARP):
        row, c = warp // warps_per_row, warp % warps_per_row * WARP + lane
        for first in range(0, N, WARP):  # each lane looks at one id, and all hear of the row's
            n = first + lane
            found = uint32(cuda.ballot_sync(ALL, n < N and tokens[n] == row))
            n = first
            while found > 0:
                if found & 1 and c < C:
                    dtable[row, c] += dy[n, c]
                found, n = found >> 1, n + 1


def token_position_embedding_forward(y, wte, wpe, tokens, position):
    """y[b · T + t] = wte[tokens[b, t]] + wpe[position + t], for position (1,)."""
    T = tokens.shape[1]
    _add_positions[cover(y.size), BLOCK](y, wte, wpe, tokens.reshape(-1), position, T)


@threads
def _add_positions(y, wte, wpe, tokens, position, T):
    C = y.shape[1]
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        n, c = i // C, i % C
        t = position[0] + n % T
        if 0 <= tokens[n] < wte.shape[0] and t < wpe.shape[0]:
            y[n, c] = wte[tokens[n], c] + wpe[t, c]


def token_position_embedding_backward(dwte, dwpe, dy, tokens, position):
    """dwte[tokens[b, t]] += dy[b · T + t] and dwpe[position + t] += Σ_b dy[b · T + t]."""
    B, T = tokens.shape
    embedding_backward(dwte, dy, tokens.reshape(-1))
    _position_backward[cover(T * dy.shape[1]), BLOCK](dwpe, dy, position, B, T)


@threads
def _position_backward(dwpe, dy, position, B, T):
    """A thread a column of a position: it adds up the texts."""
    f = dy.dtype.type
    C = dy.shape[1]
    for i in range(cuda.grid(1), T * C, cuda.gridsize(1)):
        t, c = i // C, i % C
        total = f(0)
        for b in range(B):
            total += dy[b * T + t, c]
        dwpe[position[0] + t, c] += total
