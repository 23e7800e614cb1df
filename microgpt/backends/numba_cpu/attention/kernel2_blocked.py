"""Causal self-attention in blocks of LANES queries: a lane is a query.

A thread copies the queries, keys and values of a head side by side and takes one block of queries
after the other. The scores of a block are stored with a row for each key, so that maxima and sums
over the keys never go across a vector, and are all of the scores that is ever in memory: T · LANES
numbers, which stay in cache. The way back computes them again.
"""

import math

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import HELPER
from microgpt.backends.numba_cpu.simd.dropout_mask import draw_factors, multiply_rows
from microgpt.backends.numba_cpu.simd.math import log
from microgpt.backends.numba_cpu.simd.tiles import (
    add_from_future,
    exponentials,
    gather,
    inner_products,
    scatter,
    sum_of_past,
    turn_rows,
)
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    greatest,
    keep_from,
    load,
    load_first,
    spread,
    stay_rolled,
    store,
    store_first,
)


@numba.njit(**HELPER)
def _whole(n):
    """n rounded up to whole lanes."""
    return (n + LANES - 1) // LANES * LANES


@numba.njit(**HELPER)
def _softmax(room, scores, best, total, first, seen):
    """scores = exp(scores − best) in each lane, 0 in its future; `total` is their sum."""
    f = room.dtype.type
    most = spread(f(-np.inf))
    for j in range(seen):
        score = keep_from(load(room, scores + j * LANES), j - first, f(-np.inf))
        most = greatest(most, score)
        store(room, scores + j * LANES, score)
    for j in range(seen):
        store(room, scores + j * LANES, load(room, scores + j * LANES) - most)
    exponentials(room, scores, seen)
    sums = spread(f(0))
    for j in range(seen):
        sums = sums + load(room, scores + j * LANES)
    store(room, best, most)
    store(room, total, sums)


@numba.njit(**HELPER)
def attend_in_blocks(y, lse, qkv, n_head, begin, end, draw):
    """The heads from `begin` to `end`, counted over all rows of the batch.

    `draw` says how dropout draws its factors of the weights (`_masks.drawing`); None: no dropout.
    """
    f = qkv.dtype.type
    _, T, C = y.shape
    D = C // n_head
    width, rows = _whole(D), _whole(T)
    turned, out = 0, width * LANES
    best = out + width * LANES
    total = best + LANES
    scores = total + LANES
    keys = scores + rows * LANES
    values = keys + rows * width
    factors = values + rows * width
    room = np.empty(factors + (0 if draw is None else rows * LANES), y.dtype)
    scale = f(1) / math.sqrt(f(D))
    for head in range(begin, end):
        start = head // n_head * T * 3 * C + head % n_head * D  # in qkv
        place = head // n_head * T * C + head % n_head * D  # in y
        for part in range(2):
            at = start + (part + 1) * C
            gather(room, keys + part * rows * width, width, qkv, at, 3 * C, T, D, f(1))
        for first in range(0, T, LANES):
            count = min(LANES, T - first)
            gather(room, out, width, qkv, start + first * 3 * C, 3 * C, count, D, scale)
            turn_rows(room, turned, out, width)
            inner_products(room, scores, keys, width, turned, D, first + count)
            _softmax(room, scores, best, total, first, first + count)
            if draw is not None:
                draw_factors(room, factors, draw, head * T + first, first + count)
                multiply_rows(room, scores, factors, first + count)
            sum_of_past(room, out, scores, values, width, first, count)
            sums = room[total : total + _whole(count)]
            for d in range(0, D, LANES):
                for i in range(count):
                    stay_rolled()
                    numbers = load(room, out + i * width + d) / spread(sums[i])
                    store_first(y, place + (first + i) * C + d, numbers, D - d)
            for i in range(sums.size):
                sums[i] = log(sums[i])
            logs = load(room, best) + load(room, total)
            store_first(lse, head * T + first, logs, count)


@numba.njit(**HELPER)
def _softmax_back(room, scores, changes, shift, inner, first, seen):
    """scores = their softmax p; changes = p · (changes − inner); 0 in the future."""
    f = room.dtype.type
    for j in range(seen):
        score = load(room, scores + j * LANES) - shift
        store(room, scores + j * LANES, keep_from(score, j - first, f(-np.inf)))
    exponentials(room, scores, seen)
    for j in range(seen):
        change = load(room, scores + j * LANES) * (load(room, changes + j * LANES) - inner)
        store(room, changes + j * LANES, keep_from(change, j - first, f(0)))


@numba.njit(**HELPER)
def attend_back_in_blocks(dqkv, dy, y, lse, qkv, n_head, begin, end, draw):
    """The heads from `begin` to `end`, as there."""
    f = qkv.dtype.type
    _, T, C = dy.shape
    D = C // n_head
    width, rows = _whole(D), _whole(T)
    turned, turned_out, out = 0, width * LANES, 2 * width * LANES
    scores = out + width * LANES
    changes = scores + rows * LANES
    queries = changes + rows * LANES
    keys = queries + rows * width
    values = keys + rows * width
    upstream = values + rows * width
    dkeys = upstream + rows * width
    dvalues = dkeys + rows * width
    factors = dvalues + rows * width
    room = np.empty(factors + (0 if draw is None else rows * LANES), dy.dtype)
    scale = f(1) / math.sqrt(f(D))
    for head in range(begin, end):
        start = head // n_head * T * 3 * C + head % n_head * D  # in qkv
        place = head // n_head * T * C + head % n_head * D  # in y
        for part in range(3):
            factor = scale if part == 0 else f(1)
            at = start + part * C
            gather(room, queries + part * rows * width, width, qkv, at, 3 * C, T, D, factor)
        gather(room, upstream, width, dy, place, C, T, D, f(1))
        room[dkeys:factors] = f(0)
        for first in range(0, T, LANES):
            count = min(LANES, T - first)
            turn_rows(room, turned, queries + first * width, width)
            inner_products(room, scores, keys, width, turned, D, first + count)
            turn_rows(room, turned, upstream + first * width, width)
            inner_products(room, changes, values, width, turned, D, first + count)
            gather(room, out, width, y, place + first * C, C, count, D, f(1))
            turn_rows(room, turned_out, out, width)
            inner = spread(f(0))  # the sum of dy · y, which is that of p · dp
            for d in range(0, D * LANES, LANES):
                inner = inner + load(room, turned + d) * load(room, turned_out + d)
            shift = load_first(lse, head * T + first, count)
            if draw is not None:
                draw_factors(room, factors, draw, head * T + first, first + count)
                multiply_rows(room, changes, factors, first + count)
            _softmax_back(room, scores, changes, shift, inner, first, first + count)
            if draw is not None:
                multiply_rows(room, scores, factors, first + count)
            sum_of_past(room, out, changes, keys, width, first, count)
            scatter(dqkv, start + first * 3 * C, 3 * C, room, out, width, count, D, scale)
            add_from_future(room, dkeys, changes, queries, width, first, count)
            add_from_future(room, dvalues, scores, upstream, width, first, count)
        for part in range(2):
            at = start + (part + 1) * C
            scatter(dqkv, at, 3 * C, room, dkeys + part * rows * width, width, T, D, f(1))
