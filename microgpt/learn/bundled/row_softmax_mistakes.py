"""The common mistakes of 14.row_softmax: barriers, columns, and what is shared."""

import math

import numpy as np

from microgpt.interpreter import cuda, float32
from microgpt.interpreter.gallery import KERNELS
from microgpt.interpreter.report import UNWRITTEN
from microgpt.learn.bundled.kernel_rules import (
    gives_what,
    has_barrier_finding,
    has_race,
    is_accumulator,
    misses_barrier_in_loop,
    outside_of,
    race_lines,
    when,
)
from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def _maximum_from_zero(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    largest = float32(0)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, column])
    part[me] = largest
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] = max(part[me], part[me + half])
        cuda.syncthreads()
        half //= 2
    largest = part[0]
    cuda.syncthreads()
    total = float32(0)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - largest)
    part[me] = total
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest) / part[0]


def _no_barrier_before_halving(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    largest = float32(-math.inf)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, column])
    part[me] = largest
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] = max(part[me], part[me + half])
        cuda.syncthreads()
        half //= 2
    largest = part[0]
    cuda.syncthreads()
    total = float32(0)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - largest)
    part[me] = total
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest) / part[0]


def _no_barrier_in_halving(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    largest = float32(-math.inf)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, column])
    part[me] = largest
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] = max(part[me], part[me + half])
        half //= 2
    cuda.syncthreads()
    largest = part[0]
    cuda.syncthreads()
    total = float32(0)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - largest)
    part[me] = total
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        half //= 2
    cuda.syncthreads()
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest) / part[0]


def _not_divided(out, x):
    row = cuda.blockIdx.x
    largest = float32(-math.inf)
    for column in range(x.shape[1]):
        largest = max(largest, x[row, column])
    for column in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest)


def _own_share_only(out, x):
    row = cuda.blockIdx.x
    largest, total = float32(-math.inf), float32(0)
    for column in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, column])
    for column in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - largest)
    for column in range(cuda.threadIdx.x, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest) / total


def _columns_from_the_grid(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    largest = float32(-math.inf)
    for column in range(cuda.grid(1), x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, column])
    part[me] = largest
    cuda.syncthreads()
    for k in range(cuda.blockDim.x):
        largest = max(largest, part[k])
    cuda.syncthreads()
    total = float32(0)
    for column in range(cuda.grid(1), x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - largest)
    part[me] = total
    cuda.syncthreads()
    total = float32(0)
    for k in range(cuda.blockDim.x):
        total += part[k]
    for column in range(cuda.grid(1), x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest) / total


def _is_not_divided(run):
    """Whether the result is not divided by the sum of its row: a positive multiple of it."""
    if run.findings or not np.isfinite(run.output).all() or not (run.output > 0).all():
        return False
    ratios = run.output.astype(np.float64) / np.maximum(run.expected, 1e-30)
    is_multiple = np.allclose(ratios, ratios[:, :1], rtol=1e-3, atol=0)
    sums = run.output.sum(axis=1)
    return is_multiple and bool((np.abs(sums - 1) > 1e-3).any())


def _counts_the_block(run):
    """Whether each later block begins, in its row, after the columns of the blocks before it."""
    first_columns = {}
    for access in (*run.accesses, *run.outside):
        if access.block and access.array in run.names[:2]:
            key = access.block, access.thread
            first_columns[key] = min(access.element[1], first_columns.get(key, access.element[1]))
    return bool(first_columns) and all(
        column == block * run.num_threads + thread
        for (block, thread), column in first_columns.items()
    )


def _uses_part_again(run):
    """Whether an element is written on a later line than the one that another thread reads it."""
    return any(
        other < line and not run.lines.are_in_one_loop(line, other)
        for line, other in race_lines(run)
    )


def _misses_barrier_before_loop(run):
    """Whether what is written on one line is read on a later one, with no barrier between."""
    return any(other > line for line, other in race_lines(run))


def _is_not_finite(run, grid, block, x):
    """Whether large logits, and nothing that was found, gave NaN or infinity."""
    is_large = np.abs(x).max() > 88
    return bool(is_large) and not run.findings and not np.isfinite(run.output).all()


def _leaves_columns_out(run):
    """Whether only the first columns are written, as many as a block has threads."""
    columns = {column for _, column in run.writers}
    return columns == set(range(run.num_threads)) and bool(run.num_unwritten)


def _reads_unwritten(run):
    """Whether shared memory is read that nobody has written."""
    return any(one.type == UNWRITTEN and one.space == "shared" for one in run.findings)


def _starts_at_zero(run, grid, block, x):
    """Whether all logits are far below 0, and the result is not finite."""
    return bool(x.max() < -88) and _is_not_finite(run, grid, block, x)


def common_mistakes():
    """Return the mistakes; the first whose rule fits a failing run is named."""
    causes = message_section("14.row_softmax")["mistakes"]
    mistakes = {
        "barrier in the branch": (
            "barrier_in_branch", KERNELS["softmax_with_barrier_in_branch"].kernel,
            when(has_barrier_finding),
        ),
        "cuda.grid(1) for the column": (
            "grid_for_column", _columns_from_the_grid, when(_counts_the_block)
        ),
        "no guard": (
            "no_guard", _one_column_each_without_guard, lambda run, *_: bool(outside_of(run, 1))
        ),
        "one shared maximum and sum": (
            "one_element", KERNELS["softmax_in_shared_elements"].kernel, when(is_accumulator)
        ),
        "no barrier in the halving": (
            "no_barrier_in_loop", _no_barrier_in_halving, when(misses_barrier_in_loop)
        ),
        "no barrier between the two uses of part": (
            "no_middle_barrier", KERNELS["softmax_without_middle_barrier"].kernel,
            when(_uses_part_again),
        ),
        "no barrier before the halving": (
            "no_first_barrier", _no_barrier_before_halving, when(_misses_barrier_before_loop)
        ),
        "idle threads bring nothing": (
            "idle_threads", _idle_threads_bring_nothing,
            lambda run, *_: _reads_unwritten(run) and not has_race(run),
        ),
        "not divided": ("not_divided", _not_divided, when(_is_not_divided)),
        "its own columns only": ("own_share", _own_share_only, gives_what(_own_share_only)),
        "as many columns as threads": (
            "one_column_each", KERNELS["softmax_of_one_column_each"].kernel,
            when(_leaves_columns_out),
        ),
        "the maximum begins at 0": ("from_zero", _maximum_from_zero, _starts_at_zero),
        "no maximum subtracted": (
            "no_maximum", KERNELS["softmax_without_maximum"].kernel, _is_not_finite
        ),
    }  # fmt: skip
    return tuple(
        CommonMistake(name, kernel, causes[key], matches=rule)
        for name, (key, kernel, rule) in mistakes.items()
    )


def _one_column_each_without_guard(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    part[me] = math.exp(x[row, me])
    cuda.syncthreads()
    total = float32(0)
    for k in range(cuda.blockDim.x):
        total += part[k]
    out[row, me] = part[me] / total


def _idle_threads_bring_nothing(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    if me < x.shape[1]:
        part[me] = x[row, me]
    cuda.syncthreads()
    largest = part[0]
    for k in range(cuda.blockDim.x):
        largest = max(largest, part[k])
    total = float32(0)
    for column in range(x.shape[1]):
        total += math.exp(x[row, column] - largest)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest) / total
