"""Steps of the thread theatre, and the scene of one: atomics, strips, arrays of a thread's own."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.interpreter import ORDERS
from microgpt.interpreter.gallery import KERNELS
from microgpt.viz.thread_theatre import Traffic
from microgpt.widgets.theatre_kernels import GalleryChoice, OwnKernel
from microgpt.widgets.theatre_runs import LIMIT
from microgpt.widgets.theatre_state import start_state

cuda, f32 = mg.interpreter.cuda, np.float32
FORWARDS, BACKWARDS, IN_STEP = ORDERS


def state_of(kernel, *arrays, blocks=1, threads=4, order=IN_STEP):
    own = OwnKernel.of(kernel, blocks, threads, arrays)
    return start_state(own, own).with_order(order)


def steps_of(state):
    return [
        [(step.line - state.launch.function.__code__.co_firstlineno, step.operation,
          len(step.accesses)) for step in phase]
        for phase in state.run.phases
    ]  # fmt: skip


def count_up(counts):
    cuda.atomic.add(counts, 0, 1)


def count_in_shared(out):
    s = cuda.shared.array(1, out.dtype)
    if out[0] == 0:
        cuda.atomic.add(s, 0, 1)


def two_ways(out, x):
    t = cuda.threadIdx.x
    if t < 2:
        out[t] = x[t]
    else:
        out[t] = -x[t]
    cuda.syncthreads()
    out[t] += f32(1)


def with_own_array(out, x):
    own = cuda.local.array(2, x.dtype)
    t = cuda.threadIdx.x
    own[0] = x[t]
    out[t] = own[0]


def reverse_long(out, x):
    i = cuda.grid(1)
    for k in range(i, x.size, cuda.gridsize(1)):
        out[x.size - 1 - k] = x[k]


def early_end(out, x):
    t = cuda.threadIdx.x
    if t > 1:
        return
    out[t] = x[t]


@pytest.mark.parametrize("order", ORDERS)
def test_an_atomic_change_is_one_step(order):
    state = state_of(count_up, np.zeros(1, np.int64), order=order)
    sizes = [2 * 4] if order == IN_STEP else [2] * 4  # a read and a write of each thread
    assert steps_of(state) == [[(1, "changes", size) for size in sizes]]
    state = state.with_step(1)
    assert state.scene.step.operation == "changes"
    assert "changes" in state.scene.blocks[0].states
    cell = next(one for one in state.scene.arrays if one.name == "counts").cells[0]
    assert cell == (False, True, True, True, False)


def test_what_was_changed_atomically_is_empty_no_more():
    state = state_of(count_in_shared, np.zeros(1, np.int64))

    def is_empty(state):
        return next(one for one in state.scene.arrays if one.name == "s").cells[0].is_empty

    assert is_empty(state)
    assert not is_empty(state.with_step(2))


def test_in_step_the_threads_of_a_line_act_together():
    state = state_of(two_ways, np.zeros(4, f32), np.ones(4, f32))
    assert steps_of(state) == [
        [(3, "reads", 2), (5, "reads", 2), (3, "writes", 2), (5, "writes", 2)],
        [(7, "reads", 4), (7, "writes", 4)],
    ]


def test_only_what_is_touched_now_is_lit():
    state = state_of(two_ways, np.zeros(4, f32), np.ones(4, f32)).with_step(2)
    x = next(one for one in state.scene.arrays if one.name == "x")
    assert [cell.is_now for cell in x.cells] == [False, False, True, True]
    assert all(cell.was_read for cell in x.cells)


def test_in_turn_each_access_is_a_step():
    state = state_of(two_ways, np.zeros(4, f32), np.ones(4, f32), order=FORWARDS)
    first, second = steps_of(state)
    assert (
        first == [(3, "reads", 1), (3, "writes", 1)] * 2 + [(5, "reads", 1), (5, "writes", 1)] * 2
    )
    assert len(second) == 8


def test_both_blocks_act_together_in_step():
    state = state_of(two_ways, np.zeros(4, f32), np.ones(4, f32), blocks=2)
    assert steps_of(state)[1] == [(7, "reads", 8), (7, "writes", 8)]
    assert state.with_phase(2).scene.step.threads == "all 4 threads of both blocks"


def test_an_array_of_a_threads_own_is_told_but_not_drawn():
    state = state_of(with_own_array, np.zeros(4, f32), np.ones(4, f32)).with_step(2)
    assert [one.name for one in state.scene.arrays] == ["x", "out"]
    assert state.scene.step.elements == "own[0]"
    assert state.scene.step.cost is None
    assert state.scene.total == Traffic(4, 4, 2, 2)


def test_a_long_array_is_a_strip():
    x = np.arange(600, dtype=f32)
    state = state_of(reverse_long, np.zeros(600, f32), x, threads=32)
    picture = state.scene.arrays[0]
    assert (picture.name, picture.per_cell, len(picture.cells)) == ("x", 10, 60)
    assert [index for index, cell in enumerate(picture.cells) if cell.is_now] == [0, 1, 2, 3]


def test_a_table_is_drawn_in_its_rows_and_a_wide_one_in_rows_of_32():
    def copy(out, x):
        t = cuda.threadIdx.x
        out[1, t] = x[1, t]

    narrow = state_of(copy, np.zeros((2, 20), f32), np.zeros((2, 20), f32)).scene.arrays
    assert [one.columns for one in narrow] == [20, 20]
    wide = state_of(copy, np.zeros((2, 64), f32), np.zeros((2, 64), f32)).scene.arrays
    assert [one.columns for one in wide] == [32, 32]
    assert [index for index, cell in enumerate(wide[0].cells) if cell.is_now] == [64, 65, 66, 67]


def test_a_thread_without_accesses_has_ended_from_the_beginning():
    state = state_of(early_end, np.zeros(4, f32), np.ones(4, f32))
    assert state.scene.blocks[0].states == ("reads", "reads", "ended", "ended")
    forwards = state.with_order(FORWARDS)
    assert forwards.scene.blocks[0].states == ("reads", "ready", "ended", "ended")
    assert forwards.with_step(3).scene.blocks[0].states == ("ended", "reads", "ended", "ended")


@pytest.mark.parametrize(
    ("name", "total", "barriers", "phases"),
    [
        ("block_sum", Traffic(64, 1, 9, 9, 127, 127, 21, 21), 7, 8),
        ("tiled_matmul", Traffic(512, 128, 80, 80, 4096, 512, 144, 144), 4, 5),
        ("matmul_down_the_rows", Traffic(512, 128, 160, 80, 4096, 512, 224, 144), 4, 5),
        ("naive_matmul", Traffic(4096, 128, 336, 144), 0, 1),
        ("naive_matmul_down_the_rows", Traffic(4096, 128, 608, 144), 0, 1),
        ("add_spread_out", Traffic(32, 16, 12, 6), 0, 1),
    ],
)
@pytest.mark.parametrize("order", ORDERS)
def test_the_counts_of_the_course(name, total, barriers, phases, order):
    scene = start_state(GalleryChoice.of(KERNELS[name])).with_order(order).scene
    assert (scene.num_barriers, scene.num_phases) == (barriers, phases)
    shown = scene.total
    for count in ("loads", "stores", "sectors", "shared_reads", "shared_writes", "passes"):
        assert getattr(shown, count) == getattr(total, count), count


def test_a_step_asks_for_memory_together_in_step_only():
    state = start_state(GalleryChoice.of(KERNELS["block_sum"]))
    assert (state.scene.step.cost, state.scene.step.min_cost) == (8, 8)
    assert state.with_order(FORWARDS).scene.step.cost is None


def test_a_line_keeps_its_counts_in_any_phase():
    state = start_state(GalleryChoice.of(KERNELS["block_sum"])).with_line(10)
    counts = {state.scene.line_traffic}
    for phase in range(3, 7):
        counts.add(state.with_phase(phase).scene.line_traffic)
    assert len(counts) == 1
    assert counts.pop().shared_reads == 126


def test_the_arguments_of_a_launch_are_never_changed():
    x = np.ones(4, f32)
    state = state_of(two_ways, np.zeros(4, f32), x)
    for run in state.runs.values():
        assert np.array_equal(run.arguments[0], [2, 2, 0, 0])
    assert not state.launch.arguments[0].any()


def test_a_play_of_many_accesses_fits_the_limit():
    assert LIMIT >= 3 * 20_000
    x = np.zeros(5_000, f32)
    state = state_of(reverse_long, np.zeros(5_000, f32), x, threads=32)
    assert state.run.report.num_accesses == 10_000
    assert state.scene.num_accesses > 300
