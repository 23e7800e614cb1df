"""What `run` refuses, each in one sentence, and what the instructions of a warp do."""

import linecache
import math

import numpy as np
import pytest
import right_kernels

from microgpt.errors import KernelError, SettingError
from microgpt.interpreter import ORDERS, close_copies, copy_later, finish_copies, run, twin_of

cuda = right_kernels.cuda
X = np.linspace(-1, 1, 64, dtype=np.float32)


def new():
    return np.zeros(64, np.float32)


def raises(y, x):
    i = cuda.grid(1)
    y[i] = x[i] + missing_name  # noqa: F821


def divides(y, x):
    y[cuda.grid(1)] = 1 // (cuda.threadIdx.x - 3)


def endless(y, x):
    while True:
        pass


def endless_reader(y, x):
    i = 0
    while i < 1:
        y[0] = x[0]


def comprehension(y, x):
    y[0] = sum([x[i] for i in range(3)])


def inner_function(y, x):
    def add(a):
        return a

    y[0] = add(x[0])


def catches(y, x):
    try:  # noqa: SIM105 - a kernel that a learner may write
        y[0] = x[0]
    except IndexError:
        pass


def unknown_call(y, x):
    cuda.nanosleep(10)


def unknown_atomic(y, x):
    cuda.atomic.cas(y, 0, x[0])


def writes_a_row(y, x):
    y[0] = x[0]


def too_many_axes(y, x):
    y[0, 0] = x[0]


def half_an_index(y, x):
    y[1 / 2] = x[0]


def takes_a_column(y, x):
    column = y[:, 0]
    column[0] = x[0]


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (raises, r"line \d+: thread \d+ of block 0 raises NameError: name 'missing_name'"),
        (divides, r"line \d+: thread 3 of block 0 raises ZeroDivisionError"),
        (endless, r"did not end within 20,000 accesses and turns of loops; let every loop end"),
        (endless_reader, "did not end within"),
        (comprehension, "a comprehension cannot be interpreted, nor compiled for a GPU; write it"),
        (inner_function, "a function inside a kernel cannot be"),
        (catches, "`try` cannot be"),
        (unknown_call, r"cuda\.nanosleep is not interpreted; write the kernel without it"),
        (unknown_atomic, r"cuda\.atomic\.cas is not interpreted; use one of add, sub"),
        (too_many_axes, "y has 1 axes; got 2 indices; give one for each axis"),
        (half_an_index, "an index must be an integer; got 0.5; write `//`"),
        (lambda y, x: None, "must be a function that begins with `def`"),
    ],
)
@pytest.mark.parametrize("order", ORDERS)
def test_what_cannot_be_run_is_one_sentence(kernel, message, order):
    with pytest.raises(KernelError, match=message):
        run(kernel, 1, 64, new(), X, order=order, limit=20_000)


def test_a_thread_writes_elements_not_rows():
    for kernel, message in ((writes_a_row, "one element at a time"), (takes_a_column, "only rows")):
        with pytest.raises(KernelError, match=message):
            run(kernel, 1, 1, np.zeros((3, 3), np.float32), X)


@pytest.mark.parametrize(
    ("grid", "block", "arguments", "settings", "message"),
    [
        (1, 1025, (new(), X), {}, "block must be at most 1,024 threads; got 1025"),
        (0, 32, (new(), X), {}, "grid must be one to three positive integers; got 0"),
        (1, (2, 2, 2, 2), (new(), X), {}, "block must be one to three positive integers"),
        (1, 32, (new(),), {}, r"arguments must be 2 of them, \(y, x\); got 1"),
        (1, 32, (new(), X[::2]), {}, "x must be an array whose elements lie side by side"),
        (1, 32, (new(), X), {"order": "sideways"}, "order must be one of 'forwards', 'backwards'"),
        (1, 32, (new(), X), {"fresh": ["z"]}, "fresh must be names among y, x; got 'z'"),
    ],
)
def test_wrong_launches_are_one_sentence(grid, block, arguments, settings, message):
    with pytest.raises(SettingError, match=message):
        run(endless, grid, block, *arguments, **settings)


