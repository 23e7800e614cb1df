"""Rows of a table (V, C), looked up by token ids (N,)."""

from numba import prange

from microgpt.backends.numba_cpu._compile import SerialKernel, kernel
from microgpt.backends.tokens import refuse

BLOCK = 16


@SerialKernel
def _first_outside(tokens, end):
    """The first place of an id outside [0, end), or −1."""
    for n in range(tokens.size):
        if tokens[n] < 0 or tokens[n] >= end:
            return n
    return -1


def check_tokens(tokens, vocab_size):
    place = _first_outside.serial(tokens, vocab_size)
    if place >= 0:
        refuse(tokens, place, vocab_size)


@kernel()
def embedding_forward(y, table, tokens):
    N, C = y.shape
    for n in prange(N):
        row, out = table[tokens[n]], y[n]
        for c in range(C):
            out[c] = row[c]


@kernel(work=lambda dtable, dy, tokens: dy.size)
def embedding_backward(dtable, dy, tokens):
    """A token that occurs twice counts twice; each thread owns a block of columns."""
    N, C = dy.shape
    for block in prange((C + BLOCK - 1) // BLOCK):
        first, last = block * BLOCK, min(block * BLOCK + BLOCK, C)
        for n in range(N):
            row, out = dy[n], dtable[tokens[n]]
            for c in range(first, last):
                out[c] += row[c]
