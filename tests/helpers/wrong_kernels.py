"""Kernels with a mistake each. `CASES`: (kernel, grid, block, arguments, kind of the finding, the
line it is found at, as its text in the source).
"""

import math
from typing import Any

import numpy as np

ALL = 0xFFFFFFFF
TEAM, TILE = 64, 16
cuda: Any = None

f32 = np.float32


def no_guard(y, x):
    i = cuda.grid(1)
    y[i] = x[0]


def guard_too_late(y, x):
    i = cuda.grid(1)
    if i <= x.size:
        y[i] = x[0]


def negative_index(y, x):
    i = cuda.grid(1)
    y[i] = x[i - 1]


def row_that_is_not_there(y, x):
    row = x[cuda.grid(1)]
    y[0, cuda.grid(1)] = row[0]


def missing_barrier(y, x):
    part = cuda.shared.array(TEAM, x.dtype)
    t = cuda.threadIdx.x
    part[t] = x[t]
    y[t] = part[(t + 1) % TEAM]


def missing_second_barrier(c, a, b):
    left = cuda.shared.array((TILE, TILE), a.dtype)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    total = a.dtype.type(0)
    for start in range(0, a.shape[1], TILE):
        left[y, x] = a[y, start + x]
        cuda.syncthreads()
        for k in range(TILE):
            total += left[y, k] * b[x, start + k]
    c[y, x] = total


def missing_syncwarp(y, x):
    part = cuda.shared.array(32, x.dtype)
    t = cuda.threadIdx.x
    part[t] = x[t]
    y[t] = part[31 - t]


def one_place_for_all(total, x):
    i = cuda.grid(1)
    total[0] += x[i]


def sum_over_blocks(total, x):
    if cuda.threadIdx.x == 0:
        total[0] += x[cuda.blockIdx.x]


def same_value_by_all(flag, x):
    if x[cuda.grid(1)] > -100:
        flag[0] = 1


def barrier_in_branch(y, x):
    part = cuda.shared.array(TEAM, x.dtype)
    t = cuda.threadIdx.x
    part[t] = x[t]
    if t < 32:
        cuda.syncthreads()
    y[t] = part[t]


def two_barriers(y, x):
    t = cuda.threadIdx.x
    if t < 32:
        cuda.syncthreads()
    else:
        cuda.syncthreads()  # of the others
    y[t] = x[t]


def returned_before_barrier(y, x):
    i = cuda.grid(1)
    if i >= x.size:
        return
    cuda.syncthreads()
    y[i] = x[i]


def shuffle_in_branch(y, x):
    t = cuda.threadIdx.x
    value = x[t]
    if t < 20:
        value += cuda.shfl_down_sync(ALL, value, 1)
    y[t] = value


def lane_outside_the_mask(y, x):
    t = cuda.threadIdx.x
    y[t] = cuda.shfl_xor_sync(0xFFFF, x[t], 1)


def unwritten_shared(y, x):
    part = cuda.shared.array(TEAM, x.dtype)
    t = cuda.threadIdx.x
    if t < 32:
        part[t] = x[t]
    cuda.syncthreads()
    y[t] = part[t]


def unwritten_local(y, x):
    own = cuda.local.array(2, x.dtype)
    own[0] = x[0]
    y[cuda.grid(1)] = own[1]


def adds_to_nothing(y, x):
    i = cuda.grid(1)
    y[i] += x[i]


def double_literal(y, x):
    i = cuda.grid(1)
    y[i] = 0.5 * x[i]


def double_constant(y, x):
    i = cuda.grid(1)
    y[i] = x[i] * math.pi


def float_atomics(total, x):
    cuda.atomic.add(total, 0, x[cuda.grid(1)])


def atomic_and_plain(total, x):
    i = cuda.grid(1)
    cuda.atomic.max(total, 0, x[i])
    if i == 5:
        total[0] = x[0]


X, SQUARE = np.linspace(-1, 1, 64, dtype=f32), np.ones((16, 32), f32)


def one():
    return np.zeros(1, f32)


def line():
    return np.zeros(64, f32)


CASES = [
    (no_guard, 2, 64, (np.zeros(100, f32), X), "bounds", "y[i] = x[0]"),
    (guard_too_late, 1, 96, (line(), X), "bounds", "y[i] = x[0]"),
    (negative_index, 1, 64, (line(), X), "bounds", "y[i] = x[i - 1]"),
    (row_that_is_not_there, 1, 32, (SQUARE, SQUARE), "bounds", "row = x[cuda.grid(1)]"),
    (missing_barrier, 1, 64, (line(), X), "race", ("y[t] = part", "part[t] = x[t]")),
    (
        missing_second_barrier, 1, (16, 16), (np.zeros((16, 16), f32), SQUARE, SQUARE), "race",
        ("left[y, x] = a", "total += left"),
    ),
    (missing_syncwarp, 1, 32, (line(), X), "race", ("y[t] = part", "part[t] = x[t]")),
    (one_place_for_all, 1, 64, (one(), X), "race", "total[0] += x[i]"),
    (sum_over_blocks, 4, 32, (one(), X), "race", "total[0] += x[cuda.blockIdx.x]"),
    (same_value_by_all, 1, 64, (np.zeros(1, np.int32), X), "race", "flag[0] = 1"),
    (barrier_in_branch, 1, 64, (line(), X), "barrier", "cuda.syncthreads()"),
    (two_barriers, 1, 64, (line(), X), "barrier", "cuda.syncthreads()  # of the others"),
    (returned_before_barrier, 1, 64, (line(), X[:50]), "barrier", "cuda.syncthreads()"),
    (shuffle_in_branch, 1, 32, (line(), X), "warp", "value += cuda.shfl_down_sync"),
    (lane_outside_the_mask, 1, 32, (line(), X), "warp", "y[t] = cuda.shfl_xor_sync"),
    (unwritten_shared, 1, 64, (line(), X), "unwritten", "y[t] = part[t]"),
    (unwritten_local, 1, 32, (line(), X), "unwritten", "y[cuda.grid(1)] = own[1]"),
    (adds_to_nothing, 1, 64, (line(), X), "unwritten", "y[i] += x[i]"),
    (double_literal, 1, 64, (line(), X), "double", "y[i] = 0.5 * x[i]"),
    (double_constant, 1, 64, (line(), X), "double", "y[i] = x[i] * math.pi"),
    (float_atomics, 1, 64, (one(), X), "unordered", "cuda.atomic.add"),
    (atomic_and_plain, 1, 64, (one(), X), "race", ("total[0] = x[0]", "cuda.atomic.max")),
]  # fmt: skip
FRESH = {"adds_to_nothing": ("y",)}