def test_a_kernel_is_a_function():
    with pytest.raises(SettingError, match="kernel must be a Python function"):
        run(3, 1, 1)


def test_arguments_that_share_memory_share_its_shadow():
    def shift(y, x):
        i = cuda.grid(1)
        if i < x.size:
            y[i] = x[i]

    numbers = new()
    report = run(shift, 1, 63, numbers[1:], numbers[:-1])
    assert {finding.type for finding in report.findings} == {"race"}
    assert run(shift, 1, 63, numbers[:32], numbers[32:]).findings == ()


def test_a_float64_argument_is_told_where_it_is_written():
    def scale(y, x, factor):
        y[cuda.grid(1)] = x[cuda.grid(1)] * factor

    for factor in (np.float64(2), 2.0):
        assert [f.type for f in run(scale, 1, 64, new(), X, factor).findings] == ["double"]
    assert run(scale, 1, 64, new(), X, np.float32(2)).findings == ()


# -- instructions of a warp ------------------------------------------------------------------------


def shuffles(up, down, other, x):
    t = cuda.threadIdx.x
    up[t] = cuda.shfl_up_sync(right_kernels.ALL, x[t], 1)
    down[t] = cuda.shfl_down_sync(right_kernels.ALL, x[t], 2)
    other[t] = cuda.shfl_sync(right_kernels.ALL, x[t], 5)


def votes(everyone, anyone, same, x):
    t = cuda.threadIdx.x
    everyone[t] = cuda.all_sync(right_kernels.ALL, x[t] > -2)
    anyone[t] = cuda.any_sync(right_kernels.ALL, x[t] > 2)
    same[t] = cuda.match_any_sync(right_kernels.ALL, t % 2)


def test_shuffles_and_votes_are_those_of_the_programming_guide():
    x = X[:32]
    up, down, other = (np.zeros(32, np.float32) for _ in range(3))
    assert run(shuffles, 1, 32, up, down, other, x).findings == ()
    assert np.array_equal(up, np.r_[x[:1], x[:-1]])
    assert np.array_equal(down, np.r_[x[2:], x[-2:]])
    assert np.array_equal(other, np.full(32, x[5]))
    everyone, anyone, same = (np.zeros(32, np.int64) for _ in range(3))
    assert run(votes, 1, 32, everyone, anyone, same, x).findings == ()
    assert (everyone == 1).all()
    assert (anyone == 0).all()
    assert same[0] == 0x55555555
    assert same[1] == 0xAAAAAAAA


# -- instructions with a twin ----------------------------------------------------------------------


def copy_async(into, i, array, j):
    """An instruction; the interpreter runs its twin."""


def commit(): ...


def wait_for(pending): ...


def add_lanes(value): ...


twin_of(copy_async)(lambda into, i, array, j: copy_later(into, i, array[j]))
twin_of(commit)(close_copies)
twin_of(wait_for)(finish_copies)
twin_of(add_lanes, collective=True)(
    lambda lanes: [sum(given[0] for given in lanes if given)] * len(lanes)
)


def copies_and_waits(y, x):
    part = cuda.shared.array(64, x.dtype)
    t = cuda.threadIdx.x
    copy_async(part, t, x, t)
    commit()
    wait_for(0)
    cuda.syncthreads()
    y[t] = part[63 - t]


def does_not_wait(y, x):
    part = cuda.shared.array(64, x.dtype)
    t = cuda.threadIdx.x
    copy_async(part, t, x, t)
    commit()
    cuda.syncthreads()
    y[t] = part[63 - t]


def waits_without_barrier(y, x):
    part = cuda.shared.array(64, x.dtype)
    t = cuda.threadIdx.x
    copy_async(part, t, x, t)
    commit()
    wait_for(0)
    y[t] = part[63 - t]


def waits_for_the_first_of_two(y, x):
    parts = cuda.shared.array((2, 64), x.dtype)
    t = cuda.threadIdx.x
    copy_async(parts, (0, t), x, t)
    commit()
    copy_async(parts, (1, t), x, t)
    commit()
    wait_for(1)
    cuda.syncthreads()
    y[t] = parts[0, 63 - t]
    wait_for(0)


