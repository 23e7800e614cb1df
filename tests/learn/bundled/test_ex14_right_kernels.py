"""14: kernels that learners write in other ways, and that are right."""

import math

import pytest

from microgpt import learn
from microgpt.interpreter import cuda, float32

T = 8


def add_with_many_names(result, left, right):
    thread = cuda.threadIdx.x
    block, size = cuda.blockIdx.x, cuda.blockDim.x
    number = size * block + thread
    if number < len(result):
        total = left[number]
        total += right[number]
        result[number] = total


def map_by_rows(out, x):
    column, row = cuda.grid(2)
    rows, columns = x.shape
    if not (row < rows and column < columns):
        return
    out[row][column] = 2 * x[row][column] + 1


def map_in_strides(out, x):
    first_column, first_row = cuda.grid(2)
    width, height = cuda.gridsize(2)
    for row in range(first_row, out.shape[0], height):
        for column in range(first_column, out.shape[1], width):
            out[row, column] = x[row, column] + x[row, column] + float32(1)


def map_with_floats(out, x):
    column, row = cuda.grid(2)
    if 0 <= row < out.shape[0] and 0 <= column < out.shape[1]:
        out[row, column] = 2.0 * x[row, column] + 1.0


def sum_with_shifts(out, x):
    shared = cuda.shared.array(shape=64, dtype=float32)
    tid = cuda.threadIdx.x
    i = cuda.blockIdx.x * cuda.blockDim.x + tid
    shared[tid] = 0
    if i < x.size:
        shared[tid] = x[i]
    cuda.syncthreads()
    half = cuda.blockDim.x >> 1
    while half:
        if tid < half:
            other = shared[tid + half]
            shared[tid] = shared[tid] + other
        cuda.syncthreads()
        half >>= 1
    if tid == 0:
        out[cuda.blockIdx.x] = shared[0]


def sum_with_two_barriers(out, x):
    s = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    value = float32(0)
    if i < x.shape[0]:
        value = x[i]
    s[t] = value
    cuda.syncthreads()
    stride = cuda.blockDim.x // 2
    while stride >= 1:
        other = float32(0)
        if t < stride:
            other = s[t + stride]
        cuda.syncthreads()
        if t < stride:
            s[t] += other
        cuda.syncthreads()
        stride = stride // 2
    if t == cuda.blockDim.x - 1:
        out[cuda.blockIdx.x] = s[0]


def sum_straight_from_x(out, x):
    if cuda.threadIdx.x == 0:
        total = float32(0)
        start = cuda.blockIdx.x * cuda.blockDim.x
        for i in range(start, min(start + cuda.blockDim.x, x.shape[0])):
            total += x[i]
        out[cuda.blockIdx.x] = total


def sum_atomically_in_the_output(out, x):
    i = cuda.grid(1)
    if i < x.shape[0]:
        cuda.atomic.add(out, cuda.blockIdx.x, x[i])


def product_with_constants(out, a, b):
    tile_a = cuda.shared.array(shape=(T, T), dtype=float32)
    tile_b = cuda.shared.array(shape=(T, T), dtype=float32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    row = cuda.blockIdx.y * T + ty
    column = cuda.blockIdx.x * T + tx
    M, K = a.shape
    N = b.shape[1]
    total = 0.0
    for step in range((K + T - 1) // T):
        tile_a[ty, tx] = 0.0
        tile_b[ty, tx] = 0.0
        k = step * T
        if row < M and k + tx < K:
            tile_a[ty, tx] = a[row, k + tx]
        if k + ty < K and column < N:
            tile_b[ty, tx] = b[k + ty, column]
        cuda.syncthreads()
        for j in range(T):
            total += tile_a[ty, j] * tile_b[j, tx]
        cuda.syncthreads()
    if row < M and column < N:
        out[row, column] = total


def product_with_two_pairs_of_tiles(out, a, b):
    left = cuda.shared.array((2, 8, 8), float32)
    right = cuda.shared.array((2, 8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    total = float32(0)
    for start in range(0, a.shape[1], 8):
        now = start // 8 % 2
        in_a = row < a.shape[0] and start + x < a.shape[1]
        in_b = start + y < b.shape[0] and column < b.shape[1]
        left[now, y, x] = a[row, start + x] if in_a else float32(0)
        right[now, y, x] = b[start + y, column] if in_b else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[now, y, k] * right[now, k, x]
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


def softmax_in_one_pass(out, x):
    bests = cuda.shared.array(64, float32)
    sums = cuda.shared.array(64, float32)
    t, row = cuda.threadIdx.x, cuda.blockIdx.x
    best, total = float32(-1e30), float32(0)
    for column in range(t, x.shape[1], cuda.blockDim.x):
        score = x[row, column]
        if score > best:
            total *= math.exp(best - score)
            best = score
        total += math.exp(score - best)
    bests[t] = best
    sums[t] = total
    cuda.syncthreads()
    if t == 0:
        for k in range(1, cuda.blockDim.x):
            greater = max(bests[0], bests[k])
            sums[0] = sums[0] * math.exp(bests[0] - greater) + sums[k] * math.exp(
                bests[k] - greater
            )
            bests[0] = greater
    cuda.syncthreads()
    for column in range(t, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - bests[0]) / sums[0]


def softmax_by_each_thread(out, x):
    row = cuda.blockIdx.x
    best = x[row, 0]
    for column in range(1, x.shape[1]):
        best = max(best, x[row, column])
    total = 0.0
    for column in range(x.shape[1]):
        total += math.exp(x[row, column] - best)
    column = cuda.threadIdx.x
    while column < x.shape[1]:
        out[row, column] = math.exp(x[row, column] - best) / total
        column += cuda.blockDim.x


def softmax_with_exponentials_kept(out, x):
    s = cuda.shared.array(64, float32)
    t, row, width = cuda.threadIdx.x, cuda.blockIdx.x, cuda.blockDim.x
    s[t] = -math.inf
    for column in range(t, x.shape[1], width):
        s[t] = max(s[t], x[row, column])
    cuda.syncthreads()
    greatest = s[0]
    for k in range(1, width):
        greatest = max(greatest, s[k])
    cuda.syncthreads()
    s[t] = 0
    for column in range(t, x.shape[1], width):
        power = math.exp(x[row, column] - greatest)
        out[row, column] = power
        s[t] += power
    cuda.syncthreads()
    total = float32(0)
    for k in range(width):
        total += s[k]
    for column in range(t, x.shape[1], width):
        out[row, column] /= total


RIGHT = {
    "14.add": [add_with_many_names],
    "14.guarded_map": [map_by_rows, map_in_strides, map_with_floats],
    "14.block_sum": [
        sum_with_shifts, sum_with_two_barriers, sum_straight_from_x, sum_atomically_in_the_output,
    ],
    "14.tiled_matmul": [product_with_constants, product_with_two_pairs_of_tiles],
    "14.row_softmax": [
        softmax_in_one_pass, softmax_by_each_thread, softmax_with_exponentials_kept,
    ],
}  # fmt: skip
CASES = [
    pytest.param(id, kernel, id=kernel.__name__)
    for id, kernels in RIGHT.items()
    for kernel in kernels
]


@pytest.mark.parametrize(("id", "kernel"), CASES)
def test_a_right_kernel_is_accepted_however_it_is_written(id, kernel):
    for seed in (0, 2731):
        result = learn.check(id, kernel, seed)
        assert result, repr(result)
        assert result.message.startswith("Every property holds.")
