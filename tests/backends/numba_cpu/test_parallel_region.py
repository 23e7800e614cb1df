"""Launches that threads share: each iteration is done once, whoever comes."""

import math
import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from microgpt.backends.numba_cpu.jit import kernel as jit_kernel
from microgpt.backends.numba_cpu.jit.kernel import Kernel
from microgpt.backends.numba_cpu.jit.launch_table import lower
from microgpt.backends.numba_cpu.jit.prange import prange


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
def count_slowly(y, count):
    """y += count, one after the other."""
    for i in prange(y.size):
        for _ in range(count):
            y[i] = math.sqrt(y[i] * y[i]) + 1.0


@UncachedKernel
def refuse_negative(x):
    for i in prange(x.size):
        if x[i] < 0:
            raise ValueError("a negative number")
        x[i] += 1


def shares(monkeypatch, number):
    """Let each thread have so many shares of any launch."""
    monkeypatch.setattr(jit_kernel, "PARALLEL_FROM", 1)
    monkeypatch.setattr(jit_kernel, "MAX_SHARES", number)


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
    shares(monkeypatch, 1)
    y, copies, zeros = np.zeros(4), np.zeros((100, 4)), np.zeros(4)
    remainders.serial(np.empty(4), zeros, 1e9)  # compiles it
    count_slowly.serial(np.zeros(4), 1)
    calls = []
    for copy in copies:  # by remainders, of numbers far below the divisor
        calls += [(remainders.serial, (y, zeros, 1e9)), (count_slowly.parallel, (y, 3000))]
        calls += [(remainders.serial, (copy, y, 1e9))]
    table = lower(calls)
    assert table.run(table.rows[0], len(calls)) == len(calls)
    np.testing.assert_array_equal(copies, 3000)


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
from microgpt.backends.numba_cpu.jit import kernel as jit_kernel
jit_kernel.PARALLEL_FROM = 1
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
