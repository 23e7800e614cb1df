"""Products with weights kept as codes, and look-ups of their rows: less memory to read.

codes (M, K) are int8, with a float32 scale for each row (M,), or bfloat16's bits as uint16, without
scales: an array of no elements. A weight is its code, widened to float32, times its row's scale.
All arithmetic is float32: of a row, the codes are multiplied and added, and the sum is scaled.
"""

import numpy as np

from microgpt.backends.bfloat16 import from_bfloat16
from microgpt.backends.numpy_ref._matmul import matmul

ROWS = 512  # widened at a time, so that no float32 copy of a matrix is ever made


def quantized_linear_forward(y, x, codes, scales, bias):
    """y = x · weightᵀ + bias: x (N, K), codes (M, K), scales (M,), bias (M,) -> y (N, M)."""
    for first in range(0, len(codes), ROWS):
        rows = slice(first, first + ROWS)
        y[:, rows] = matmul(x, _widen(codes[rows]).T)
        if scales.size:
            y[:, rows] *= scales[rows]
    if bias.size:
        y += bias


def quantized_embedding_forward(y, codes, scales, tokens):
    """y[n] = weight[tokens[n]]: codes (V, C), scales (V,), tokens (N,) -> y (N, C)."""
    y[...] = _widen(codes[tokens])
    if scales.size:
        y *= scales[tokens, None]


def quantized_token_position_embedding_forward(y, codes, scales, wpe, tokens, position):
    """y[b · T + t] = weight[tokens[b, t]] + wpe[position + t], for tokens (B, T), position (1,)."""
    B, T = tokens.shape
    quantized_embedding_forward(y, codes, scales, tokens.reshape(-1))
    y.reshape(B, T, -1)[...] += wpe[position[0] : position[0] + T]


def _widen(codes):
    """The float32 numbers that codes stand for, before they are scaled."""
    return from_bfloat16(codes) if codes.dtype == np.uint16 else codes.astype(np.float32)