def never_waits(y, x):
    part = cuda.shared.array(64, x.dtype)
    copy_async(part, cuda.threadIdx.x, x, 0)
    commit()


def reads_the_second_of_two(y, x):
    parts = cuda.shared.array((2, 64), x.dtype)
    t = cuda.threadIdx.x
    copy_async(parts, (0, t), x, t)
    commit()
    copy_async(parts, (1, t), x, t)
    commit()
    wait_for(1)
    cuda.syncthreads()
    y[t] = parts[1, 63 - t]
    wait_for(0)


def waits_behind_the_barrier(y, x):
    part = cuda.shared.array(64, x.dtype)
    t = cuda.threadIdx.x
    copy_async(part, t, x, t)
    commit()
    cuda.syncthreads()
    wait_for(0)
    y[t] = part[63 - t]


def adds_with_a_twin(y, x):
    t = cuda.threadIdx.x
    y[t] = add_lanes(x[t])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("kernel", "kind", "said"),
    [
        (copies_and_waits, None, ""),
        (waits_for_the_first_of_two, None, ""),
        (does_not_wait, "copy", "copies asynchronously"),
        (never_waits, "copy", "are under way; wait for them before the end"),
        (reads_the_second_of_two, "copy", "copies asynchronously"),
        (waits_without_barrier, "race", "put cuda.syncthreads() there"),
        (waits_behind_the_barrier, "race", "put cuda.syncthreads() there"),
    ],
)
def test_an_asynchronous_copy_is_there_once_it_was_waited_for(kernel, kind, said, order):
    y = new()
    report = run(kernel, 1, 64, y, X, order=order)
    if kind is None:
        assert report.findings == ()
        assert np.array_equal(y, X[::-1])
    else:
        assert kind in {finding.type for finding in report.findings}
        assert any(said in finding.text for finding in report.findings)


def test_a_collective_instruction_gets_all_lanes_and_misses_those_of_a_smaller_block():
    y = new()
    assert run(adds_with_a_twin, 1, 64, y, np.ones(64, np.float32)).findings == ()
    assert (y == 32).all()
    report = run(adds_with_a_twin, 1, 20, y, np.ones(64, np.float32))
    assert [finding.type for finding in report.findings] == ["warp"]  # it needs all 32 lanes
    assert "lane 20 of warp 0 of block 0 is in the mask and never comes" in report.findings[0].text
    assert (y[:20] == 20).all()


def test_dynamic_shared_memory_and_what_a_block_takes():
    def through_shared(y, x):
        part = cuda.shared.array(0, x.dtype)
        t = cuda.threadIdx.x
        part[t] = x[t]
        cuda.syncthreads()
        y[t] = part[63 - t]

    y = new()
    report = run(through_shared, 1, 64, y, X, dynamic=256)
    assert (report.findings, report.shared_bytes, report.num_phases) == ((), 256, 2)
    assert np.array_equal(y, X[::-1])


def test_indices_that_are_read_from_an_array_of_int32():
    def gather(y, x, table, indices):
        i = cuda.grid(1)
        y[i] = x[indices[i]] + table[indices[i], indices[i] - indices[i]]

    indices, y = np.arange(63, -1, -1, dtype=np.int32), new()
    assert run(gather, 1, 64, y, X, X.reshape(64, 1), indices).findings == ()
    assert np.array_equal(y, 2 * X[::-1])


def test_two_shared_arrays_take_their_bytes_and_begin_aligned():
    def two_arrays(y, x):
        first = cuda.shared.array(5, x.dtype)
        second = cuda.shared.array(64, x.dtype)
        t = cuda.threadIdx.x
        first[t % 5] = x[0] if t < 5 else first[t % 5]
        second[t] = x[t]
        y[t] = second[t]

    assert run(two_arrays, 1, 64, new(), X).shared_bytes == 32 + 256


def test_orders_are_what_their_names_say():
    def last_one_wins(out):
        out[0] = cuda.grid(1)

    def add_one(total):
        total[0] += 1

    winners, totals = [], []
    for order in ORDERS:
        out, total = np.zeros(1, np.int64), np.zeros(1, np.int64)
        run(last_one_wins, 2, 8, out, order=order)
        run(add_one, 2, 8, total, order=order)
        winners.append(int(out[0]))
        totals.append(int(total[0]))
    assert winners == [15, 0, 15]
    assert totals == [16, 16, 1]  # in step, all threads of all blocks read before one writes


