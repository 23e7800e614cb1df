"""14: kernels that learners write and that are wrong; each gets one true sentence."""

import math

import numpy as np
import pytest

from microgpt import learn
from microgpt.interpreter import cuda, float32


def add_of_the_next(out, a, b):
    i = cuda.grid(1)
    out[i] = a[i] + b[i + 1]


def add_in_one_block(out, a, b):
    i = cuda.threadIdx.x
    if i < out.shape[0]:
        out[i] = a[i] + b[i]


def add_backwards(out, a, b):
    i = cuda.grid(1)
    out[out.shape[0] - i] = a[i] + b[i]


def add_into_a(out, a, b):
    i = cuda.grid(1)
    a[i] += b[i]
    out[i] = a[i]


def add_and_return(out, a, b):
    i = cuda.grid(1)
    return a[i] + b[i]


def add_every_second(out, a, b):
    i = 2 * cuda.grid(1)
    if i < out.shape[0]:
        out[i] = a[i] + b[i]


def add_by_blocks_alone(out, a, b):
    if cuda.threadIdx.x == 0:
        for t in range(cuda.blockDim.x):
            i = cuda.blockIdx.x * cuda.blockDim.x + t
            out[i] = a[i] + b[i]


def add_with_grid_for_block(out, a, b):
    i = cuda.blockIdx.x * cuda.gridDim.x + cuda.threadIdx.x
    out[i] = a[i] + b[i]


def map_with_one_condition(out, x):
    column, row = cuda.grid(2)
    if row * column < out.size:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def map_of_a_line(out, x):
    i = cuda.grid(1)
    if i < out.shape[0]:
        out[i, 0] = float32(2) * x[i, 0] + float32(1)


def map_returns_when_both(out, x):
    column, row = cuda.grid(2)
    if row >= out.shape[0] and column >= out.shape[1]:
        return
    out[row, column] = float32(2) * x[row, column] + float32(1)


