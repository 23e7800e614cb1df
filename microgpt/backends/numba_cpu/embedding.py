"""Rows of a table (V, C), looked up by token ids (N,)."""

import numpy as np
from numba import prange

from microgpt.backends.numba_cpu._compile import SerialKernel, kernel
from microgpt.backends.tokens import refuse

BLOCK = 16


@SerialKernel
def _first_outside(place, tokens, least, end):
    place[0] = -1
    for n in range(tokens.size):
        if tokens[n] < least or tokens[n] >= end:
            place[0] = n
            break


def check_tokens(tokens, vocab_size):
    place = np.empty(1, np.int32)
    _first_outside.serial(place, tokens, 0, vocab_size)
    if place[0] >= 0:
        refuse(tokens, int(place[0]), vocab_size)


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
