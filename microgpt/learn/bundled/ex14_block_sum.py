"""14.block_sum: each block of threads adds up its part of an array."""

import numpy as np

from microgpt.interpreter.gallery import KERNELS, TASKS
from microgpt.learn.bundled.block_sum_mistakes import (
    atomically,
    barrier_first,
    common_mistakes,
    neighbours_first,
    one_thread_adds,
)
from microgpt.learn.bundled.kernel_rules import unseeded
from microgpt.learn.exercise import Example, Property
from microgpt.learn.kernel_exercise import KernelExercise
from microgpt.learn.kernel_goals import (
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
    alternative_solutions=(barrier_first, neighbours_first, one_thread_adds, atomically),
    task=TASK,
    properties=(
        Property(_descriptions["barriers"], _watched, no_missed_barrier),
        Property(_descriptions["inside"], _watched, stays_inside),
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
