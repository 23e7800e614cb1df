"""Causal attention of small heads over short texts: a lane is a query, and a text fills one vector.

LANES channels are turned at once, so that their heads share the work; keys and values are read
where they lie. Lanes beyond the text's end hold anything, and nothing of theirs is stored. LANES
must be a multiple of D, and D one of ROWS.
"""

import math

import numba
import numpy as np

from microgpt.backends.numba_cpu._compile import HELPER, INLINE
from microgpt.backends.numba_cpu._functions import log
from microgpt.backends.numba_cpu._lanes import (
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
from microgpt.backends.numba_cpu._tiles import ROWS, exponentials, gather, scatter, tile

SQUARE = LANES * LANES


def small_heads_pay(length, size):
    """Whether a text of that length, with heads of that size, is worth it."""
    return length <= LANES and size < LANES and LANES % size == 0 and size % ROWS == 0


@numba.njit(**INLINE)
def _products(room, out, turned, source, at, stride, count, size):
    """out[j] = Σ_d source[at + j · stride + d] · turned[d], for the first `count` keys j."""
    for d in range(0, size, ROWS):
        x = turned + d * LANES
        x0, x1 = load(room, x), load(room, x + LANES)
        x2, x3 = load(room, x + 2 * LANES), load(room, x + 3 * LANES)
        for j in range(count):
            stay_rolled()
            f = at + j * stride + d
            even = repeat(source, f) * x0 + repeat(source, f + 2) * x2
            odd = repeat(source, f + 1) * x1 + repeat(source, f + 3) * x3
            if d:
                even = even + load(room, out + j * LANES)
            store(room, out + j * LANES, even + odd)


@numba.njit(**INLINE)
def _zeros(source, at, stride, rows, count):
    """In each lane, 0 times the numbers of a column of `rows` rows: NaN, if one is not finite."""
    f = source.dtype.type
    total = spread(f(0))
    for t in range(rows):
        stay_rolled()
        total = total + f(0) * load_first(source, at + t * stride, count)
    return total


@numba.njit(**INLINE)
def _all_zero(room, at, lanes):
    """Whether all lanes are 0; they are put into the room."""
    f = room.dtype.type
    store(room, at, lanes)
    zero = True
    for lane in range(LANES):
        zero &= room[at + lane] == f(0)
    return zero


@numba.njit(**INLINE)
def _sums(room, out, weights, source, at, stride, count, size, finite, of_queries):
    """out[d] = Σ_j source[at + j · stride + d] · weights[j], over the first `count` rows j.

    Of what a query does not see, the weight is 0; where the number that it is for may be infinite
    or NaN, a lane that is a query leaves out later rows, and one that is a key the earlier ones.
    """
    zeros = spread(room.dtype.type(0))
    for d in range(0, size, ROWS):
        o = out + d * LANES
        if finite:
            tile(room, o, source, at + d, 1, stride, weights, LANES, count, True, False)
            continue
        t0, t1, t2, t3 = zeros, zeros, zeros, zeros
        for j in range(count):
            stay_rolled()
            weight = load(room, weights + j * LANES)
            f = at + j * stride + d
            u0, u1 = t0 + repeat(source, f) * weight, t1 + repeat(source, f + 1) * weight
            u2, u3 = t2 + repeat(source, f + 2) * weight, t3 + repeat(source, f + 3) * weight
            if of_queries:
                t0, t1 = keep_from(u0, j, t0), keep_from(u1, j, t1)
                t2, t3 = keep_from(u2, j, t2), keep_from(u3, j, t3)
            else:
                t0, t1 = keep_from(t0, j + 1, u0), keep_from(t1, j + 1, u1)
                t2, t3 = keep_from(t2, j + 1, u2), keep_from(t3, j + 1, u3)
        store(room, o, t0)
        store(room, o + LANES, t1)
        store(room, o + 2 * LANES, t2)
        store(room, o + 3 * LANES, t3)


@numba.njit(**HELPER)
def attend_small_heads(y, lse, qkv, n_head, begin, end):
    """The rows b of a batch from `begin` to `end`."""
    f = qkv.dtype.type
    T, C = y.shape[1:]
    D = C // n_head
    rows, turned, out, best = 0, SQUARE, 2 * SQUARE, 3 * SQUARE
    total = best + LANES // D * LANES
    scores = total + LANES // D * LANES
    room = np.empty(scores + LANES // D * T * LANES, y.dtype)
    scale = f(1) / math.sqrt(f(D))
    for b in range(begin, end):
        for c in range(0, C, LANES):
            queries, count = b * T * 3 * C + c, min(LANES, C - c)
            keys, values = queries + C, queries + 2 * C
            gather(room, rows, LANES, qkv, queries, 3 * C, T, count, scale)
            turn(room, turned, room, rows, LANES)
            finite = _all_zero(room, rows, _zeros(qkv, values, 3 * C, T, count))
            heads = count // D
            for h in range(heads):
                head = scores + h * T * LANES
                _products(room, head, turned + h * D * LANES, qkv, keys + h * D, 3 * C, T, D)
                most = spread(f(-np.inf))
                for j in range(T):
                    stay_rolled()
                    score = keep_from(load(room, head + j * LANES), j, f(-np.inf))
                    most = greatest(most, score)
                    store(room, head + j * LANES, score)
                for j in range(T):
                    stay_rolled()
                    store(room, head + j * LANES, load(room, head + j * LANES) - most)
                store(room, best + h * LANES, most)
            exponentials(room, scores, heads * T)
            for h in range(heads):
                head, o = scores + h * T * LANES, out + h * D * LANES
                sums = spread(f(0))
                for j in range(T):
                    stay_rolled()
                    sums = sums + load(room, head + j * LANES)
                store(room, total + h * LANES, sums)
                _sums(room, o, head, qkv, values + h * D, 3 * C, T, D, finite, True)
                share = spread(f(1)) / sums
                for d in range(D):
                    stay_rolled()
                    store(room, o + d * LANES, load(room, o + d * LANES) * share)
            turn(room, rows, room, out, LANES)
            scatter(y, b * T * C + c, C, room, rows, LANES, T, count, f(1))
            logs = room[total : total + heads * LANES]
            for i in range(logs.size):
                logs[i] = log(logs[i])
            for h in range(heads):
                at = (b * n_head + c // D + h) * T
                whole = load(room, best + h * LANES) + load(room, total + h * LANES)
                store_first(lse, at, whole, T)


@numba.njit(**HELPER)
def attend_back_small_heads(dqkv, dy, y, lse, qkv, n_head, begin, end):
    """The rows b of a batch from `begin` to `end`."""
    f = qkv.dtype.type
    T, C = dy.shape[1:]
    D = C // n_head
    rows, turned, upstream, inner = 0, SQUARE, 2 * SQUARE, 3 * SQUARE
    changes_of_key, scores_of_key = 4 * SQUARE, 5 * SQUARE
    dqueries, scores = 6 * SQUARE, 9 * SQUARE
    changes = scores + LANES // D * T * LANES
    room = np.empty(changes + LANES // D * T * LANES + SQUARE, dy.dtype)
    scale = f(1) / math.sqrt(f(D))
    for b in range(begin, end):
        for c in range(0, C, LANES):
            queries, count = b * T * 3 * C + c, min(LANES, C - c)
            keys, values = queries + C, queries + 2 * C
            place = b * T * C + c
            gather(room, rows, LANES, qkv, queries, 3 * C, T, count, scale)
            turn(room, turned, room, rows, LANES)
            gather(room, rows, LANES, dy, place, C, T, count, f(1))
            turn(room, upstream, room, rows, LANES)
            for i in range(T):
                stay_rolled()
                out = load_first(y, place + i * C, count)
                store(room, rows + i * LANES, load(room, rows + i * LANES) * out)
            turn(room, inner, room, rows, LANES)
            zeros = _zeros(qkv, queries, 3 * C, T, count) + _zeros(qkv, keys, 3 * C, T, count)
            finite = _all_zero(room, rows, zeros + _zeros(dy, place, C, T, count))
            heads = count // D
            for h in range(heads):
                head, d = scores + h * T * LANES, h * D * LANES
                _products(room, head, turned + d, qkv, keys + h * D, 3 * C, T, D)
                shift = load_first(lse, (b * n_head + c // D + h) * T, T)
                for j in range(T):
                    stay_rolled()
                    score = load(room, head + j * LANES) - shift
                    store(room, head + j * LANES, keep_from(score, j, f(-np.inf)))
            exponentials(room, scores, heads * T)
            for h in range(heads):
                head, change, d = scores + h * T * LANES, changes + h * T * LANES, h * D * LANES
                _products(room, change, upstream + d, qkv, values + h * D, 3 * C, T, D)
                less = spread(f(0))  # the sum of dy · y, which is that of p · dp
                for i in range(D):
                    stay_rolled()
                    less = less + load(room, inner + d + i * LANES)
                for j in range(T):
                    stay_rolled()
                    more = load(room, head + j * LANES) * (load(room, change + j * LANES) - less)
                    store(room, change + j * LANES, keep_from(more, j, f(0)))
                _sums(room, dqueries + d, change, qkv, keys + h * D, 3 * C, T, D, finite, True)
                turn(room, changes_of_key, room, change, LANES)
                turn(room, scores_of_key, room, head, LANES)
                dkeys, dvalues = dqueries + SQUARE + d, dqueries + 2 * SQUARE + d
                _sums(room, dkeys, changes_of_key, qkv, queries + h * D, 3 * C, T, D, finite, False)
                _sums(room, dvalues, scores_of_key, dy, place + h * D, C, T, D, finite, False)
            for part in range(3):
                turn(room, rows, room, dqueries + part * SQUARE, LANES)
                factor = f(1) if part == 2 else scale
                at = queries + part * C
                scatter(dqkv, at, 3 * C, room, rows, LANES, T, count, factor)
