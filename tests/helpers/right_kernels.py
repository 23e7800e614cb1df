"""Kernels as they would be compiled for a GPU, all right; each with a launch and its result.

`CASES` are (name, kernel, grid, block, arguments, expected results by argument name).
"""

import math
from typing import Any

import numpy as np

ALL = 0xFFFFFFFF
TEAM, TILE, WIDE = 64, 16, 17
cuda: Any = None  # the interpreter, or a compiler, says what it is

f32 = np.float32
rng = np.random.default_rng(0)


def add(out, x, y):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i] + y[i]


def gelu(y, x):
    f = x.dtype.type
    i = cuda.grid(1)
    if i < x.size:
        v = x[i]
        cubic = f(0.7978845608028654) * (v + f(0.044715) * v * v * v)
        y[i] = f(0.5) * v * (f(1) + math.tanh(cubic))


def stride_loop(y, x):
    i, stride = cuda.grid(1), cuda.gridsize(1)
    while i < x.size:
        y[i] = x[i] * x[i]
        i += stride


def add_rows(y, x):
    """A thread takes a row as an array of its own."""
    n = cuda.grid(1)
    if n < x.shape[0]:
        row = x[n]
        total = x.dtype.type(0)
        for c in range(row.size):
            total += row[c]
        y[n] = total


def block_sum(out, x):
    part = cuda.shared.array(TEAM, x.dtype)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    part[t] = x[i] if i < x.size else x.dtype.type(0)
    cuda.syncthreads()
    stride = TEAM // 2
    while stride > 0:
        if t < stride:
            part[t] += part[t + stride]
        cuda.syncthreads()
        stride //= 2
    if t == 0:
        out[cuda.blockIdx.x] = part[0]


def warp_sum(value):
    step = 16
    while step > 0:
        value += cuda.shfl_xor_sync(ALL, value, step)
        step //= 2
    return value


def softmax_of_rows(y, x):
    """One warp a row: no shared memory, no barrier."""
    f = x.dtype.type
    row, lane = cuda.grid(1) // 32, cuda.laneid
    if row >= x.shape[0]:
        return
    greatest = f(-math.inf)
    for c in range(lane, x.shape[1], 32):
        greatest = max(greatest, x[row, c])
    for step in (16, 8, 4, 2, 1):
        greatest = max(greatest, cuda.shfl_xor_sync(ALL, greatest, step))
    total = f(0)
    for c in range(lane, x.shape[1], 32):
        total += math.exp(x[row, c] - greatest)
    total = warp_sum(total)
    for c in range(lane, x.shape[1], 32):
        y[row, c] = math.exp(x[row, c] - greatest) / total


def matmul_naive(c, a, b):
    j, i = cuda.grid(2)
    if i < c.shape[0] and j < c.shape[1]:
        total = a.dtype.type(0)
        for k in range(a.shape[1]):
            total += a[i, k] * b[j, k]
        c[i, j] = total


