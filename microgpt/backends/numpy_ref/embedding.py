"""Rows of a table (V, C), looked up by token ids (N,); with positions, ids are (B, T)."""

import numpy as np

from microgpt.backends.index_errors import raise_position_error, raise_token_error


def check_tokens(tokens, vocab_size):
    """Raise unless every token is within 0 … vocab_size − 1."""
    invalid = (tokens < 0) | (tokens >= vocab_size)
    if invalid.any():
        raise_token_error(tokens, int(invalid.argmax()), vocab_size)


def check_position(position, count, block_size):
    """Raise unless position (1,) … position + count − 1 are within 0 … block_size − 1."""
    if not 0 <= position[0] <= block_size - count:
        raise_position_error(int(position[0]), count, block_size)


def embedding_forward(y, table, tokens):
    np.take(table, tokens, axis=0, out=y)


def embedding_backward(dtable, dy, tokens):
    np.add.at(dtable, tokens, dy)  # a token that occurs twice counts twice


def token_position_embedding_forward(y, wte, wpe, tokens, position):
    """y[b · T + t] = wte[tokens[b, t]] + wpe[position + t], for position (1,)."""
    B, T = tokens.shape
    y.reshape(B, T, -1)[...] = wte[tokens] + wpe[position[0] : position[0] + T]


def token_position_embedding_backward(dwte, dwpe, dy, tokens, position):
    B, T = tokens.shape
    np.add.at(dwte, tokens.reshape(-1), dy)
    dwpe[position[0] : position[0] + T] += dy.reshape(B, T, -1).sum(axis=0)
