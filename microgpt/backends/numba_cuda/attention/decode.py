"""Attention of one more token over a cache of keys and values (B, H, S, D): a warp a head.

A position that a check has refused (`checks.py`) is left out of the cache.
"""

import math

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, WARP, cover, scratch, threads
from microgpt.backends.numba_cuda._warps import warp_max, warp_sum


def decode_attention_forward(y, weights, q, keys, values, position):
    """y = softmax(q · keysᵀ / √D) · values over the cached positions up to `position`.

    q, y (B, H, D); weights (B, H, S) are the probabilities, 0 beyond `position`.
    """
    stride = q.shape[1] * q.shape[2]
    grid = cover(q.shape[0] * q.shape[1], BLOCK // WARP)
    _decode[grid, BLOCK](y.reshape(-1), weights, q.reshape(-1), stride, keys, values, position)


def decode_self_attention_(y, keys, values, qkv, position, n_head):
    """Write a token's key and value, from qkv (B, 3C), to the cache, then attend up to it.

    y (B, C), keys and values (B, H, S, D) with C = H · D, position (1,).
    """
    B, H, S, _ = keys.shape
    _write_token[cover(y.size), BLOCK](keys, values, qkv, position)
    weights = scratch((B, H, S), y)
    grid = cover(B * H, BLOCK // WARP)
    flat_y, flat_q = y.reshape(-1), qkv.reshape(-1)
    _decode[grid, BLOCK](flat_y, weights, flat_q, qkv.shape[1], keys, values, position)


@threads
def _write_token(keys, values, qkv, position):
    H, D = keys.shape[1], keys.shape[3]
    C = H * D
    for i in range(cuda.grid(1), qkv.shape[0] * C, cuda.gridsize(1)):
        b, h, d = i // C, i // D % H, i % D
        if position[0] < keys.shape[2]:
            keys[b, h, position[0], d] = qkv[b, C + h * D + d]
            values[b, h, position[0], d] = qkv[b, 2 * C + h * D + d]


@threads(registers=96)
def _decode(y, weights, q, stride, keys, values, position):
    """q[b · stride + h · D + d] is the query of a head: of an array of its own, or within qkv."""
    f = keys.dtype.type
    H, S, D = keys.shape[1], keys.shape[2], keys.shape[3]
    lane, num_keys = cuda.threadIdx.x % 32, min(position[0] + 1, S)
    for head in range(cuda.grid(1) // 32, keys.shape[0] * H, cuda.gridsize(1) // 32):
        b, h = head // H, head % H
        max_score, total = f(-math.inf), f(0)
        for s in range(lane, num_keys, 32):
            score = f(0)
            for d in range(D):
                score += q[b * stride + h * D + d] * keys[b, h, s, d]
            score /= math.sqrt(f(D))
            weights[b, h, s] = score
            max_score = max(max_score, score)
        max_score = warp_max(max_score)
        for s in range(lane, num_keys, 32):
            weight = math.exp(weights[b, h, s] - max_score)
            weights[b, h, s] = weight
            total += weight
        total = warp_sum(total)
        for s in range(lane, S, 32):
            weights[b, h, s] = weights[b, h, s] / total if s < num_keys else f(0)
        cuda.syncwarp()  # now the lanes share the features; each needs all weights
        for d in range(lane, D, 32):
            number = f(0)
            for s in range(num_keys):
                number += weights[b, h, s] * values[b, h, s, d]
            y[head * D + d] = number


def kv_cache_write_(cache, x, position):
    """cache[:, :, position : position + T] = x (B, H, T, D)."""
    _kv_cache_write[cover(x.size), BLOCK](cache, x, position)


@threads
def _kv_cache_write(cache, x, position):
    H, T, D = x.shape[1], x.shape[2], x.shape[3]
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        b, h, t, d = i // (H * T * D), i // (T * D) % H, i // D % T, i % D
        if position[0] + t < cache.shape[2]:
            cache[b, h, position[0] + t, d] = x[b, h, t, d]


def increment_position_(position, count):
    """position (1,) += count."""
    _increment_position[1, 1](position, count)


@threads
def _increment_position(position, count):
    position[0] += count