def map_with_axes_swapped(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[column, row] = float32(2) * x[column, row] + float32(1)


def map_squared(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = x[row, column] * x[row, column] + float32(1)


def map_into_x(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        x[row, column] = float32(2) * x[row, column] + float32(1)
        out[row, column] = x[row, column]


def sum_without_any_barrier(out, x):
    part = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    part[t] = float32(0)
    if i < x.shape[0]:
        part[t] = x[i]
    stride = cuda.blockDim.x // 2
    while stride > 0:
        if t < stride:
            part[t] += part[t + stride]
        stride //= 2
    if t == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_that_returns_early(out, x):
    part = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if i >= x.shape[0]:
        return
    part[t] = x[i]
    cuda.syncthreads()
    if t == 0:
        total = float32(0)
        for k in range(cuda.blockDim.x):
            if cuda.blockIdx.x * cuda.blockDim.x + k < x.shape[0]:
                total += part[k]
        out[cuda.blockIdx.x] = total


def sum_by_one_thread_too_early(out, x):
    part = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    part[t] = x[i] if i < x.shape[0] else float32(0)
    if t == 0:
        total = float32(0)
        for k in range(cuda.blockDim.x):
            total += part[k]
        out[cuda.blockIdx.x] = total


def sum_in_two_steps(out, x):
    part = cuda.shared.array(1, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if t == 0:
        part[0] = float32(0)
    cuda.syncthreads()
    before = part[0]
    if i < x.shape[0]:
        part[0] = before + x[i]
    cuda.syncthreads()
    if t == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_of_the_first_half(out, x):
    part = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    part[t] = x[i] if i < x.shape[0] else float32(0)
    cuda.syncthreads()
    stride = cuda.blockDim.x // 4
    while stride > 0:
        if t < stride:
            part[t] += part[t + stride]
        cuda.syncthreads()
        stride //= 2
    if t == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_by_the_last_thread(out, x):
    part = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    part[t] = x[i] if i < x.shape[0] else float32(0)
    cuda.syncthreads()
    stride = cuda.blockDim.x // 2
    while stride > 0:
        if t < stride:
            part[t] += part[t + stride]
        cuda.syncthreads()
        stride //= 2
    out[cuda.blockIdx.x] = part[t]


def sum_in_private_memory(out, x):
    part = cuda.local.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    part[t] = x[i] if i < x.shape[0] else float32(0)
    cuda.syncthreads()
    if t == 0:
        total = float32(0)
        for k in range(cuda.blockDim.x):
            total += part[k]
        out[cuda.blockIdx.x] = total


def product_with_tiles_swapped(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    total = float32(0)
    for start in range(0, a.shape[1], 8):
        left[y, x] = (
            a[row, start + y] if row < a.shape[0] and start + y < a.shape[1] else float32(0)
        )
        right[y, x] = (
            b[start + x, column] if start + x < b.shape[0] and column < b.shape[1] else float32(0)
        )
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


def product_without_any_barrier(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    total = float32(0)
    for start in range(0, a.shape[1], 8):
        left[y, x] = (
            a[row, start + x] if row < a.shape[0] and start + x < a.shape[1] else float32(0)
        )
        right[y, x] = (
            b[start + y, column] if start + y < b.shape[0] and column < b.shape[1] else float32(0)
        )
        for k in range(8):
            total += left[y, k] * right[k, x]
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


def product_of_one_element(out, a, b):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = a[row, column] * b[row, column]


def product_that_returns_early(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    if row >= out.shape[0] or column >= out.shape[1]:
        return
    total = float32(0)
    for start in range(0, a.shape[1], 8):
        left[y, x] = a[row, start + x] if start + x < a.shape[1] else float32(0)
        right[y, x] = b[start + y, column] if start + y < b.shape[0] else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    out[row, column] = total


def product_in_the_output(out, a, b):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        for k in range(a.shape[1]):
            out[row, column] += a[row, k] * b[k, column]


def softmax_by_one_thread_each(out, x):
    row = cuda.blockIdx.x
    total = float32(0)
    for column in range(x.shape[1]):
        total += math.exp(x[row, column])
    for column in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column]) / total


def softmax_of_the_first_row(out, x):
    row = cuda.blockIdx.x
    best, total = x[0, 0], float32(0)
    for column in range(x.shape[1]):
        best = max(best, x[0, column])
    for column in range(x.shape[1]):
        total += math.exp(x[0, column] - best)
    for column in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[0, column] - best) / total


def softmax_by_everybody(out, x):
    row = cuda.blockIdx.x
    best, total = x[row, 0], float32(0)
    for column in range(x.shape[1]):
        best = max(best, x[row, column])
    for column in range(x.shape[1]):
        total += math.exp(x[row, column] - best)
    for column in range(x.shape[1]):
        out[row, column] = math.exp(x[row, column] - best) / total


def softmax_without_a_barrier(out, x):
    found = cuda.shared.array(2, float32)
    t, row = cuda.threadIdx.x, cuda.blockIdx.x
    if t == 0:
        best, total = x[row, 0], float32(0)
        for column in range(x.shape[1]):
            best = max(best, x[row, column])
        for column in range(x.shape[1]):
            total += math.exp(x[row, column] - best)
        found[0] = best
        found[1] = total
    for column in range(t, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - found[0]) / found[1]


WRONG = [
    ("14.add", add_of_the_next, "reads b[16], which does not exist", "Ask with `if`"),
    ("14.add", add_in_one_block, "both write out[0]. 8 of 16 numbers", "The block is forgotten"),
    ("14.add", add_backwards, "writes out[16], which does not exist", "Ask with `if`"),
    ("14.add", add_into_a, "a was changed", "Only the output is written"),
    ("14.add", add_and_return, "0, 0", "A kernel returns nothing"),
    ("14.add", add_every_second, "0,", "Ask of each element of the output which thread"),
    ("14.add", add_by_blocks_alone, "writes 4 of 8 numbers", "Not recognised"),
    (
        "14.add",
        add_with_grid_for_block,
        "2 of block 0 and thread 0 of block 1",
        "No barrier orders",
    ),
    ("14.guarded_map", map_with_one_condition, "x has 5 rows and 7 columns", "along one axis only"),
    ("14.guarded_map", map_of_a_line, "both write out[0, 0]", "Both threads are at the same line"),
    ("14.guarded_map", map_returns_when_both, "reads x[0, 7]", "both conditions must hold"),
    ("14.guarded_map", map_with_axes_swapped, "reads x[5, 0]", "The axes are swapped"),
    ("14.guarded_map", map_squared, "", "Not recognised"),
    ("14.guarded_map", map_into_x, "x was changed", "Only the output is written"),
    ("14.block_sum", sum_without_any_barrier, "thread 0 reads it", "between bringing and adding"),
    ("14.block_sum", sum_that_returns_early, "threads 5–7 have ended", "Guard the reading"),
    ("14.block_sum", sum_by_one_thread_too_early, "reads it", "between bringing and adding"),
    ("14.block_sum", sum_in_two_steps, "wrong in step", "All threads add to one element"),
    ("14.block_sum", sum_of_the_first_half, "", "Not recognised"),
    ("14.block_sum", sum_by_the_last_thread, "both write out[0]", "Every thread writes the sum"),
    ("14.block_sum", sum_in_private_memory, "which nobody has written", "before anybody reads it"),
    ("14.tiled_matmul", product_with_tiles_swapped, "", "in a it reads column start + x"),
    ("14.tiled_matmul", product_without_any_barrier, "reads it", "between bringing and using"),
    ("14.tiled_matmul", product_of_one_element, "5, 12", "Not recognised"),
    ("14.tiled_matmul", product_that_returns_early, "have ended", "Guard reading and writing"),
    ("14.tiled_matmul", product_in_the_output, "reads out[0, 0]", "The output holds nothing yet"),
    ("14.row_softmax", softmax_by_one_thread_each, "nan", "Subtract the largest"),
    ("14.row_softmax", softmax_of_the_first_row, "", "Not recognised"),
    ("14.row_softmax", softmax_by_everybody, "both write out[0, 0]", "at the same line"),
    ("14.row_softmax", softmax_without_a_barrier, "reads it", "A barrier belongs between bringing"),
]


@pytest.mark.parametrize(
    ("id", "kernel", "got", "cause"), WRONG, ids=[kernel.__name__ for _, kernel, *_ in WRONG]
)
def test_a_wrong_kernel_ends_in_a_sentence_that_is_true(id, kernel, got, cause):
    result = learn.check(id, kernel)
    assert result.state == "not yet", repr(result)
    assert cause in result.cause, repr(result)
    assert got in repr(result)
    assert got == "" or isinstance(result.got, str | np.ndarray)


def test_there_are_thirty():
    assert len(WRONG) == 30
    assert {id for id, *_ in WRONG} == {
        "14.add", "14.guarded_map", "14.block_sum", "14.tiled_matmul", "14.row_softmax"
    }  # fmt: skip
