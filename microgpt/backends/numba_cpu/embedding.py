"""Rows of a table (V, C), looked up by token ids (N,); with positions, ids are (B, T).

Backward touches only the rows that are used, however long the table is. A token that occurs twice
counts twice, so threads cannot own tokens; each owns a block of columns.
"""

from microgpt.backends.numba_cpu.jit.check import check
from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.numpy_ref import embedding as maths

COLUMN_BLOCK = 128


@check(maths.check_tokens)
def check_tokens(tokens, vocab_size):
    """Raise unless every token is within 0 … vocab_size − 1."""
    invalid = 0
    for n in range(tokens.size):
        invalid += tokens[n] < 0 or tokens[n] >= vocab_size
    if invalid:
        raise ValueError


@check(maths.check_position)
def check_position(position, count, block_size):
    """Raise unless position (1,) … position + count − 1 are within 0 … block_size − 1."""
    if position[0] < 0 or position[0] > block_size - count:
        raise ValueError


@kernel()
def embedding_forward(y, table, tokens):
    N, C = y.shape
    for n in prange(N):
        row, out = table[tokens[n]], y[n]
        for c in range(C):
            out[c] = row[c]


@kernel(work=lambda dtable, dy, tokens: dy.size)
def embedding_backward(dtable, dy, tokens):
    N, C = dy.shape
    for block in prange((C + COLUMN_BLOCK - 1) // COLUMN_BLOCK):
        first, last = block * COLUMN_BLOCK, min(block * COLUMN_BLOCK + COLUMN_BLOCK, C)
        for n in range(N):
            row, out = dy[n, first:last], dtable[tokens[n], first:last]
            for c in range(row.size):
                out[c] += row[c]


@kernel()
def token_position_embedding_forward(y, wte, wpe, tokens, position):
    """y[b · T + t] = wte[tokens[b, t]] + wpe[position + t], for position (1,)."""
    T, C = tokens.shape[1], y.shape[1]
    start = position[0]
    for n in prange(tokens.size):
        b, t = n // T, n % T
        token_row, position_row, out = wte[tokens[b, t]], wpe[start + t], y[n]
        for c in range(C):
            out[c] = token_row[c] + position_row[c]


@kernel(work=lambda dwte, dwpe, dy, tokens, position: dy.size)
def token_position_embedding_backward(dwte, dwpe, dy, tokens, position):
    B, T = tokens.shape
    C = dy.shape[1]
    start = position[0]
    for block in prange((C + COLUMN_BLOCK - 1) // COLUMN_BLOCK):
        first, last = block * COLUMN_BLOCK, min(block * COLUMN_BLOCK + COLUMN_BLOCK, C)
        for b in range(B):
            for t in range(T):
                row = dy[b * T + t, first:last]
                dtoken, dposition = dwte[tokens[b, t], first:last], dwpe[start + t, first:last]
                for c in range(row.size):
                    dtoken[c] += row[c]
                    dposition[c] += row[c]
