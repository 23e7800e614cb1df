"""Whole runs: peers, failures, memory, an early end."""

import sys

import pytest

from microgpt.benchmark import runner
from microgpt.benchmark.implementations import ENGINES
from microgpt.benchmark.runner import Benchmark
from microgpt.benchmark.table import format_results
from microgpt.benchmark.worker_process import WorkerProcess
from microgpt.benchmark.workload_inputs import Task
from microgpt.errors import SettingError


def test_peers_are_compared_with(fake_peer):
    fake_peer(1.0)
    benchmark = Benchmark(
        ["batch"], ["numpy", "torch-eager-1"], ("torch",), sys.executable, 2, quick=True
    )
    events = list(benchmark)
    assert [event.done for event in events] == list(range(1, len(benchmark) + 1))
    assert len(benchmark) == 2 * 3
    assert events[0].message == "batch: numpy, first call"
    results = benchmark.results
    assert results.best_peer("batch").implementation.label == "PyTorch eager, 1 thread"
    assert results.machine["peers"] == {"torch": "0.0"}
    assert not [m.error for m in results.measurements if m.error]


def test_one_failing_implementation_does_not_stop_the_others(monkeypatch):
    broken = ("a back end", {"engine": "tensor", "backend": "abacus"})
    monkeypatch.setitem(ENGINES, "numba", broken)
    benchmark = Benchmark(["batch", "start"], ["numpy", "numba"], rounds=1, quick=True)
    assert len(list(benchmark)) == len(benchmark) == 8
    text = format_results(benchmark.results)
    assert text.count("not measured: a back end: BackendUnavailable: there is no back end") == 2
    start = benchmark.results.find("start", "numpy")
    assert 0.01 < start.best < 100
    assert benchmark.results.find("batch", "numpy").blocks


def test_implementations_that_do_not_fit_in_memory_run_one_by_one(monkeypatch):
    benchmark = Benchmark(["gpt2"], ["numpy", "replayed"], quick=True)
    workload, selected = benchmark.plan[0]
    monkeypatch.setattr(runner, "free_memory", lambda: 2**40)
    assert benchmark._group_by_memory(workload, selected) == [selected]
    monkeypatch.setattr(runner, "free_memory", lambda: 4 * 2**30)
    alone = [[implementation] for implementation in selected]
    assert benchmark._group_by_memory(workload, selected) == alone
    assert "one after the other" in benchmark.results.notes[-1]


@pytest.mark.parametrize(("share", "together"), [(0.79, True), (0.81, False)])
def test_a_fifth_of_the_free_memory_stays_free(monkeypatch, share, together):
    benchmark = Benchmark(["gpt2"], ["numpy", "replayed"], quick=True)
    workload, selected = benchmark.plan[0]
    needed = 2 * workload.memory_mib * 2**20
    monkeypatch.setattr(runner, "free_memory", lambda: needed / share)
    assert (benchmark._group_by_memory(workload, selected) == [selected]) is together


class RecordingPool:
    """A pool that measures nothing, and remembers whose turn it was."""

    def __init__(self):
        self.blocks = []

    def prepare(self, measurement, task):
        self.blocks.append([])

    def run_block(self, measurement, task, seconds):
        self.blocks.append(measurement.implementation.name)


def test_each_round_has_an_order_of_its_own():
    benchmark = Benchmark(["recipe"], ["value", "tape", "numpy", "numba"], rounds=8)
    workload, selected = benchmark.plan[0]
    orders = []
    for _ in range(2):
        pool = RecordingPool()
        assert len(list(benchmark._run_rounds(pool, workload, selected, Task("")))) == 4 * 9
        blocks = pool.blocks[4:]
        orders.append([tuple(blocks[i : i + 4]) for i in range(0, 32, 4)])
    assert orders[0] == orders[1]  # the same in each run
    assert all(set(order) == {"value", "tape", "numpy", "numba"} for order in orders[0])
    assert len(set(orders[0])) > 4


def test_leaving_early_ends_the_processes(monkeypatch):
    started = []
    original = WorkerProcess.__init__

    def remember(self, *args, **kwargs):
        original(self, *args, **kwargs)
        started.append(self.process)

    monkeypatch.setattr(WorkerProcess, "__init__", remember)
    events = iter(Benchmark(["batch"], ["numpy"], rounds=1, quick=True))
    next(events)
    next(events)
    events.close()
    assert len(started) == 1
    assert started[0].poll() is not None


def test_rounds_must_be_positive():
    with pytest.raises(SettingError, match="rounds must be a positive integer; got 0"):
        Benchmark(rounds=0)
