"""`WorkerPool`: the workers of one workload, called for their first calls and their blocks."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from microgpt.benchmark.implementations import Implementation
from microgpt.benchmark.results import Measurement
from microgpt.benchmark.worker_process import (
    WorkerFailed,
    WorkerProcess,
    worker_command,
    worker_environment,
)
from microgpt.benchmark.workload_inputs import Task

# Seconds before a block, in which the last worker's threads fall asleep: OpenMP of LLVM and Intel
# lets them spin for 0.2.
COOLDOWN_SECONDS = 0.3


class WorkerPool:
    """Workers that live until the `with` block ends.

    Of the workload "start", a block is a process of its own. An error of one worker is written into
    its measurement, and the others go on.
    """

    def __init__(self, folder: Path, cores: int, peer_python: str):
        self.folder, self.cores, self.peer_python = folder, cores, peer_python
        self.workers: dict[Implementation, WorkerProcess] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def prepare(self, measurement: Measurement, task: Task) -> None:
        """Start the worker if it is not running, give it its task, time its first call."""
        starts = measurement.workload.name == "start"
        action = self._first_start if starts else self._first_call
        self._record_failure(measurement, lambda: action(measurement, task))

    def run_block(self, measurement: Measurement, task: Task, seconds: float) -> None:
        """Let the worker work for `seconds`, and record the block."""
        time.sleep(COOLDOWN_SECONDS)
        if measurement.workload.name == "start":
            self._record_failure(
                measurement,
                lambda: measurement.blocks.append([self._time_start(measurement, task)]),
            )
        elif not measurement.error:
            self._record_failure(measurement, lambda: self._time_block(measurement, seconds))

    def _record_failure(self, measurement: Measurement, action: Callable[[], Any]) -> None:
        if measurement.error:
            return
        try:
            action()
        except WorkerFailed as error:
            measurement.error, measurement.blocks = str(error), []
            worker = self.workers.get(measurement.implementation)
            if worker is not None and not worker.responsive:
                # It would compute beside the others, or answer the next call with this answer.
                del self.workers[measurement.implementation]
                worker.end()

    def _first_call(self, measurement: Measurement, task: Task) -> None:
        implementation = measurement.implementation
        if implementation not in self.workers:
            worker = self._stack.enter_context(self._start_worker(implementation))
            self.workers[implementation] = worker
        worker = self.workers[implementation]
        answer = worker.call("prepare", task=_request(task, implementation))
        measurement.first_call, measurement.count = answer["first_call"], answer["count"]
        measurement.metadata = answer["metadata"]
        measurement.peak_memory_mib = answer["peak_memory_mib"]

    def _time_block(self, measurement: Measurement, seconds: float) -> None:
        answer = self.workers[measurement.implementation].call("block", seconds=seconds)
        measurement.blocks.append(answer["seconds"])
        measurement.peak_memory_mib = answer["peak_memory_mib"]

    def _first_start(self, measurement: Measurement, task: Task) -> None:
        measurement.first_call = self._time_start(measurement, task)

    def _time_start(self, measurement: Measurement, task: Task) -> float:
        """Seconds from starting Python to the end of the first step."""
        request = _request(task, measurement.implementation)
        with self._start_worker(measurement.implementation) as worker:
            answer = worker.call("prepare", task=request, warmup_units=0)
            seconds = time.perf_counter() - worker.start_time
        measurement.metadata = answer["metadata"]
        measurement.peak_memory_mib = answer["peak_memory_mib"]
        return seconds

    def _start_worker(self, implementation: Implementation) -> WorkerProcess:
        return WorkerProcess(
            worker_command(implementation, self.peer_python),
            worker_environment(implementation, self.cores),
            self.folder / f"{implementation.name}-{implementation.threads}.log",
        )


def _request(task: Task, implementation: Implementation) -> dict[str, Any]:
    return task.request | implementation.options | {"threads": implementation.threads}
