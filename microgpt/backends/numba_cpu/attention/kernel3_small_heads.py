"""Causal attention of small heads: a lane is a channel, so that a vector holds several heads.

Query times key, summed in groups of D lanes, gives each lane the score of its own head. Nothing is
copied or turned, but the exponential of a score is taken D times: this pays while D and T are
small. LANES must be a multiple of D.
"""

import math

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import HELPER, INLINE
from microgpt.backends.numba_cpu.simd.intrinsics import exp
from microgpt.backends.numba_cpu.simd.math import log
from microgpt.backends.numba_cpu.simd.vector import (
    LANES,
    greatest,
    load,
    load_first,
    neighbours,
    spread,
    stay_rolled,
    store,
    store_first,
)


def channels_pay(length, size):
    """Whether heads of that size are worth it."""
    return LANES % size == 0 and length <= LANES and length * size <= 4 * LANES


@numba.njit(**INLINE)
def _sum_groups(x, size):
    """In each lane, the sum of its group of `size` lanes."""
    if size > 1:
        x = x + neighbours(x, 1)
    if size > 2:
        x = x + neighbours(x, 2)
    if size > 4:
        x = x + neighbours(x, 4)
    if size > 8:
        x = x + neighbours(x, 8)
    return x


@numba.njit(**HELPER)
def attend_in_channels(y, lse, qkv, n_head, begin, end):
    """The rows b of a batch from `begin` to `end`."""
    f = qkv.dtype.type
    T, C = y.shape[1:]
    D = C // n_head
    scale = f(1) / math.sqrt(f(D))
    pairs = T * (T + 1) // 2
    best, total = pairs * LANES, (pairs + T) * LANES  # behind the scores of all pairs i ≥ j
    room = np.empty((pairs + 2 * T) * LANES, y.dtype)
    for b in range(begin, end):
        for c in range(0, C, LANES):
            queries, count = b * T * 3 * C + c, C - c
            keys, values = queries + C, queries + 2 * C
            row = 0
            for i in range(T):
                q = scale * load_first(qkv, queries + i * 3 * C, count)
                most = spread(f(-np.inf))
                for j in range(i + 1):
                    stay_rolled()
                    k = load_first(qkv, keys + j * 3 * C, count)
                    score = _sum_groups(q * k, D)
                    most = greatest(most, score)
                    store(room, row + j * LANES, score)
                for j in range(i + 1):
                    stay_rolled()
                    store(room, row + j * LANES, load(room, row + j * LANES) - most)
                store(room, best + i * LANES, most)
                row += (i + 1) * LANES
            powers = room[:best]
            for n in range(powers.size):
                powers[n] = exp(powers[n])
            row = 0
            for i in range(T):
                out = spread(f(0))
                sums = spread(f(0))
                for j in range(i + 1):
                    stay_rolled()
                    p = load(room, row + j * LANES)
                    sums = sums + p
                    out = out + p * load_first(qkv, values + j * 3 * C, count)
                store_first(y, (b * T + i) * C + c, out / sums, count)
                store(room, total + i * LANES, sums)
                row += (i + 1) * LANES
            logs, shifts = room[total:], room[best:total]
            for n in range(logs.size):
                logs[n] = log(logs[n])
            for h in range(c // D, min(c + LANES, C) // D):
                for i in range(T):
                    n = i * LANES + h * D - c
                    lse[b, h, i] = shifts[n] + logs[n]


@numba.njit(**HELPER)
def attend_back_in_channels(dqkv, dy, y, lse, qkv, n_head, begin, end):
    """The rows b of a batch from `begin` to `end`."""
    f = qkv.dtype.type
    T, C = dy.shape[1:]
    D = C // n_head
    scale = f(1) / math.sqrt(f(D))
    pairs = T * (T + 1) // 2
    changes, dkeys, dvalues = pairs * LANES, 2 * pairs * LANES, (2 * pairs + T) * LANES
    room = np.empty((2 * pairs + 2 * T) * LANES, dy.dtype)
    for b in range(begin, end):
        for c in range(0, C, LANES):
            queries, count = b * T * 3 * C + c, C - c
            keys, values = queries + C, queries + 2 * C
            row = 0
            shift = room[dkeys : dkeys + T * LANES]
            shift[:] = f(0)
            for h in range(c // D, min(c + LANES, C) // D):
                for i in range(T):
                    shift[i * LANES + h * D - c] = lse[b, h, i]
            for i in range(T):
                q = scale * load_first(qkv, queries + i * 3 * C, count)
                upstream = load_first(dy, (b * T + i) * C + c, count)
                most = _sum_groups(load(room, dkeys + i * LANES), D)
                for j in range(i + 1):
                    stay_rolled()
                    k = load_first(qkv, keys + j * 3 * C, count)
                    store(room, row + j * LANES, _sum_groups(q * k, D) - most)
                    v = load_first(qkv, values + j * 3 * C, count)
                    store(room, changes + row + j * LANES, _sum_groups(upstream * v, D))
                row += (i + 1) * LANES
            powers = room[:changes]
            for n in range(powers.size):
                powers[n] = exp(powers[n])
            room[dkeys:] = f(0)
            row = 0
            for i in range(T):
                q = scale * load_first(qkv, queries + i * 3 * C, count)
                upstream = load_first(dy, (b * T + i) * C + c, count)
                inner = _sum_groups(upstream * load_first(y, (b * T + i) * C + c, count), D)
                dq = spread(f(0))
                for j in range(i + 1):
                    stay_rolled()
                    s = row + j * LANES
                    p = load(room, s)
                    change = p * (load(room, changes + s) - inner)
                    dq = dq + change * load_first(qkv, keys + j * 3 * C, count)
                    dk, dv = dkeys + j * LANES, dvalues + j * LANES
                    store(room, dk, load(room, dk) + change * q)
                    store(room, dv, load(room, dv) + p * upstream)
                store_first(dqkv, queries + i * 3 * C, scale * dq, count)
                row += (i + 1) * LANES
            for j in range(T):
                stay_rolled()
                dk, dv = dkeys + j * LANES, dvalues + j * LANES
                store_first(dqkv, keys + j * 3 * C, load(room, dk), count)
                store_first(dqkv, values + j * 3 * C, load(room, dv), count)
