"""14.tiled_matmul: a matrix product whose blocks bring tiles into shared memory."""

import numpy as np

from microgpt.interpreter.gallery import KERNELS, TASKS
from microgpt.learn.bundled.kernel_rules import unseeded
from microgpt.learn.bundled.tiled_matmul_mistakes import (
    barrier_on_top,
    common_mistakes,
    short_last_tile,
)
from microgpt.learn.exercise import Example, Property
from microgpt.learn.kernel_exercise import KernelExercise
from microgpt.learn.kernel_goals import (
    leaves_inputs_unchanged,
    limits_loads,
    no_missed_barrier,
    no_race,
    reads_what_was_written,
    stays_inside,
    writes_each_element_once,
)
from microgpt.learn.kernel_remarks import remarks
from microgpt.learn.messages import message_section

TASK = TASKS["tiled_matmul"]
tiled_matmul = KERNELS["tiled_matmul"].kernel


def tiled_loads(a, b):
    """Return how many numbers blocks of 8 × 8 read: each once for each block that needs it."""
    (M, K), N = a.shape, b.shape[1]
    return M * K * -(-N // 8) + K * N * -(-M // 8)


def _products(*sizes):
    """Return the inputs of a property: for each (M, K, N)."""

    def inputs(rng):
        for size in sizes:
            yield TASK.grid(size, TASK.block), TASK.block, *TASK.make_inputs(size, rng)

    return inputs


_texts = message_section("14.tiled_matmul")
_descriptions = _texts["properties"]
_full_tiles = unseeded(_products(TASK.sizes))
_watched = unseeded(_products((2, 2, 2), (6, 11, 13), TASK.sizes))
_remark_inputs = TASK.make_inputs(TASK.sizes, np.random.default_rng(0))

TILED_MATMUL = KernelExercise(
    id="14.tiled_matmul",
    signature="tiled_matmul(out, a, b)",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        (
            (1, 1),
            (8, 8),
            np.array([[1, 2], [3, 4]], np.float32),
            np.array([[5, 6], [7, 8]], np.float32),
        ),
        np.array([[19, 22], [43, 50]], np.float32),
    ),
    difficulty=4,
    importance=5,
    minutes=12,
    prerequisites=("14.block_sum", "matrix_product"),
    hints=tuple(_texts["hints"]),
    solution=tiled_matmul,
    alternative_solutions=(
        barrier_on_top,
        short_last_tile,
        KERNELS["matmul_down_the_rows"].kernel,
    ),
    task=TASK,
    properties=(
        Property(_descriptions["barriers"], _watched, no_missed_barrier),
        Property(_descriptions["inside"], _watched, stays_inside),
        Property(_descriptions["no_race"], _watched, no_race),
        Property(_descriptions["written"], _watched, reads_what_was_written),
        Property(_descriptions["unchanged"], _watched, leaves_inputs_unchanged),
        Property(_descriptions["two_blocks"], _full_tiles),
        Property(_descriptions["edges"], _watched),
        Property(_descriptions["any_size"], _products((1, 1, 1), (3, 9, 5))),
        Property(_descriptions["written_once"], _watched, writes_each_element_once),
        Property(
            _descriptions["loads"], unseeded(_products(TASK.sizes)), limits_loads(tiled_loads)
        ),
    ),
    common_mistakes=common_mistakes(),
    success_message=remarks(
        tiled_matmul, (2, 1), TASK.block, _remark_inputs, np.matmul(*_remark_inputs)
    ),
)
