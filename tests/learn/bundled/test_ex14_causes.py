"""14: the exact cause of mistakes that readers made, and what a right kernel is told it wastes."""

import inspect
import math
import re

import numpy as np
import pytest

from microgpt import learn
from microgpt.interpreter import cuda, float32
from microgpt.learn.messages import message_section


def add_in_eights(out, a, b):
    i = cuda.blockIdx.x * 8 + cuda.threadIdx.x
    out[i] = a[i] + b[i]


def map_in_sixteens(out, x):
    column = cuda.blockIdx.x * 16 + cuda.threadIdx.x
    row = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def sum_from_32(out, x):
    s = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    s[t] = x[i] if i < x.shape[0] else float32(0)
    cuda.syncthreads()
    stride = 32
    while stride > 0:
        if t < stride:
            s[t] += s[t + stride]
        cuda.syncthreads()
        stride //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


def sum_in_sixty_fours(out, x):
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    i = cuda.blockIdx.x * 64 + t
    s[t] = x[i] if i < x.shape[0] else float32(0)
    cuda.syncthreads()
    stride = cuda.blockDim.x // 2
    while stride > 0:
        if t < stride:
            s[t] += s[t + stride]
        cuda.syncthreads()
        stride //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


def sum_of_x_at_t(out, x):
    s = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    s[t] = x[t] if i < x.shape[0] else float32(0)
    cuda.syncthreads()
    stride = cuda.blockDim.x // 2
    while stride > 0:
        if t < stride:
            s[t] += s[t + stride]
        cuda.syncthreads()
        stride //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


def sum_of_an_array(out, x):
    s = cuda.shared.array(64, float32)
    s[cuda.threadIdx.x] = x[cuda.grid(1)] if cuda.grid(1) < x.shape[0] else float32(0)
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        out[cuda.blockIdx.x] = sum(s)


def sum_in_the_size_of_the_block(out, x):
    n = cuda.blockDim.x
    s = cuda.shared.array(n, float32)
    s[cuda.threadIdx.x] = float32(0)


def softmax_in_steps_of_16(out, x):
    row = cuda.blockIdx.x
    largest, total = x[row, 0], float32(0)
    for column in range(x.shape[1]):
        largest = max(largest, x[row, column])
    for column in range(x.shape[1]):
        total += math.exp(x[row, column] - largest)
    for column in range(cuda.threadIdx.x, x.shape[1], 16):
        out[row, column] = math.exp(x[row, column] - largest) / total


def softmax_of_exponentials(out, x):
    for column in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[cuda.blockIdx.x, column] = math.exp(x[cuda.blockIdx.x, column])


def map_of_a_row(out, x):
    column, row = cuda.grid(2)
    out[row, column] = float32(2) * x[row] + float32(1)


def map_with_x_for_the_row(out, x):
    row, column = cuda.grid(2)
    if row < x.shape[0] and column < x.shape[1]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def add_of_arrays(out, a, b):
    out = a + b  # noqa: F841 - as learners write it


def add_with_maximum(out, a, b):
    out[cuda.grid(1)] = a.max()


def add_over_zero(out, a, b):
    out[cuda.grid(1)] = 1 // cuda.threadIdx.x


def product_with_x_for_the_row(out, a, b):
    i, j = cuda.grid(2)
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], 8):
        left[x, y] = a[i, start + y] if i < a.shape[0] and start + y < a.shape[1] else float32(0)
        right[x, y] = b[start + x, j] if start + x < b.shape[0] and j < b.shape[1] else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[x, k] * right[k, y]
        cuda.syncthreads()
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = total


def product_with_axes_of_the_grid_swapped(out, a, b):
    i, j = cuda.grid(2)
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for start in range(0, a.shape[1], 8):
        left[y, x] = a[i, start + x] if i < a.shape[0] and start + x < a.shape[1] else float32(0)
        right[y, x] = b[start + y, j] if start + y < b.shape[0] and j < b.shape[1] else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = total


