"""Timing on a GPU, with one that is made up: what is launched, in which order, and checked."""

import numpy as np
import pytest

from microgpt import interpreter
from microgpt.benchmark.gpu_products import (
    CPU,
    LIBRARY,
    ON_GPU,
    WITH_COPIES,
    time_alternately,
    time_crossover,
    time_ladder,
)
from microgpt.benchmark.product_ladder import RUNGS
from microgpt.errors import KernelError


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class MadeUpGpu:
    """Memory is the host's; the interpreter runs the threads, and each launch takes a second."""

    def __init__(self, error=0.0):
        self.clock, self.calls, self.error = Clock(), [], error

    def from_host(self, array):
        self.calls.append("from_host")
        self.clock.now += 0.25
        return array.copy()

    def to_host(self, array):
        self.calls.append("to_host")
        return array + np.float32(self.error)

    def launch(self, name, out, a, b):
        self.calls.append(name)
        self.clock.now += 0.5
        np.matmul(a, b, out=out)

    def run_threads(self, kernel, grid, block, *arrays):
        self.calls.append(kernel.__name__)
        self.clock.now += 1.0
        interpreter.run(kernel, grid, block, *arrays, watch=False)

    def synchronize(self):
        self.calls.append("synchronize")


def test_contenders_alternate_and_the_first_round_is_not_counted():
    clock, order = Clock(), []

    def call(name, seconds):
        def run():
            order.append(name)
            clock.now += 60.0 if order.count(name) == 1 else seconds  # the first one compiles

        return run

    calls = {"a": call("a", 1.0), "b": call("b", 2.0), "c": call("c", 3.0)}
    times = time_alternately(calls, lambda: None, rounds=4, clock=clock)
    assert times == {"a": (1.0,) * 4, "b": (2.0,) * 4, "c": (3.0,) * 4}
    rounds = [order[i : i + 3] for i in range(0, len(order), 3)]
    assert [sorted(names) for names in rounds] == [["a", "b", "c"]] * 5
    assert [names[0] for names in rounds] == ["c", "a", "b", "c", "a"]


def test_waiting_is_part_of_the_time_of_a_call_and_not_of_the_next():
    clock, pending = Clock(), []

    def wait():
        clock.now += sum(pending)
        pending.clear()

    calls = {"quick": lambda: pending.append(1.0), "slow": lambda: pending.append(5.0)}
    times = time_alternately(calls, wait, rounds=2, clock=clock)
    assert times == {"quick": (1.0, 1.0), "slow": (5.0, 5.0)}


def test_the_ladder_is_checked_then_timed():
    gpu = MadeUpGpu()
    times = time_ladder(gpu, size=16, clock=gpu.clock)
    assert list(times) == [*(rung.name for rung in RUNGS), LIBRARY]
    assert all(set(seconds) == {1.0} for name, seconds in times.items() if name != LIBRARY)
    assert set(times[LIBRARY]) == {0.5}
    assert gpu.calls.count("to_host") == len(RUNGS) + 1
    assert gpu.calls[-1] == "synchronize"


@pytest.mark.parametrize("error", [0.1, np.nan])
def test_a_wrong_result_is_never_timed(error):
    gpu = MadeUpGpu(error)
    with pytest.raises(KernelError, match="naive by columns: the GPU's result is up to"):
        time_ladder(gpu, size=8, clock=gpu.clock)
    assert "synchronize" not in gpu.calls


def test_the_crossover_times_copies_apart():
    gpu = MadeUpGpu()
    times = time_crossover(gpu, 16, clock=gpu.clock)
    assert set(times[WITH_COPIES]) == {0.25 + 0.25 + 0.5}
    assert set(times[ON_GPU]) == {0.5}
    assert set(times[CPU]) == {0.0}  # which this clock does not see
