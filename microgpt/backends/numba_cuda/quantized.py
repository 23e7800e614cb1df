"""Products with weights kept as codes, and look-ups of their rows; a thread an element.

codes (M, K) are int8, with a float32 scale for each row (M,), or bfloat16's bits as uint16, without
scales. A token or position that a check has refused (`checks.py`) is left out.
"""

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, cover, device, threads
from microgpt.backends.numba_cuda._ptx import as_float32

float32, int32 = np.float32, np.int32


@device
def widen_int8(code):
    """The float32 that an int8 code stands for, before it is scaled."""
    return float32(code)


@device
def widen_bfloat16(code):
    """The float32 whose upper half is a bfloat16."""
    return as_float32(int32(int32(code) << 16))


def make_linear(widen):
    """Return the kernel of the product for one type of codes."""

    @threads
    def linear(y, x, codes, scales, bias):
        M, K = codes.shape
        for element in range(cuda.grid(1), y.size, cuda.gridsize(1)):
            n, m = element // M, element % M
            total = float32(0)
            for k in range(K):
                total += x[n, k] * widen(codes[m, k])
            if scales.size > 0:
                total *= scales[m]
            if bias.size > 0:
                total += bias[m]
            y[n, m] = total

    return linear


def make_embedding(widen):
    """Return the kernel of the look-up for one type of codes."""

    @threads
    def embedding(y, codes, scales, tokens):
        C = y.shape[1]
        for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
            n, c = i // C, i % C
            if 0 <= tokens[n] < codes.shape[0]:
                number = widen(codes[tokens[n], c])
                y[n, c] = number * scales[tokens[n]] if scales.size > 0 else number

    return embedding


LINEAR = {"int8": make_linear(widen_int8), "uint16": make_linear(widen_bfloat16)}
EMBEDDING = {"int8": make_embedding(widen_int8), "uint16": make_embedding(widen_bfloat16)}


def quantized_linear_forward(y, x, codes, scales, bias):
    """y = x · weightᵀ + bias: x (N, K), codes (M, K), scales (M,), bias (M,) -> y (N, M)."""
    LINEAR[codes.dtype.name][cover(y.size), BLOCK](y, x, codes, scales, bias)


def quantized_embedding_forward(y, codes, scales, tokens):
    """y[n] = weight[tokens[n]]: codes (V, C), scales (V,), tokens (N,) -> y (N, C)."""
    EMBEDDING[codes.dtype.name][cover(y.size), BLOCK](y, codes, scales, tokens)


def quantized_token_position_embedding_forward(y, codes, scales, wpe, tokens, position):
    """y[b · T + t] = weight[tokens[b, t]] + wpe[position + t], for tokens (B, T), position (1,)."""
    quantized_embedding_forward(y, codes, scales, tokens.reshape(-1))
    _add_positions[cover(y.size), BLOCK](y, wpe, position, tokens.shape[1])


@threads
def _add_positions(y, wpe, position, T):
    C = y.shape[1]
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        n, c = i // C, i % C
        t = position[0] + n % T
        if t < wpe.shape[0]:
            y[n, c] += wpe[t, c]