def make_bringing(of_a, of_b, guards_what_it_reads=True):
    """A product that brings a[row, of_a] and b[of_b, column], of (start, x, y)."""

    def product(out, a, b):
        j, i = cuda.grid(2)
        left = cuda.shared.array((8, 8), float32)
        right = cuda.shared.array((8, 8), float32)
        x, y = cuda.threadIdx.x, cuda.threadIdx.y
        total = float32(0)
        for start in range(0, a.shape[1], 8):
            k0, k1 = of_a(start, x, y), of_b(start, x, y)
            last0 = k0 if guards_what_it_reads else start + x
            last1 = k1 if guards_what_it_reads else start + y
            left[y, x] = a[i, k0] if i < a.shape[0] and last0 < a.shape[1] else float32(0)
            right[y, x] = b[k1, j] if last1 < b.shape[0] and j < b.shape[1] else float32(0)
            cuda.syncthreads()
            for k in range(8):
                total += left[y, k] * right[k, x]
            cuda.syncthreads()
        if i < out.shape[0] and j < out.shape[1]:
            out[i, j] = total

    return product


def along_x(start, x, y):
    return start + x


def along_y(start, x, y):
    return start + y


def first_along_x(start, x, y):
    return x


def first_along_y(start, x, y):
    return y


def softmax_with_columns_of_the_grid(out, x):
    s = cuda.shared.array(64, float32)
    t, row, column = cuda.threadIdx.x, cuda.blockIdx.x, cuda.grid(1)
    best = float32(-math.inf)
    while column < x.shape[1]:
        best = max(best, x[row, column])
        column += cuda.blockDim.x
    s[t] = best
    cuda.syncthreads()
    for k in range(cuda.blockDim.x):
        best = max(best, s[k])
    cuda.syncthreads()
    total = float32(0)
    for column in range(cuda.grid(1), x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - best)
    s[t] = total
    cuda.syncthreads()
    total = float32(0)
    for k in range(cuda.blockDim.x):
        total += s[k]
    for column in range(cuda.grid(1), x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - best) / total


