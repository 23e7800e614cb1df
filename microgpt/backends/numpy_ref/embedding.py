"""Rows of a table (V, C), looked up by token ids (N,)."""

import numpy as np

from microgpt.backends.tokens import refuse


def check_tokens(tokens, vocab_size):
    bad = (tokens < 0) | (tokens >= vocab_size)
    if bad.any():
        refuse(tokens, int(bad.argmax()), vocab_size)


def embedding_forward(y, table, tokens):
    np.take(table, tokens, axis=0, out=y)


def embedding_backward(dtable, dy, tokens):
    np.add.at(dtable, tokens, dy)  # a token that occurs twice counts twice
