"""Attention of one more token over a cache of keys and values (B, H, S, D)."""

import math

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import COUNT_REFERENCES, INLINE
from microgpt.backends.numba_cpu.jit.kernel import SerialKernel, kernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.numba_cpu.simd.row_ops import dot, softmax_row
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    broadcast_load,
    load,
    masked_load,
    masked_store,
    shuffle_xor,
    splat,
)


@kernel(work=lambda cache, x, position: x.size)
def kv_cache_write_(cache, x, position):
    """cache[:, :, position : position + T] = x (B, H, T, D)."""
    B, H, T, D = x.shape
    start = position[0]
    for head in prange(B * H):
        b, h = head // H, head % H
        for t in range(T):
            for d in range(D):
                cache[b, h, start + t, d] = x[b, h, t, d]


@SerialKernel
def increment_position_(position, count):
    """position (1,) += count."""
    position[0] += count


@kernel(work=lambda y, weights, q, keys, values, position: keys.size)
def decode_attention_forward(y, weights, q, keys, values, position):
    """y = softmax(q · keysᵀ / √D) · values over the cached positions up to `position`.

    q, y (B, H, D); weights (B, H, S) are the probabilities, 0 beyond `position`.
    """
    f = q.dtype.type
    B, H, D = q.shape
    S = keys.shape[2]
    num_keys = position[0] + 1
    scale = f(D**-0.5)
    for head in prange(B * H):
        b, h = head // H, head % H
        out, row = y[b, h], weights[b, h]
        for s in range(num_keys):
            row[s] = dot(q[b, h], keys[b, h, s])
        softmax_row(row[:num_keys], row[:num_keys], scale)
        out[:] = f(0)
        for s in range(num_keys):
            value = values[b, h, s]
            for d in range(D):
                out[d] += row[s] * value[d]
        for s in range(num_keys, S):
            row[s] = f(0)


@kernel(work=lambda y, keys, values, qkv, position, n_head: keys.size, flags=COUNT_REFERENCES)
def decode_self_attention_(y, keys, values, qkv, position, n_head):
    """Write a token's key and value, from qkv (B, 3C), to the cache, then attend up to it.

    y (B, C), keys and values (B, H, S, D) with C = H · D, position (1,).
    """
    f = qkv.dtype.type
    B, C = y.shape
    S, D = keys.shape[2:]
    num_keys = position[0] + 1
    padded = (num_keys + LANES - 1) // LANES * LANES
    probs = np.empty((B * n_head, padded), y.dtype)
    for head in prange(B * n_head):
        query, cached = head // n_head * 3 * C + head % n_head * D, head * S * D
        new = cached + position[0] * D
        for d in range(0, D, LANES):
            masked_store(keys, new + d, masked_load(qkv, query + C + d, D - d), D - d)
            masked_store(values, new + d, masked_load(qkv, query + 2 * C + d, D - d), D - d)
        row = probs[head]
        for s in range(num_keys):
            score = _dot(qkv, query, keys, cached + s * D, D)
            masked_store(row, s, score, 1)
        row[num_keys:] = f(-np.inf)
        softmax_row(row, row, f(1) / math.sqrt(f(D)))
        for d in range(0, D, LANES):
            even, odd = splat(f(0)), splat(f(0))  # neither waits for the other
            for s in range(0, num_keys - 1, 2):
                value = cached + s * D + d
                even = even + broadcast_load(row, s) * masked_load(values, value, D - d)
                odd = odd + broadcast_load(row, s + 1) * masked_load(values, value + D, D - d)
            if num_keys % 2:
                s = num_keys - 1
                value = cached + s * D + d
                even = even + broadcast_load(row, s) * masked_load(values, value, D - d)
            masked_store(y, head * D + d, even + odd, D - d)


@numba.njit(**INLINE)
def _dot(x, x_offset, y, y_offset, size):
    """In each lane, the dot product of `size` numbers of two flat arrays."""
    total = splat(x.dtype.type(0))
    for d in range(0, size - LANES + 1, LANES):
        total = total + load(x, x_offset + d) * load(y, y_offset + d)
    d = size // LANES * LANES
    if d < size:
        rest = size - d
        total = total + masked_load(x, x_offset + d, rest) * masked_load(y, y_offset + d, rest)
    total = total + shuffle_xor(total, 8)
    total = total + shuffle_xor(total, 4)
    total = total + shuffle_xor(total, 2)
    return total + shuffle_xor(total, 1)
