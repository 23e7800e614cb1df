"""Timing on a GPU, on the emulated device: what is launched, in which order, and checked."""

import numpy as np
import pytest
from emulated_device import emulate

from microgpt import backends
from microgpt.backends import numba_cuda
from microgpt.benchmark import gpu_products
from microgpt.benchmark.gpu_products import (
    CPU,
    LIBRARY,
    ON_GPU,
    ROUNDS,
    WITH_COPIES,
    connected_gpu,
    time_alternately,
    time_crossover,
    time_ladder,
)
from microgpt.benchmark.product_ladder import RUNGS, Rung
from microgpt.errors import KernelError


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def gpu(monkeypatch):
    """The emulated device; a clock in its driver counts a second for each launch and transfer."""
    device = emulate(monkeypatch)
    clock, driver = Clock(), device.driver
    for name in ("launch", "copy_in", "copy_out"):
        monkeypatch.setattr(driver, name, ticking(clock, getattr(driver, name)))
    device.clock = clock
    return device


def ticking(clock, call):
    def ticked(*arguments):
        clock.now += 1.0
        return call(*arguments)

    return ticked


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


def test_the_ladder_is_checked_then_timed(gpu):
    times = time_ladder(gpu, size=8, clock=gpu.clock)
    assert list(times) == [*(rung.name for rung in RUNGS), LIBRARY]
    assert {len(seconds) for seconds in times.values()} == {ROUNDS}
    assert {second for seconds in times.values() for second in seconds} == {1.0}  # one launch each


@pytest.mark.parametrize("error", [0.1, np.nan])
def test_a_wrong_result_is_never_timed(gpu, monkeypatch, error):
    monkeypatch.setattr(gpu_products, "to_host", lambda array: array.numpy() + np.float32(error))
    monkeypatch.setattr(gpu_products, "time_alternately", None)
    with pytest.raises(KernelError, match="naive by columns: the GPU's result is up to"):
        time_ladder(gpu, size=8)


def test_a_kernel_that_writes_nothing_is_not_right_by_chance(gpu, monkeypatch):
    idle = Rung("idle", "", writes_nothing, (8, 8), (8, 8))
    monkeypatch.setattr(gpu_products, "RUNGS", (RUNGS[0], idle))
    with pytest.raises(KernelError, match="idle: the GPU's result is up to"):
        time_ladder(gpu, size=8)


def writes_nothing(out, a, b):
    pass


def test_the_crossover_times_copies_apart(gpu):
    times = time_crossover(gpu, 8, clock=gpu.clock)
    assert set(times[CPU]) == {0.0}  # which this clock does not see
    assert set(times[ON_GPU]) == {1.0}
    assert set(times[WITH_COPIES]) == {4.0}  # two there, the product, one back


def test_an_emulated_device_is_no_gpu(gpu):
    assert connected_gpu() is None


def test_a_gpu_is_the_back_end_cuda(gpu, monkeypatch):
    monkeypatch.delenv(numba_cuda.DRIVER_VARIABLE)
    monkeypatch.setattr(backends, "available", lambda name: name == "cuda")
    assert connected_gpu() is gpu
    monkeypatch.setattr(backends, "available", lambda name: False)
    assert connected_gpu() is None
