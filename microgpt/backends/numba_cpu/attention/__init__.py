"""Causal self-attention, and one more token's over a cache of keys and values (B, H, S, D)."""

import math
from collections.abc import Callable

import numba
import numpy as np
from numba import prange

from microgpt.backends.numba_cpu.attention.kernel2_blocked import (
    attend_back_in_blocks,
    attend_in_blocks,
)
from microgpt.backends.numba_cpu.attention.kernel3_small_heads import (
    attend_back_in_channels,
    attend_in_channels,
    channels_pay,
)
from microgpt.backends.numba_cpu.attention.kernel4_transposed import attend_turned, turning_pays
from microgpt.backends.numba_cpu.jit.compile import HELPER, INLINE, Kernel, SerialKernel, kernel
from microgpt.backends.numba_cpu.simd.dropout_mask import drawing
from microgpt.backends.numba_cpu.simd.row_ops import dot, softmax_row
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    load,
    load_first,
    neighbours,
    repeat,
    spread,
    store_first,
)


@kernel(work=lambda cache, x, position: x.size)
def kv_cache_write_(cache, x, position):
    """Put x (B, H, T, D) into the cache from `position` (1,) on."""
    B, H, T, D = x.shape
    start = position[0]
    for head in prange(B * H):
        b, h = head // H, head % H
        for t in range(T):
            for d in range(D):
                cache[b, h, start + t, d] = x[b, h, t, d]


@SerialKernel
def increment_position_(position, count):
    position[0] += count


@kernel(work=lambda y, weights, q, keys, values, position: keys.size)
def decode_attention_forward(y, weights, q, keys, values, position):
    """Attend with q (B, H, D) to the cached positions up to and including `position`."""
    f = q.dtype.type
    B, H, D = q.shape
    S = keys.shape[2]
    seen = position[0] + 1
    scale = f(D**-0.5)
    for head in prange(B * H):
        b, h = head // H, head % H
        out, row = y[b, h], weights[b, h]
        for s in range(seen):
            row[s] = dot(q[b, h], keys[b, h, s])
        softmax_row(row[:seen], row[:seen], scale)
        out[:] = f(0)
        for s in range(seen):
            value = values[b, h, s]
            for d in range(D):
                out[d] += row[s] * value[d]
        for s in range(seen, S):
            row[s] = f(0)


