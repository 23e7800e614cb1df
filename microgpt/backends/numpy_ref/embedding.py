"""Rows of a table (V, C), looked up by token ids (N,); with positions, ids are (B, T)."""

import numpy as np

from microgpt.backends.index_errors import raise_token_error, raise_position_error


def check_tokens(tokens, vocab_size):
    bad = (tokens < 0) | (tokens >= vocab_size)
    if bad.any():
        raise_token_error(tokens, int(bad.argmax()), vocab_size)


def check_position(position, count, places):
    """Whether `count` tokens from `position` on have a place."""
    if not 0 <= position[0] <= places - count:
        raise_position_error(int(position[0]), count, places)


def embedding_forward(y, table, tokens):
    np.take(table, tokens, axis=0, out=y)


def embedding_backward(dtable, dy, tokens):
    np.add.at(dtable, tokens, dy)  # a token that occurs twice counts twice


def token_position_embedding_forward(y, wte, wpe, tokens, position):
    """y (B · T, C): the row of each token plus that of its place; the first place is `position`."""
    B, T = tokens.shape
    places = wpe[position[0] : position[0] + T]
    y.reshape(B, T, -1)[...] = wte[tokens] + places


def token_position_embedding_backward(dwte, dwpe, dy, tokens, position):
    B, T = tokens.shape
    np.add.at(dwte, tokens.reshape(-1), dy)
    dwpe[position[0] : position[0] + T] += dy.reshape(B, T, -1).sum(axis=0)
