"""Products with weights kept as codes, and look-ups of their rows: less memory to read.

codes (M, K) are int8, with a float32 scale for each row (M,), or bfloat16's bits as uint16, without
scales: an array of no elements. A weight is its code, widened to float32, times its row's scale.

For one row of x, or few, nothing takes as long as reading the weights, so codes are widened in
registers, and asked for AHEAD bytes before they are needed: of four rows at a time, which the
processor fetches too late by itself. For more rows of x, a block of the weights is widened to
float32 once, and the product is that of `matmul`. The order of sums depends on shapes alone.

Gained on two cores with AVX-512, a matrix of GPT-2's head times one row, time of a core: float32
11.6 ms, bfloat16 5.5, int8 2.8; by LLVM's own vectors, without asking ahead, 7.0 and 3.7. Did not
help: eight rows at a time, or four beside each other. Where all threads widened together before
they multiplied together, a product took three times as long on a busy machine: they waited.
"""

import numpy as np
from numba import njit

from microgpt.backends.numba_cpu.jit.compile import COUNT_REFERENCES, HELPER
from microgpt.backends.numba_cpu.jit.kernel import SerialKernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.numba_cpu.matmul import gemm_kernel
from microgpt.backends.numba_cpu.matmul.blocking import NO_EPILOGUE, ONE_BLOCK, gemm_nt
from microgpt.backends.numba_cpu.simd.codes import load_widened, prefetch, sum_lanes, widen
from microgpt.backends.numba_cpu.simd.vector import LANES, load, splat

FEW_ROWS = 4  # up to so many rows of x, each reads the codes for itself
BLOCK = 128  # rows of codes that are multiplied, or widened, at a time
PARTS = 32  # of a matrix whose blocks are widened, for as many threads at most
AHEAD = 1024  # bytes


@gemm_kernel(
    work=lambda y, x, codes, scales, bias: y.size * x.shape[1] // 4, flags=COUNT_REFERENCES
)
def quantized_linear_forward(y, x, codes, scales, bias):
    """y = x · weightᵀ + bias: x (N, K), codes (M, K), scales (M,), bias (M,) -> y (N, M)."""
    N, M = y.shape
    K = x.shape[1]
    blocks = (M + BLOCK - 1) // BLOCK
    if N <= FEW_ROWS:
        for block in prange(blocks):
            left, right = block * BLOCK, min(M, block * BLOCK + BLOCK)
            for n in range(N):
                out = y[n, left:right]
                write_dots(out, x[n], codes[left:right])
                finish_row(out, out, scales[left:right], bias[left:right])
    else:
        parts = min(PARTS, blocks)
        for part in prange(parts):  # each with memory of its own, for all its blocks
            rows = np.empty((BLOCK, K), x.dtype)
            for block in range(blocks * part // parts, blocks * (part + 1) // parts):
                left, right = block * BLOCK, min(M, block * BLOCK + BLOCK)
                for m in range(left, right):
                    widen_row(rows[m - left], codes[m])
                sums, weight = np.empty((N, right - left), x.dtype), rows[: right - left]
                gemm_nt(ONE_BLOCK, sums, None, None, x, weight, None, NO_EPILOGUE)
                for n in range(N):
                    finish_row(y[n, left:right], sums[n], scales[left:right], bias[left:right])


@SerialKernel
def quantized_embedding_forward(y, codes, scales, tokens):
    """y[n] = weight[tokens[n]]: codes (V, C), scales (V,), tokens (N,) -> y (N, C)."""
    for n in range(len(y)):
        write_weight_row(y[n], codes, scales, tokens[n])


@SerialKernel
def quantized_token_position_embedding_forward(y, codes, scales, wpe, tokens, position):
    """y[b · T + t] = weight[tokens[b, t]] + wpe[position + t], for tokens (B, T), position (1,)."""
    T = tokens.shape[1]
    start = position[0]
    for n in range(tokens.size):
        b, t = n // T, n % T
        position_row, out = wpe[start + t], y[n]
        write_weight_row(out, codes, scales, tokens[b, t])
        for c in range(out.size):
            out[c] += position_row[c]


@njit(**HELPER)
def write_dots(out, x, codes):
    """out[m] = x · codes[m], four rows at once, each the next one of its quarter."""
    f = x.dtype.type
    M, K = codes.shape
    quarter, vectors = (M + 3) // 4, K // (2 * LANES) * (2 * LANES)
    ahead = AHEAD // codes.itemsize
    for m in range(quarter):
        # Where M is no multiple of 4, the last row is computed again.
        m1, m2, m3 = (
            min(quarter + m, M - 1),
            min(2 * quarter + m, M - 1),
            min(3 * quarter + m, M - 1),
        )
        o0, o1, o2, o3 = m * K, m1 * K, m2 * K, m3 * K
        zeros = splat(f(0))
        s0, s1, s2, s3 = zeros, zeros, zeros, zeros
        t0, t1, t2, t3 = zeros, zeros, zeros, zeros
        for k in range(0, vectors, 2 * LANES):
            prefetch(codes, o0 + k + ahead)
            prefetch(codes, o1 + k + ahead)
            prefetch(codes, o2 + k + ahead)
            prefetch(codes, o3 + k + ahead)
            x0, x1 = load(x, k), load(x, k + LANES)
            s0 = s0 + x0 * load_widened(codes, o0 + k)
            s1 = s1 + x0 * load_widened(codes, o1 + k)
            s2 = s2 + x0 * load_widened(codes, o2 + k)
            s3 = s3 + x0 * load_widened(codes, o3 + k)
            t0 = t0 + x1 * load_widened(codes, o0 + k + LANES)
            t1 = t1 + x1 * load_widened(codes, o1 + k + LANES)
            t2 = t2 + x1 * load_widened(codes, o2 + k + LANES)
            t3 = t3 + x1 * load_widened(codes, o3 + k + LANES)
        out[m] = sum_lanes(s0 + t0) + rest(x, codes[m], vectors)
        out[m1] = sum_lanes(s1 + t1) + rest(x, codes[m1], vectors)
        out[m2] = sum_lanes(s2 + t2) + rest(x, codes[m2], vectors)
        out[m3] = sum_lanes(s3 + t3) + rest(x, codes[m3], vectors)


@njit(**HELPER)
def rest(x, codes, first):
    """x · codes from number `first` on."""
    total = x.dtype.type(0)
    for k in range(first, x.size):
        total += x[k] * widen(codes[k])
    return total


@njit(**HELPER)
def finish_row(out, sums, scales, bias):
    """out = sums · scales + bias; either may have no elements."""
    for m in range(out.size):
        out[m] = sums[m]
    if scales.size:
        for m in range(out.size):
            out[m] *= scales[m]
    if bias.size:
        for m in range(out.size):
            out[m] += bias[m]


@njit(**HELPER)
def widen_row(out, codes):
    """out = codes, widened."""
    for k in range(out.size):
        out[k] = widen(codes[k])


@njit(**HELPER)
def write_weight_row(out, codes, scales, index):
    """out = row `index` of the weights."""
    widen_row(out, codes[index])
    if scales.size:
        scale = scales[index]
        for c in range(out.size):
            out[c] *= scale
