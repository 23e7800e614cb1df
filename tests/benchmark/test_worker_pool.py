"""A pool of workers: one that fails is replaced, and stops no other."""

import re

import pytest

from microgpt.benchmark import worker_pool
from microgpt.benchmark.implementations import Implementation
from microgpt.benchmark.results import Measurement
from microgpt.benchmark.worker_pool import WorkerPool
from microgpt.benchmark.workload_inputs import Task
from microgpt.benchmark.workloads import WORKLOADS


@pytest.fixture
def pool(tmp_path, fake_command, monkeypatch):
    """A pool whose only workers are fake ones."""
    monkeypatch.setattr(worker_pool, "worker_command", lambda *_: fake_command)
    with WorkerPool(tmp_path, 1, "") as pool:
        yield pool


IMPLEMENTATION, WORKLOAD = Implementation("numpy", "NumPy", 1), WORKLOADS["batch"]


@pytest.mark.parametrize("failure", ["sleeps", "dies"])
def test_a_worker_that_is_late_or_dead_is_ended_and_started_anew(pool, failure):
    pool.prepare(Measurement(WORKLOAD, IMPLEMENTATION), Task("", {"seconds": 0.25, "count": 1}))
    worker = pool.workers[IMPLEMENTATION]
    worker.timeout = 0.2
    late = Measurement(WORKLOAD, IMPLEMENTATION)
    pool.prepare(late, Task("bad", {failure: True}))
    assert re.search("no answer within|its last words", late.error)
    assert worker.process.poll() is not None
    again = Measurement(WORKLOAD, IMPLEMENTATION)
    pool.prepare(again, Task("good", {"seconds": 0.5, "count": 7}))
    assert (again.error, again.count) == ("", 7)


def test_a_worker_that_answers_with_an_error_stays(pool):
    measurement = Measurement(WORKLOAD, IMPLEMENTATION)
    pool.prepare(measurement, Task("", {"raises": True}))
    assert measurement.error == "ValueError: two lines"
    assert pool.workers[IMPLEMENTATION].process.poll() is None


def test_a_worker_that_fails_later_leaves_no_numbers(pool):
    measurement = Measurement(WORKLOAD, IMPLEMENTATION)
    task = Task("", {"seconds": 0.25, "count": 1})
    pool.prepare(measurement, task)
    pool.run_block(measurement, task, 0.0)
    assert measurement.blocks == [[0.25]]
    pool.workers[IMPLEMENTATION].process.kill()
    pool.run_block(measurement, task, 0.0)
    assert "ended by signal 9" in measurement.error
    assert measurement.blocks == []
    pool.run_block(measurement, task, 0.0)  # no more blocks of it are run
    assert measurement.blocks == []
