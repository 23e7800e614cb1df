"""14.block_sum: each block of threads adds up its part of an array."""

import numpy as np

from microgpt.interpreter import cuda, float32
from microgpt.interpreter.gallery import KERNELS, TASKS
from microgpt.learn.bundled.block_sum_mistakes import common_mistakes
from microgpt.learn.bundled.kernel_rules import unseeded
from microgpt.learn.exercise import Example, Property
from microgpt.learn.kernel_exercise import KernelExercise
from microgpt.learn.kernel_goals import (
    blocks_write_apart,
    leaves_inputs_unchanged,
    no_missed_barrier,
    no_race,
    reads_what_was_written,
    stays_inside,
)
from microgpt.learn.kernel_remarks import remarks
from microgpt.learn.messages import message_section

TASK = TASKS["block_sum"]
block_sum = KERNELS["block_sum"].kernel


def _barrier_first(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[me] = float32(0)
    if n < x.shape[0]:
        part[me] = x[n]
    half = cuda.blockDim.x
    while half > 1:
        cuda.syncthreads()
        half //= 2
        if me < half:
            part[me] = part[me] + part[me + half]
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def _neighbours_first(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[me] = x[n] if n < x.shape[0] else float32(0)
    cuda.syncthreads()
    stride = 1
    while stride < cuda.blockDim.x:
        if me % (2 * stride) == 0:
            part[me] += part[me + stride]
        cuda.syncthreads()
        stride *= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def _one_thread_adds(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    if n < x.shape[0]:
        part[me] = x[n]
    else:
        part[me] = float32(0)
    cuda.syncthreads()
    if me == 0:
        total = float32(0)
        for k in range(cuda.blockDim.x):
            total += part[k]
        out[cuda.blockIdx.x] = total


def _atomically(out, x):
    part = cuda.shared.array(1, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    if me == 0:
        part[0] = float32(0)
    cuda.syncthreads()
    if n < x.shape[0]:
        cuda.atomic.add(part, 0, x[n])
    cuda.syncthreads()
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def _sums(*launches):
    """Return the inputs of a property: for each (numbers, threads of a block)."""

    def inputs(rng):
        for size, threads in launches:
            yield -(-size // threads), threads, *TASK.make_inputs((size,), rng)

    return inputs


_texts = message_section("14.block_sum")
_descriptions = _texts["properties"]
_watched = unseeded(_sums((8, 8), (5, 8), (13, 8), (64, 64), (100, 64)))
_remark_inputs = TASK.make_inputs((64,), np.random.default_rng(0))

BLOCK_SUM = KernelExercise(
    id="14.block_sum",
    signature="block_sum(out, x)",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((1, 8, np.arange(1, 6, dtype=np.float32)), np.array([15], np.float32)),
    difficulty=3,
    importance=5,
    minutes=8,
    prerequisites=("14.guarded_map",),
    hints=tuple(_texts["hints"]),
    solution=block_sum,
    alternative_solutions=(_barrier_first, _neighbours_first, _one_thread_adds, _atomically),
    task=TASK,
    properties=(
        Property(_descriptions["barriers"], _watched, no_missed_barrier),
        Property(_descriptions["inside"], _watched, stays_inside),
        Property(_descriptions["own_element"], _watched, blocks_write_apart),
        Property(_descriptions["no_race"], _watched, no_race),
        Property(_descriptions["written"], _watched, reads_what_was_written),
        Property(_descriptions["unchanged"], _watched, leaves_inputs_unchanged),
        Property(_descriptions["one_block"], _sums((1, 8), (13, 16), (64, 64))),
        Property(_descriptions["two_blocks"], _sums((13, 8), (100, 64))),
        Property(_descriptions["one_thread"], _sums((1, 1), (3, 1))),
    ),
    common_mistakes=common_mistakes(),
    success_message=remarks(block_sum, 1, 64, _remark_inputs, _remark_inputs[0].sum(keepdims=True)),
)
