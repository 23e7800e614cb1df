"""Launches that threads share: each iteration is done once, whoever comes."""

import math
import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from microgpt.backends.numba_cpu.jit import kernel as jit_kernel
from microgpt.backends.numba_cpu.jit import launch_table
from microgpt.backends.numba_cpu.jit.kernel import Kernel
from microgpt.backends.numba_cpu.jit.launch_table import lower
from microgpt.backends.numba_cpu.jit.prange import is_last_call, prange, workspace
from microgpt.backends.numba_cpu.matmul.borrowed_array import borrowed_array, pointer_at


class UncachedKernel(Kernel):
    """A kernel of a test: on disk, the next one in its lines would be taken for it."""

    def compile(self, flags):
        return numba.njit(**flags)(self.function)


@UncachedKernel
def count_up(done, count):
    for i in prange(count):
        done[i] += 1


@UncachedKernel
def next_numbers(y, x):
    """Each number depends on all of the launch before."""
    for i in prange(y.size):
        y[i] = x[i] + x[y.size - 1 - i] + 1


@UncachedKernel
def remainders(y, x, divisor):
    for i in prange(y.size):
        y[i] = x[i] % divisor


@UncachedKernel
def count_slowly(y, counts):
    """y += counts, one after the other."""
    for i in prange(y.size):
        for _ in range(counts[i]):
            y[i] = math.sqrt(y[i] * y[i]) + 1.0


@UncachedKernel
def refuse_negative(x):
    for i in prange(x.size):
        if x[i] < 0:
            raise ValueError("a negative number")
        x[i] += 1


class SummingKernel(UncachedKernel):
    def count_workspace(self, arguments):
        return 8 * arguments[1].size


@SummingKernel
def add_squares(total, x):
    """total += Σ x²: squares in the workspace if shared, else added as they come."""
    address = workspace()
    squares = borrowed_array(pointer_at(address, x), (x.size,))
    for i in prange(x.size):
        if address:
            squares[i] = x[i] * x[i]
        else:
            total[0] += x[i] * x[i]
    if is_last_call():
        for i in range(x.size):
            total[0] += squares[i]


def shares(monkeypatch, number):
    """Let each thread have so many shares of any launch."""
    monkeypatch.setattr(jit_kernel, "PARALLEL_FROM", 1)
    monkeypatch.setattr(jit_kernel, "SHARE_WORK", 1)
    monkeypatch.setattr(jit_kernel, "MAX_SHARES", number)
    monkeypatch.setattr(launch_table, "REGION_FROM", 0)


def test_without_a_launch_it_is_a_range():
    assert list(prange(3)) == [0, 1, 2]


@pytest.mark.parametrize("number", [1, 3, 4])
@pytest.mark.parametrize("count", [-1, 0, 1, 2, 7, 1000])
def test_every_iteration_is_done_once(monkeypatch, number, count):
    shares(monkeypatch, number)
    done = np.zeros(max(count, 64), np.int64)
    count_up.serial(done, count)
    count_up.parallel(done, count)
    table = lower([(count_up.parallel, (done, count))])
    assert table.run(table.rows[0], 1) == 1
    np.testing.assert_array_equal(done[: max(count, 0)], 3)
    assert not done[max(count, 0) :].any()


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_launch_sees_all_of_the_one_before(monkeypatch, number):
    """Serial launches among the shared ones."""
    shares(monkeypatch, number)
    x, y, steps = np.arange(37.0), np.empty(37), 1500
    expected = x.copy()
    for _ in range(steps):
        expected = (expected + expected[::-1] + 1) % 1e9
    calls = []
    for step in range(steps):
        variant = next_numbers.serial if step % 3 == 0 else next_numbers.parallel
        calls += [(variant, (y, x)), (remainders.parallel, (x, y, 1e9))]
    next_numbers.serial(np.empty(37), np.zeros(37))  # compiles it
    remainders.serial(np.empty(37), np.zeros(37), 1e9)
    table = lower(calls)
    assert all(table.rows)
    assert table.run(table.rows[0], len(calls)) == len(calls)
    np.testing.assert_array_equal(x, expected)


def test_a_launch_waits_for_the_last_share_of_the_one_before(monkeypatch):
    """Whether the leader has that share, or another thread."""
    shares(monkeypatch, 1)
    first_slow, last_slow = np.array([9000, 1, 1, 1]), np.array([1, 1, 1, 9000])
    y, copies, zeros = np.zeros(4), np.zeros((100, 4)), np.zeros(4)
    remainders.serial(np.empty(4), zeros, 1e9)  # compiles it
    count_slowly.serial(np.zeros(4), first_slow)
    calls = []
    for number, copy in enumerate(copies):  # by remainders, of numbers far below the divisor
        counts = last_slow if number % 2 else first_slow
        calls += [(remainders.serial, (y, zeros, 1e9)), (count_slowly.parallel, (y, counts))]
        calls += [(remainders.serial, (copy, y, 1e9))]
    table = lower(calls)
    assert table.run(table.rows[0], len(calls)) == len(calls)
    np.testing.assert_array_equal(copies, [first_slow, last_slow] * 50)