def first_thread():
    return cuda.grid(1)


def writes_at_a_call(y, x):
    y[first_thread()] = 0.1 * x[first_thread()] * 3.0 * 0.7
    y[first_thread()] += x[0]


def test_without_watching_the_numbers_are_the_same():
    watched, plain = new(), new()
    assert run(writes_at_a_call, 1, 64, watched, X).findings != ()  # its literals are float64
    run(writes_at_a_call, 1, 64, plain, X, watch=False)
    assert np.array_equal(watched, plain)


def test_a_device_function_that_is_defined_again_is_the_new_one():
    space = {"cuda": None}
    source = "def helper(v):\n    return v + {}\n\n\ndef kernel(y):\n    y[0] = helper(y[0])\n"
    results = []
    for number in (1, 100):
        name = f"<cell {number}>"
        text = (
            source.format(number) if number == 1 else source.format(number).partition("\n\n\n")[0]
        )
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), space)
        y = np.ones(1, np.int64)
        run(space["kernel"], 1, 1, y)
        results.append(int(y[0]))
    assert results == [2, 101]


def calls_itself(v):
    return calls_itself(v)


def recursive(y, x):
    y[0] = calls_itself(x[0])


def nested_targets(y, x):
    (y[0], (y[1], y[2])) = x[0], (x[1], x[2])


def test_more_that_cannot_be_run():
    with pytest.raises(KernelError, match="calls_itself calls itself, which no compiler for GPUs"):
        run(recursive, 1, 1, new(), X)
    with pytest.raises(KernelError, match="names and elements can be assigned together"):
        run(nested_targets, 1, 1, new(), X)
    with pytest.raises(SettingError, match="or a seed from 0 on; got -1"):
        run(writes_at_a_call, 1, 1, new(), X, order=-1)
    with pytest.raises(SettingError, match="x must be an array or a number; got list"):
        run(writes_at_a_call, 1, 1, new(), [1.0])


def writes_a_list(y, x):
    [y[0], y[1]] = x[1], x[0]


def row_outside(y, x):
    row = y[2]
    row[0] = x[0]


def test_parts_and_lists_keep_their_line_and_their_memory():
    y = new()
    assert run(writes_a_list, 1, 1, y, X).findings == ()
    assert (y[0], y[1]) == (X[1], X[0])
    table = np.ones((2, 2), np.float32)
    report = run(row_outside, 1, 1, table, X)
    assert [finding.type for finding in report.findings] == ["bounds"]
    assert (table == 1).all()


def counts_to_ten(y, x):
    i = 0
    while i < 10:
        i += 1
    y[0] = x[0]


def test_turns_of_loops_are_no_accesses():
    assert run(counts_to_ten, 1, 1, new(), X).num_accesses == 2


def edges(y, x):
    y[0] = math.pow(x[0], x[1])
    y[1] = math.sinh(x[2])
    y[2] = math.log1p(x[3])
    y[3] = math.atanh(-x[3])
    y[4] = math.log(x[4])
    y[5] = math.pow(x[4], x[3])
    y[6] = math.sqrt(x[3])


def test_where_python_raises_a_gpu_gives_infinities():
    x, y = np.array([-1e200, 3, -1000, -1, 0]), np.zeros(7)
    assert run(edges, 1, 1, y, x).findings == ()
    inf = math.inf
    np.testing.assert_array_equal(y, [-inf, -inf, -inf, inf, -inf, inf, math.nan])


def copies_and_ends(y, x):
    part = cuda.shared.array(64, x.dtype)
    copy_async(part, cuda.threadIdx.x, x, j=0)
    commit()
    y[0] = x[0]
    wait_for(1)


def test_an_abandoned_copy_is_told_where_it_began():
    found = run(copies_and_ends, 1, 1, new(), X).findings
    first = copies_and_ends.__code__.co_firstlineno
    assert [(finding.type, finding.line) for finding in found] == [("copy", first + 2)]