def matmul_tiled(c, a, b):
    f = a.dtype.type
    left = cuda.shared.array((TILE, TILE), a.dtype)
    right = cuda.shared.array((TILE, WIDE), a.dtype)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    i, j = cuda.blockIdx.y * TILE + y, cuda.blockIdx.x * TILE + x
    row = cuda.blockIdx.x * TILE + y
    total = f(0)
    for start in range(0, a.shape[1], TILE):
        inside = start + x < a.shape[1]
        left[y, x] = a[i, start + x] if inside and i < c.shape[0] else f(0)
        right[y, x] = b[row, start + x] if inside and row < c.shape[1] else f(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += left[y, k] * right[x, k]
        cuda.syncthreads()
    if i < c.shape[0] and j < c.shape[1]:
        c[i, j] = total


def transpose(y, x):
    tile = cuda.shared.array((TILE, WIDE), x.dtype)
    i, j = cuda.threadIdx.y, cuda.threadIdx.x
    tile[i, j] = x[i, j]
    cuda.syncthreads()
    y[i, j] = tile[j, i]


def reverse_warp(y, x):
    part = cuda.shared.array(32, x.dtype)
    t = cuda.threadIdx.x
    part[t] = x[t]
    cuda.syncwarp()
    y[t] = part[31 - t]


def histogram(counts, ids):
    i = cuda.grid(1)
    if i < ids.size:
        cuda.atomic.add(counts, ids[i], 1)


def count_positive(y, x):
    t = cuda.threadIdx.x
    in_block = cuda.syncthreads_count(x[t] > 0)
    in_warp = cuda.ballot_sync(ALL, x[t] > 0)
    y[t] = in_block * 2 + (in_warp & 1)


def sort_three(y, x):
    """An array of a thread's own, and two elements exchanged at once."""
    own = cuda.local.array(3, x.dtype)
    n = cuda.grid(1)
    if n < x.shape[0]:
        for c in range(3):
            own[c] = x[n, c]
        for _ in range(2):
            for c in range(2):
                if own[c] > own[c + 1]:
                    own[c], own[c + 1] = own[c + 1], own[c]
        for c in range(3):
            y[n, c] = own[c]


def scan(y, x):
    """Running sums of a block, with two arrays in turns."""
    parts = cuda.shared.array((2, TEAM), x.dtype)
    t = cuda.threadIdx.x
    now = 0
    parts[now, t] = x[t]
    cuda.syncthreads()
    step = 1
    while step < TEAM:
        parts[1 - now, t] = parts[now, t] + (parts[now, t - step] if t >= step else x.dtype.type(0))
        now = 1 - now
        cuda.syncthreads()
        step *= 2
    y[t] = parts[now, t]


def single(*shape):
    return rng.normal(size=shape).astype(f32)


def empty(*shape, dtype=f32):
    return np.full(shape, -7, dtype)


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


X, Y, ROWS = single(100), single(100), single(5, 70)
A, B, SQUARE, LINE = single(18, 20), single(19, 20), single(16, 16), single(64)
IDS = rng.integers(0, 4, 90)

GELU = 0.5 * X * (1 + np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)))
SUMS = np.add.reduceat(X, [0, 64])
VOTES = 2 * (LINE > 0).sum() + np.repeat(LINE[::32] > 0, 32)
CASES = [
    ("add", add, 2, 64, (empty(100), X, Y), {"out": X + Y}),
    ("gelu", gelu, 4, 32, (empty(100), X), {"y": GELU}),
    ("stride_loop", stride_loop, 1, 32, (empty(100), X), {"y": X * X}),
    ("add_rows", add_rows, 1, 8, (empty(5), ROWS), {"y": ROWS.sum(1)}),
    ("block_sum", block_sum, 2, TEAM, (empty(2), X), {"out": SUMS}),
    ("softmax_of_rows", softmax_of_rows, 3, 64, (empty(5, 70), ROWS), {"y": softmax(ROWS)}),
    ("matmul_naive", matmul_naive, (2, 2), (16, 16), (empty(18, 19), A, B), {"c": A @ B.T}),
    ("matmul_tiled", matmul_tiled, (2, 2), (16, 16), (empty(18, 19), A, B), {"c": A @ B.T}),
    ("transpose", transpose, 1, (16, 16), (empty(16, 16), SQUARE), {"y": SQUARE.T}),
    ("reverse_warp", reverse_warp, 1, 32, (empty(32), LINE[:32]), {"y": LINE[31::-1]}),
    (
        "histogram", histogram, 3, 32, (np.zeros(4, np.int64), IDS),
        {"counts": np.bincount(IDS, minlength=4)},
    ),
    (
        "count_positive", count_positive, 1, 64, (empty(64, dtype=np.int64), LINE), {"y": VOTES},
    ),
    (
        "sort_three", sort_three, 1, 32, (empty(21, 3), LINE[:63].reshape(21, 3)),
        {"y": np.sort(LINE[:63].reshape(21, 3))},
    ),
    ("scan", scan, 1, TEAM, (empty(64), LINE), {"y": np.cumsum(LINE, dtype=np.float64)}),
]  # fmt: skip
