"""14.row_softmax: each block of threads turns one row of logits into probabilities."""

import math

import numpy as np

from microgpt.interpreter import cuda, float32
from microgpt.interpreter.gallery import KERNELS, TASKS
from microgpt.learn.bundled.kernel_rules import unseeded
from microgpt.learn.bundled.row_softmax_mistakes import common_mistakes
from microgpt.learn.exercise import Example, Mismatch, Property
from microgpt.learn.kernel_exercise import KernelExercise
from microgpt.learn.kernel_goals import (
    leaves_inputs_unchanged,
    no_missed_barrier,
    no_race,
    reads_what_was_written,
    stays_inside,
    writes_each_element_once,
)
from microgpt.learn.kernel_remarks import remarks
from microgpt.learn.messages import message_section

TASK = TASKS["row_softmax"]
row_softmax = KERNELS["row_softmax"].kernel
_row_sums = message_section("quantities")["row_sums"]


def _two_arrays(out, x):
    maxima = cuda.shared.array(64, float32)
    sums = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    largest, total = float32(-math.inf), float32(0)
    column = me
    while column < x.shape[1]:
        largest = max(largest, x[row, column])
        column += cuda.blockDim.x
    maxima[me] = largest
    half = cuda.blockDim.x // 2
    while half > 0:
        cuda.syncthreads()
        if me < half:
            maxima[me] = max(maxima[me], maxima[me + half])
        half //= 2
    cuda.syncthreads()
    for column in range(me, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - maxima[0])
    sums[me] = total
    half = cuda.blockDim.x // 2
    while half > 0:
        cuda.syncthreads()
        if me < half:
            sums[me] += sums[me + half]
        half //= 2
    cuda.syncthreads()
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - maxima[0]) / sums[0]


def _one_thread_finds_both(out, x):
    found = cuda.shared.array(2, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    if me == 0:
        largest, total = x[row, 0], float32(0)
        for column in range(x.shape[1]):
            largest = max(largest, x[row, column])
        for column in range(x.shape[1]):
            total += math.exp(x[row, column] - largest)
        found[0] = largest
        found[1] = total
    cuda.syncthreads()
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - found[0]) / found[1]


def _rows_sum_to_one(answer, *arguments):
    run = answer(*arguments)
    if run.error is not None or run.findings:
        return KernelExercise.compare(ROW_SOFTMAX, run, run.expected)
    sums, ones = run.output.sum(axis=1), np.ones(len(run.output), np.float32)
    is_one = np.allclose(sums, ones, rtol=0, atol=1e-4)
    return None if is_one else Mismatch(sums, ones, quantity=_row_sums)


def _rows(*launches, scale=1.0, shift=0.0):
    """Return the inputs of a property: for each ((rows, C), threads), logits that may be large."""

    def inputs(rng):
        for sizes, threads in launches:
            (x,) = TASK.make_inputs(sizes, rng)
            x = np.abs(x) if scale != 1 else x
            yield sizes[0], threads, (x * scale + shift).astype(np.float32)

    return inputs


_texts = message_section("14.row_softmax")
_descriptions = _texts["properties"]
_watched = unseeded(_rows(((1, 3), 4), ((2, 20), 8), ((2, 3), 8)))
_x = np.array([[0.0, np.log(2), 0.0]], np.float32)
_remark_inputs = TASK.make_inputs((2, 128), np.random.default_rng(0))

ROW_SOFTMAX = KernelExercise(
    id="14.row_softmax",
    signature="row_softmax(out, x)",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((1, 4, _x), np.array([[0.25, 0.5, 0.25]], np.float32)),
    difficulty=4,
    importance=4,
    minutes=12,
    prerequisites=("14.block_sum", "softmax"),
    hints=tuple(_texts["hints"]),
    solution=row_softmax,
    alternative_solutions=(_two_arrays, _one_thread_finds_both),
    task=TASK,
    properties=(
        Property(_descriptions["barriers"], _watched, no_missed_barrier),
        Property(_descriptions["inside"], _watched, stays_inside),
        Property(_descriptions["no_race"], _watched, no_race),
        Property(_descriptions["written"], _watched, reads_what_was_written),
        Property(_descriptions["unchanged"], _watched, leaves_inputs_unchanged),
        Property(_descriptions["written_once"], _watched, writes_each_element_once),
        Property(_descriptions["sum_to_one"], _rows(((2, 3), 4)), _rows_sum_to_one),
        Property(_descriptions["sizes"], _rows(((1, 1), 1), ((2, 3), 8), ((2, 20), 8))),
        Property(_descriptions["large"], _rows(((1, 3), 4), ((2, 5), 4), scale=1000.0)),
        Property(_descriptions["shifted"], _rows(((2, 3), 4), shift=1000.0)),
        Property(_descriptions["shifted_down"], _rows(((2, 3), 4), shift=-1000.0)),
    ),
    common_mistakes=common_mistakes(),
    success_message=remarks(
        row_softmax, 2, 64, _remark_inputs, TASK.expected(_remark_inputs, (64,))
    ),
)