@pytest.mark.parametrize("number", [1, 3, 4])
def test_shares_leave_results_that_one_last_call_puts_together(monkeypatch, number):
    """In a workspace that has the largest size of a table; by itself and in a table."""
    shares(monkeypatch, number)
    totals, x = np.zeros((3, 1)), np.arange(100.0)
    add_squares.serial(totals[0], x)
    add_squares.parallel(totals[1], x)
    calls = [(add_squares.parallel, (totals[2], x[:size])) for size in (40, 100, 7)]
    table = lower(calls)
    _, memory = table.memory
    assert memory.nbytes == 800
    assert table.run(table.rows[0], 3) == 3
    squares = [sum(range(size)[i] ** 2 for i in range(size)) for size in (40, 100, 7)]
    assert totals[:2].tolist() == [[squares[1]]] * 2
    assert totals[2] == sum(squares)


def test_a_recording_of_little_work_is_one_threads(monkeypatch):
    """A share would have an address of a workspace, where it is not 0."""
    total, x = np.zeros(1), np.ones(100)
    add_squares.serial(total, x)
    calls = [(add_squares.parallel, (total, x))] * 3
    monkeypatch.setattr(jit_kernel, "PARALLEL_FROM", 1)
    monkeypatch.setattr(launch_table, "region_runner", None)
    monkeypatch.setattr(launch_table, "REGION_FROM", 4)
    table = lower(calls)
    assert table.run(table.rows[0], 3) == 3
    assert total == 400
    for in_all, in_each in [(3, 131_072), (4, 1)]:
        monkeypatch.setattr(launch_table, "REGION_FROM", in_all)
        monkeypatch.setattr(launch_table, "LAUNCH_FROM", in_each)
        with pytest.raises(TypeError):
            lower(calls)


@pytest.mark.parametrize("where", [0, 50, 99])
def test_an_error_in_one_share_is_that_of_the_launch(monkeypatch, where):
    shares(monkeypatch, 4)
    refuse_negative.serial(np.zeros(1))
    good, bad, after = np.zeros(100), np.zeros(100), np.zeros(100)
    bad[where] = -1
    table = lower([(refuse_negative.parallel, (x,)) for x in (good, bad, after)])
    assert table.run(table.rows[0], 3) == 1
    assert good.all()
    assert not after.any()
    with pytest.raises(ValueError, match="a negative number"):
        refuse_negative.parallel(bad)
    refuse_negative.parallel(good)
    np.testing.assert_array_equal(good, 2)


def test_arguments_that_no_row_takes():
    y = np.zeros((8, 2))
    next_numbers.parallel(y[:, 0], np.zeros(8))
    np.testing.assert_array_equal(y, [[1, 0]] * 8)


ANY_THREADS = """
import numba
import numpy as np
import microgpt as mg
from microgpt.backends.numba_cpu.jit import kernel as jit_kernel, launch_table
jit_kernel.PARALLEL_FROM, launch_table.REGION_FROM = 1, 0
mg.use("numba")
x = mg.Tensor(np.arange(1000.0))
f = mg.capture(lambda t: ((t + 1) * (t + 2)).sum())
for threads in range(1, numba.config.NUMBA_NUM_THREADS + 1):
    numba.set_num_threads(threads)
    assert {f(x).item() for _ in range(300)} == {334334000.0}, threads

@numba.njit(parallel=True)
def total(rows):
    sums = np.zeros(rows)
    for row in numba.prange(rows):
        sums[row] = row
    return sums.sum()

assert total(100) == 4950  # the learner's own
print(numba.threading_layer())
"""


@pytest.mark.parametrize(("layer", "threads"), [("omp", 1), ("omp", 4), ("workqueue", 4)])
def test_any_number_of_threads_on_any_layer(layer, threads):
    """Also fewer than were started, where nobody follows; and more than there are cores.

    Memory that was given back is overwritten, as far as the C library is GNU's.
    """
    environment = {"NUMBA_NUM_THREADS": str(threads), "NUMBA_THREADING_LAYER": layer}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ANY_THREADS],
        env={**os.environ, "MALLOC_PERTURB_": "165", **environment},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert run.stdout == f"{layer}\n"