class _BySize:
    """One of several kernels: the sizes of qkv (B, T, 3C), the last but one argument, decide."""

    def __init__(self, blocks: Kernel, small: list[tuple[Callable[[int, int], bool], Kernel]]):
        self.function = blocks.function
        self.blocks, self.small = blocks, small

    def select_variant(self, arguments: tuple) -> Callable:
        qkv, n_head = arguments[-2:]
        _, T, C3 = qkv.shape
        for pays, small in self.small:
            if pays(T, C3 // (3 * n_head)):
                return small.select_variant(arguments)
        return self.blocks.select_variant(arguments)


def _unless_small(*small: tuple[Callable[[int, int], bool], Kernel]) -> Callable[[Kernel], _BySize]:
    """Other kernels for small heads: the first one that says it pays."""
    return lambda blocks: _BySize(blocks, list(small))


def _work(qkv, n_head, products):
    """In each head, so many products of T by T by D numbers, and the exponentials."""
    B, T, C3 = qkv.shape
    return B * n_head * T * T * (products * C3 // (3 * n_head) + 32) // 16


@numba.njit(**HELPER)
def _chunks(count, length, size):
    """Into how many parts of some microseconds heads or texts are divided: by shape alone."""
    return min(count, 1 + count * length * length * size // 2**17)


@kernel(work=lambda y, lse, qkv, n_head: _work(qkv, n_head, 2))
def _turned_forward(y, lse, qkv, n_head):
    B, T, C = y.shape
    chunks = _chunks(B, T, C)
    for chunk in prange(chunks):
        begin, end = B * chunk // chunks, B * (chunk + 1) // chunks
        attend_turned(y, lse, qkv, n_head, begin, end)


@kernel(work=lambda y, lse, qkv, n_head: _work(qkv, n_head, 2))
def _channels_forward(y, lse, qkv, n_head):
    B, T, C = y.shape
    chunks = _chunks(B, T, C)
    for chunk in prange(chunks):
        begin, end = B * chunk // chunks, B * (chunk + 1) // chunks
        attend_in_channels(y, lse, qkv, n_head, begin, end)


@_unless_small((turning_pays, _turned_forward), (channels_pay, _channels_forward))
@kernel(work=lambda y, lse, qkv, n_head: _work(qkv, n_head, 2))
def self_attention_forward(y, lse, qkv, n_head):
    """Attend with each head of qkv (B, T, 3C) to the positions up to each one's own."""
    B, T, C = y.shape
    heads = B * n_head
    chunks = _chunks(heads, T, C // n_head)
    for chunk in prange(chunks):
        begin, end = heads * chunk // chunks, heads * (chunk + 1) // chunks
        attend_in_blocks(y, lse, qkv, n_head, begin, end, None)


@kernel(work=lambda dqkv, dy, y, lse, qkv, n_head: _work(qkv, n_head, 5))
def _channels_backward(dqkv, dy, y, lse, qkv, n_head):
    B, T, C = dy.shape
    chunks = _chunks(B, T, C)
    for chunk in prange(chunks):
        begin, end = B * chunk // chunks, B * (chunk + 1) // chunks
        attend_back_in_channels(dqkv, dy, y, lse, qkv, n_head, begin, end)


@_unless_small((channels_pay, _channels_backward))
@kernel(work=lambda dqkv, dy, y, lse, qkv, n_head: _work(qkv, n_head, 5))
def self_attention_backward(dqkv, dy, y, lse, qkv, n_head):
    """The scores once more from qkv, their softmax from lse, then the gradient of each third."""
    B, T, C = dy.shape
    heads = B * n_head
    chunks = _chunks(heads, T, C // n_head)
    for chunk in prange(chunks):
        begin, end = heads * chunk // chunks, heads * (chunk + 1) // chunks
        attend_back_in_blocks(dqkv, dy, y, lse, qkv, n_head, begin, end, None)


@kernel(work=lambda y, lse, qkv, n_head, turn, *numbers: _work(qkv, n_head, 2))
def dropout_attention_forward(y, lse, qkv, n_head, turn, site, threshold, scale):
    """The same with dropout on the weights; lse is still that of all scores."""
    f = y.dtype.type
    B, T, C = y.shape
    heads = B * n_head
    chunks = _chunks(heads, T, C // n_head)
    for chunk in prange(chunks):
        begin, end = heads * chunk // chunks, heads * (chunk + 1) // chunks
        draw = drawing(turn, site, threshold, scale, f)  # no thread can be given a tuple
        attend_in_blocks(y, lse, qkv, n_head, begin, end, draw)


@kernel(work=lambda dqkv, dy, y, lse, qkv, n_head, turn, *numbers: _work(qkv, n_head, 5))
def dropout_attention_backward(dqkv, dy, y, lse, qkv, n_head, turn, site, threshold, scale):
    """The factors of the weights are drawn once more, too."""
    f = dy.dtype.type
    B, T, C = dy.shape
    heads = B * n_head
    chunks = _chunks(heads, T, C // n_head)
    for chunk in prange(chunks):
        begin, end = heads * chunk // chunks, heads * (chunk + 1) // chunks
        draw = drawing(turn, site, threshold, scale, f)
        attend_back_in_blocks(dqkv, dy, y, lse, qkv, n_head, begin, end, draw)


@numba.njit(**INLINE)
def _product(x, x_at, y, y_at, size):
    """In each lane, the sum of the products of `size` numbers from two flat arrays."""
    total = spread(x.dtype.type(0))
    for d in range(0, size - LANES + 1, LANES):
        total = total + load(x, x_at + d) * load(y, y_at + d)
    d = size // LANES * LANES
    if d < size:
        total = total + load_first(x, x_at + d, size - d) * load_first(y, y_at + d, size - d)
    total = total + neighbours(total, 8)
    total = total + neighbours(total, 4)
    total = total + neighbours(total, 2)
    return total + neighbours(total, 1)


@kernel(work=lambda y, keys, values, qkv, position, n_head: keys.size)
def decode_self_attention_(y, keys, values, qkv, position, n_head):
    """Put a token's keys and values, from qkv (B, 3C), at `position`, and attend up to there."""
    f = qkv.dtype.type
    B, C = y.shape
    S, D = keys.shape[2:]
    seen = position[0] + 1
    whole = (seen + LANES - 1) // LANES * LANES
    chances = np.empty((B * n_head, whole), y.dtype)
    for head in prange(B * n_head):
        query, cached = head // n_head * 3 * C + head % n_head * D, head * S * D
        here = cached + position[0] * D
        for d in range(0, D, LANES):
            store_first(keys, here + d, load_first(qkv, query + C + d, D - d), D - d)
            store_first(values, here + d, load_first(qkv, query + 2 * C + d, D - d), D - d)
        row = chances[head]
        for s in range(seen):
            score = _product(qkv, query, keys, cached + s * D, D)
            store_first(row, s, score, 1)
        row[seen:] = f(-np.inf)
        softmax_row(row, row, f(1) / math.sqrt(f(D)))
        for d in range(0, D, LANES):
            even, odd = spread(f(0)), spread(f(0))  # neither waits for the other
            for s in range(0, seen - 1, 2):
                at = cached + s * D + d
                even = even + repeat(row, s) * load_first(values, at, D - d)
                odd = odd + repeat(row, s + 1) * load_first(values, at + D, D - d)
            if seen % 2:
                s = seen - 1
                even = even + repeat(row, s) * load_first(values, cached + s * D + d, D - d)
            store_first(y, head * D + d, even + odd, D - d)
