"""Causal attention of heads of four numbers over texts of at most LANES tokens: a lane is a query.

The queries of all heads in LANES channels are turned at once, and the results turned back; keys and
values are read where they lie. The work is one vector for each head and key, half of them future:
in the other small heads (`_attention_channels.py`) it is one for each pair of tokens. Lanes beyond
the text's end hold anything; nothing of theirs is stored.
"""

import math

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import HELPER, INLINE
from microgpt.backends.numba_cpu.simd.math import log
from microgpt.backends.numba_cpu.simd.tiles import ROWS, exponentials, gather, scatter
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    greatest,
    keep_from,
    load,
    load_first,
    repeat,
    spread,
    stay_rolled,
    store,
    store_first,
    turn,
)

SQUARE = LANES * LANES


def turning_pays(length, size):
    """Whether attention over a text of that length, in heads of that size, is quickest so."""
    return LANES // 2 < length <= LANES and size == ROWS


@numba.njit(**INLINE)
def _all_finite(room, free, source, at, stride, rows, count):
    """Whether so many rows of `count` numbers are; LANES numbers of the room from `free` change."""
    f = source.dtype.type
    sums = spread(f(0))
    for t in range(rows):
        stay_rolled()
        sums = sums + f(0) * load_first(source, at + t * stride, count)  # 0 · inf is NaN
    store(room, free, sums)
    finite = True
    for lane in range(LANES):
        finite &= room[free + lane] == f(0)
    return finite


@numba.njit(**INLINE)
def _scores(room, scores, turned, qkv, keys, stride, count):
    """scores[j] = key j · queries, or −inf before query j; and the greatest score of each query."""
    f = qkv.dtype.type
    q0, q1 = load(room, turned), load(room, turned + LANES)
    q2, q3 = load(room, turned + 2 * LANES), load(room, turned + 3 * LANES)
    most = spread(f(-np.inf))
    for j in range(count):
        stay_rolled()
        key = keys + j * stride
        even = repeat(qkv, key) * q0 + repeat(qkv, key + 2) * q2
        odd = repeat(qkv, key + 1) * q1 + repeat(qkv, key + 3) * q3
        score = keep_from(even + odd, j, f(-np.inf))
        most = greatest(most, score)
        store(room, scores + j * LANES, score)
    return most


@numba.njit(**INLINE)
def _weighted_sums(room, out, weights, qkv, values, stride, count, finite, share):
    """out[d] = share · Σ_j weights[j] · value j[d].

    A query's weight of a later value is 0. But 0 · NaN is NaN: unless all values are `finite`,
    lanes before j leave value j out.
    """
    zeros = spread(room.dtype.type(0))
    t0, t1, t2, t3 = zeros, zeros, zeros, zeros
    if finite:
        for j in range(count):
            stay_rolled()
            weight, value = load(room, weights + j * LANES), values + j * stride
            t0, t1 = t0 + repeat(qkv, value) * weight, t1 + repeat(qkv, value + 1) * weight
            t2, t3 = t2 + repeat(qkv, value + 2) * weight, t3 + repeat(qkv, value + 3) * weight
    else:
        for j in range(count):
            stay_rolled()
            weight, value = load(room, weights + j * LANES), values + j * stride
            t0 = keep_from(t0 + repeat(qkv, value) * weight, j, t0)
            t1 = keep_from(t1 + repeat(qkv, value + 1) * weight, j, t1)
            t2 = keep_from(t2 + repeat(qkv, value + 2) * weight, j, t2)
            t3 = keep_from(t3 + repeat(qkv, value + 3) * weight, j, t3)
    store(room, out, t0 * share)
    store(room, out + LANES, t1 * share)
    store(room, out + 2 * LANES, t2 * share)
    store(room, out + 3 * LANES, t3 * share)


@numba.njit(**HELPER)
def attend_turned(y, lse, qkv, n_head, begin, end):
    """The rows b of a batch from `begin` to `end`."""
    f = qkv.dtype.type
    T, C = y.shape[1:]
    heads = LANES // ROWS  # side by side
    rows, turned, out, best = 0, SQUARE, 2 * SQUARE, 3 * SQUARE
    total = best + heads * LANES
    weights = total + heads * LANES
    room = np.empty(weights + heads * T * LANES, y.dtype)
    scale = f(1) / math.sqrt(f(ROWS))
    for b in range(begin, end):
        for c in range(0, C, LANES):
            queries, count = b * T * 3 * C + c, min(LANES, C - c)
            keys, values = queries + C, queries + 2 * C
            gather(room, rows, LANES, qkv, queries, 3 * C, T, count, scale)
            turn(room, turned, room, rows, LANES)
            finite = _all_finite(room, total, qkv, values, 3 * C, T, count)
            for d in range(0, count, ROWS):
                head = weights + d // ROWS * T * LANES
                most = _scores(room, head, turned + d * LANES, qkv, keys + d, 3 * C, T)
                for j in range(T):
                    stay_rolled()
                    store(room, head + j * LANES, load(room, head + j * LANES) - most)
                store(room, best + d // ROWS * LANES, most)
            exponentials(room, weights, count // ROWS * T)
            for d in range(0, count, ROWS):
                head = weights + d // ROWS * T * LANES
                sums = spread(f(0))
                for j in range(T):
                    stay_rolled()
                    sums = sums + load(room, head + j * LANES)
                store(room, total + d // ROWS * LANES, sums)
                at, share = out + d * LANES, spread(f(1)) / sums
                _weighted_sums(room, at, head, qkv, values + d, 3 * C, T, finite, share)
            turn(room, rows, room, out, LANES)
            scatter(y, b * T * C + c, C, room, rows, LANES, T, count, f(1))
            logs = room[total : total + count // ROWS * LANES]
            for i in range(logs.size):
                logs[i] = log(logs[i])
            for d in range(0, count, ROWS):
                h = d // ROWS * LANES
                lse_of_head = load(room, best + h) + load(room, total + h)
                store_first(lse, (b * n_head + (c + d) // ROWS) * T, lse_of_head, T)