def sum_that_ends_too_early(out, x):
    s = cuda.shared.array(64, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    s[t] = x[i] if i < x.shape[0] else float32(0)
    cuda.syncthreads()
    stride = cuda.blockDim.x // 2
    while stride > 1:
        if t < stride:
            s[t] += s[t + stride]
        cuda.syncthreads()
        stride //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


def sum_by_all_in_each_round(out, x):
    shared = cuda.shared.array(64, float32)
    tid = cuda.threadIdx.x
    shared[tid] = x[cuda.grid(1)] if cuda.grid(1) < x.shape[0] else float32(0)
    cuda.syncthreads()
    width = cuda.blockDim.x // 2
    while width > 0:
        shared[tid] += shared[tid + width]
        cuda.syncthreads()
        width >>= 1
    if tid == 0:
        out[cuda.blockIdx.x] = shared[0]


def sums_in_one_element_of_out(out, x):
    t, i = cuda.threadIdx.x, cuda.grid(1)
    part = cuda.shared.array(64, float32)
    part[t] = x[i] if i < x.shape[0] else float32(0)
    cuda.syncthreads()
    if t == 0:
        total = float32(0)
        for k in range(cuda.blockDim.x):
            total += part[k]
        out[0] = total


def line_of(kernel, text):
    """The number in its file of the line of a kernel with a text."""
    lines, first = inspect.getsourcelines(kernel)
    return first + next(number for number, line in enumerate(lines) if text in line)


def make_product(is_left, is_right, drops_last):
    def product(out, a, b):
        column, row = cuda.grid(2)
        left = cuda.shared.array((8, 8), float32)
        right = cuda.shared.array((8, 8), float32)
        x, y = cuda.threadIdx.x, cuda.threadIdx.y
        M, K, N = a.shape[0], a.shape[1], b.shape[1]
        total = float32(0)
        for tile in range(K // 8 if drops_last else (K + 7) // 8):
            k0 = tile * 8
            of_a = a[row, k0 + x] if row < M and k0 + x < K else float32(0)
            of_b = b[k0 + y, column] if k0 + y < K and column < N else float32(0)
            if is_left:
                left[x, y] = of_a
            else:
                left[y, x] = of_a
            if is_right:
                right[x, y] = of_b
            else:
                right[y, x] = of_b
            cuda.syncthreads()
            for k in range(8):
                total += left[y, k] * right[k, x]
            cuda.syncthreads()
        if row < M and column < N:
            out[row, column] = total

    return product


def naive_product_without_guard(out, a, b):
    column, row = cuda.grid(2)
    total = float32(0)
    for k in range(a.shape[1]):
        total += a[row, k] * b[k, column]
    out[row, column] = total


FIXED = [
    ("14.add", add_in_eights, "8", "", 4, ""),
    ("14.guarded_map", map_in_sixteens, "16", "", 8, " along x"),
    ("14.block_sum", sum_from_32, "= 32", " // 2", 8, ""),
    ("14.block_sum", sum_in_sixty_fours, "* 64", "", 8, ""),
    ("14.row_softmax", softmax_in_steps_of_16, "1], 16)", "", 8, ""),
]


@pytest.mark.parametrize(
    ("id", "kernel", "code", "half", "threads", "along"),
    FIXED,
    ids=[row[1].__name__ for row in FIXED],
)
def test_a_number_in_place_of_the_threads_of_a_block_is_named(
    id, kernel, code, half, threads, along
):
    number = re.search(r"\d\d?(?=\)?$)", code)[0]
    assert learn.check(id, kernel).cause == (
        f"You wrote {number} in line {line_of(kernel, code)}, and here a block has {threads} "
        f"threads{along}. Write `cuda.blockDim.x{half}`, which fits blocks of any size."
    )


CAUSES = [
    ("14.guarded_map", map_with_x_for_the_row, "x_for_the_row"),
    ("14.block_sum", sum_of_x_at_t, "first_part"),
    ("14.tiled_matmul", make_bringing(along_y, along_y), "first_along_y"),
    ("14.tiled_matmul", make_bringing(along_y, along_y, False), "first_along_y"),
    ("14.tiled_matmul", make_bringing(along_x, along_x), "second_along_x"),
    ("14.tiled_matmul", make_bringing(along_x, along_x, False), "second_along_x"),
    ("14.tiled_matmul", make_bringing(along_y, along_x), "both_along_one"),
    ("14.tiled_matmul", make_bringing(first_along_x, first_along_y), "no_start"),
    ("14.tiled_matmul", make_bringing(first_along_x, first_along_y, False), "no_start"),
    ("14.tiled_matmul", make_bringing(first_along_x, along_y), "no_start"),
    ("14.tiled_matmul", make_bringing(along_x, first_along_y), "no_start"),
    ("14.tiled_matmul", make_product(False, False, True), "no_last_tile"),
    ("14.tiled_matmul", make_product(True, True, False), "both_transposed"),
    ("14.tiled_matmul", make_product(True, False, False), "first_transposed"),
    ("14.tiled_matmul", make_product(False, True, False), "second_transposed"),
    ("14.tiled_matmul", naive_product_without_guard, "naive_without_guard"),
    ("14.row_softmax", softmax_of_exponentials, "not_divided"),
    ("14.row_softmax", softmax_with_columns_of_the_grid, "grid_for_column"),
    ("14.block_sum", sums_in_one_element_of_out, "one_result"),
]


@pytest.mark.parametrize(("id", "kernel", "key"), CAUSES)
def test_what_readers_wrote_is_recognised(id, kernel, key):
    assert learn.check(id, kernel).cause == message_section(id)["mistakes"][key]


IN_OWN_WORDS = [
    (
        "14.block_sum", sum_that_ends_too_early,
        "The last halving is missing: when `stride` is 1, `s[0]` still has to add `s[1]`. Go on "
        "while `stride > 0`.",
    ),
    (
        "14.block_sum", sum_by_all_in_each_round,
        "Every thread adds, in each round. The second half must keep still: only threads with "
        "`tid < width` add.",
    ),
    (
        "14.tiled_matmul", product_with_x_for_the_row,
        "The column runs along x, and the row along y: with blocks beside each other, the later "
        "columns are never reached. Write `j, i = cuda.grid(2)`, and index with `[i, j]`.",
    ),
    (
        "14.tiled_matmul", product_with_axes_of_the_grid_swapped,
        "The row of out runs along x here, while the tiles are filled as if it ran along y. "
        "`cuda.grid(2)` gives the number along x first, and that is the column: write "
        "`j, i = cuda.grid(2)`.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("id", "kernel", "cause"), IN_OWN_WORDS, ids=[row[1].__name__ for row in IN_OWN_WORDS]
)
def test_a_cause_has_the_names_of_the_learners_code(id, kernel, cause):
    assert learn.check(id, kernel).cause == cause


def test_two_blocks_that_write_one_element_miss_a_goal_that_speaks_of_blocks():
    result = learn.check("14.block_sum", sums_in_one_element_of_out)
    assert result.property == "Each block writes an element of out that no other block writes."
    assert result.got == "thread 0 of block 0 and thread 0 of block 1 both write out[0]"


def test_blocks_beside_each_other_show_that_x_was_taken_for_the_row():
    result = learn.check("14.guarded_map", map_with_x_for_the_row)
    assert (result.input["grid"], result.input["x"].shape) == ((2, 1), (5, 12))
    assert np.count_nonzero(result.expected[:, 8:] != result.got[:, 8:]) == 20


NUMBERS = "a kernel computes with single numbers, and "
REFUSED = [
    (
        "14.add", add_of_arrays, "array_for_number",
        NUMBERS + "a is an array of shape (16,); index its elements, such as a[i]",
    ),
    (
        "14.add", add_with_maximum, "array_for_number",
        "a kernel has no a.max; loop over the elements, such as a[i]",
    ),
    (
        "14.guarded_map", map_of_a_row, "array_for_number",
        NUMBERS + "a row of x is an array of shape (7,); index its elements, such as x[i, j]",
    ),
    (
        "14.block_sum", sum_of_an_array, "array_for_number",
        NUMBERS + "s is an array of shape (64,); index its elements, such as s[i]",
    ),
    (
        "14.block_sum", sum_in_the_size_of_the_block, "shape",
        "the shape of a shared array must be a constant, which a compiler knows before the launch; "
        "got n; write a number, such as 64",
    ),
    (
        "14.add", add_over_zero, "divided_by_zero",
        "thread 0 of block 0 raises ZeroDivisionError: integer division or modulo by zero",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("id", "kernel", "key", "text"), REFUSED, ids=[row[1].__name__ for row in REFUSED]
)
def test_what_no_compiler_takes_is_told_in_one_sentence(id, kernel, key, text):
    result = learn.check(id, kernel)
    assert str(result.got).partition(": ")[2] == text
    assert result.cause == message_section("causes")[f"kernel_{key}"]
    assert "WatchedArray" not in repr(result)


def sum_by_thread_0(out, x):
    if cuda.threadIdx.x == 0:
        total = float32(0)
        for k in range(cuda.blockDim.x):
            i = cuda.blockIdx.x * cuda.blockDim.x + k
            if i < x.shape[0]:
                total += x[i]
        out[cuda.blockIdx.x] = total


def sum_by_every_thread_for_itself(out, x):
    total = float32(0)
    for k in range(cuda.blockDim.x):
        i = cuda.blockIdx.x * cuda.blockDim.x + k
        if i < x.shape[0]:
            total += x[i]
    if cuda.threadIdx.x == 0:
        out[cuda.blockIdx.x] = total


def sum_by_atomic_additions(out, x):
    i = cuda.grid(1)
    if i < x.shape[0]:
        cuda.atomic.add(out, cuda.blockIdx.x, x[i])


def softmax_of_full_rows(out, x):
    row = cuda.blockIdx.x
    best, total = x[row, 0], float32(0)
    for column in range(x.shape[1]):
        best = max(best, x[row, column])
    for column in range(x.shape[1]):
        total += math.exp(x[row, column] - best)
    for column in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - best) / total


TIMES = "It reads and writes elements of global memory "
WASTE = [
    (
        "14.block_sum", sum_by_thread_0,
        "One thread of each block does all the work, and the others wait for it: share the work "
        "among all of them.",
    ),
    (
        "14.block_sum", sum_by_every_thread_for_itself,
        TIMES + "4097 times where 65 do: threads repeat each other's work.",
    ),
    (
        "14.block_sum", sum_by_atomic_additions,
        TIMES + "192 times where 65 do: each atomic change is a read and a write. Add up in shared "
        "memory first.",
    ),
    (
        "14.row_softmax", softmax_of_full_rows,
        TIMES + "33408 times where 1024 do: threads repeat each other's work.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("id", "kernel", "text"), WASTE, ids=[row[1].__name__ for row in WASTE])
def test_advice_fits_the_cause_of_the_waste(id, kernel, text):
    result = learn.check(id, kernel)
    assert result.state == "correct", repr(result)
    assert text in repr(result)
    assert "neighbouring" not in repr(result)


def test_numbers_of_a_right_kernel_are_not_blamed_for_what_it_reads_too_often():
    def naive_with_a_number(out, a, b):
        column, row = cuda.grid(2)
        scale = 16 // 16
        if row < out.shape[0] and column < out.shape[1]:
            total = float32(0)
            for k in range(a.shape[1]):
                total += a[row, k] * b[k, column]
            out[row, column] = total * scale

    result = learn.check("14.tiled_matmul", naive_with_a_number)
    assert result.cause == message_section("14.tiled_matmul")["mistakes"]["naive"]
