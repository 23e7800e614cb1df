"""`WorkerPool`: start the workers of a workload, time their first calls and their blocks."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from microgpt.benchmark.implementations import Implementation
from microgpt.benchmark.instruction_sets import NATIVE, disobedience
from microgpt.benchmark.results import Measurement
from microgpt.benchmark.worker_process import (
    WorkerFailed,
    WorkerProcess,
    worker_command,
    worker_environment,
)
from microgpt.benchmark.workload_inputs import Task

# Seconds before a block, until the last worker's threads sleep: the OpenMP of LLVM and Intel lets
# idle threads spin for 0.2 seconds.
COOLDOWN_SECONDS = 0.3


class WorkerPool:
    """A context manager for worker processes, which end with the `with` block.

    For the workload "start", each block is a new process. A worker's error is recorded in its
    measurement, and the other workers continue.
    """

    def __init__(self, folder: Path, cores: int, peer_python: str, isa: str = NATIVE):
        self.folder, self.cores, self.peer_python, self.isa = folder, cores, peer_python, isa
        self.workers: dict[Implementation, WorkerProcess] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def prepare(self, measurement: Measurement, task: Task) -> None:
        """Start the worker if it is not running, send it its task and time its first call."""
        starts = measurement.workload.name == "start"
        action = self._first_start if starts else self._first_call
        self._record_failure(measurement, lambda: action(measurement, task))

    def run_block(self, measurement: Measurement, task: Task, seconds: float) -> None:
        """Let the worker run units for `seconds`, and record the block."""
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
                # It would compute while others are timed, and its late answer would be taken for
                # that of the next call.
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
        self._check_instructions(measurement, worker, task)

    def _check_instructions(
        self, measurement: Measurement, worker: WorkerProcess, task: Task
    ) -> None:
        """Raise WorkerFailed if a library of the worker does not keep to the instruction set."""
        if self.isa == NATIVE:
            return
        request = _request(task, measurement.implementation)
        used = worker.call("instructions", task=request)["used"]
        measurement.metadata["instructions"] = used
        if used and (sentence := disobedience(self.isa, used)):
            raise WorkerFailed(sentence)

    def _time_block(self, measurement: Measurement, seconds: float) -> None:
        answer = self.workers[measurement.implementation].call("block", seconds=seconds)
        measurement.blocks.append(answer["seconds"])
        measurement.peak_memory_mib = answer["peak_memory_mib"]

    def _first_start(self, measurement: Measurement, task: Task) -> None:
        measurement.first_call = self._time_start(measurement, task)

    def _time_start(self, measurement: Measurement, task: Task) -> float:
        """Return the seconds from starting Python to the end of the first step."""
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
            worker_environment(implementation, self.cores, self.isa),
            self.folder / f"{implementation.name}-{implementation.threads}.log",
        )


def _request(task: Task, implementation: Implementation) -> dict[str, Any]:
    return task.request | implementation.options | {"threads": implementation.threads}
