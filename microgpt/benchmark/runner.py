"""`Benchmark`: measure each workload's implementations in worker processes, in shuffled blocks."""

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from microgpt._io.memory import free_memory
from microgpt.benchmark import products
from microgpt.benchmark.implementations import (
    Implementation,
    check_implementation_names,
    format_threads,
    required_libraries,
    select_implementations,
)
from microgpt.benchmark.instruction_sets import NATIVE, check_instruction_set
from microgpt.benchmark.machine_info import load_average, machine_info, num_cores
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.scaling import PEAK_RATE_TASKS, scaling_points
from microgpt.benchmark.worker_pool import WorkerPool
from microgpt.benchmark.worker_process import library_versions
from microgpt.benchmark.workload_inputs import NUM_NAMES, Inputs, Task
from microgpt.benchmark.workloads import Workload, select_workloads
from microgpt.config.checks import check_integer
from microgpt.errors import SettingError

MEMORY_FRACTION = 0.8  # of the free memory: the limit for workers that run in alternation
DEFAULT_ROUNDS = {False: 7, True: 2}  # by default, with --quick
QUICK_FACTOR = 5


@dataclass(frozen=True)
class ProgressEvent:
    """Announces the next measurement; `done` counts up to `len(benchmark)`."""

    done: int
    message: str


class Benchmark:
    """A benchmark run: iterating over it measures; `results` has the measurements so far.

    `peers` are the names of other libraries, which must be installed for `peer_python`. Each
    implementation runs `rounds` blocks; `quick` makes them fewer and shorter. `isa` limits all of
    them to an instruction set; one that does not keep to it is not measured.
    """

    def __init__(
        self,
        workloads: list[str] | None = None,
        implementations: list[str] | None = None,
        peers: tuple[str, ...] = (),
        peer_python: str = "",
        rounds: int | None = None,
        quick: bool = False,
        corpus: str = "names",
        isa: str = NATIVE,
    ):
        check_instruction_set(isa)
        if rounds is not None:
            check_integer("rounds", rounds, minimum=1)
        self.cores, self.quick, self.corpus = num_cores(), quick, corpus
        self.rounds, self.peer_python = rounds or DEFAULT_ROUNDS[quick], peer_python
        check_implementation_names(implementations, self.cores)
        self.plan = [
            (workload, selected)
            for workload in select_workloads(workloads)
            if (
                selected := select_implementations(
                    workload.name, self.cores, peers, implementations, quick
                )
            )
        ]
        if not self.plan:
            raise SettingError(
                "implementations", "among those of the chosen {workloads}", implementations
            )
        self.isa = isa
        self.results = Results(machine=machine_info() | {"isa": isa})
        if quick:
            fewer = f"{NUM_NAMES[True]} names in the place of {NUM_NAMES[False]:,}"
            self.results.notes.append(f"quick and rough: short blocks, {fewer}")
        if peers:
            versions = library_versions(peer_python, required_libraries(peers))
            self.results.machine["peers"] = versions
        self._done = 0

    def __len__(self) -> int:
        """Count the events: a first call and `rounds` blocks for each task and implementation."""
        num_tasks = {
            "scaling": len(scaling_points(self.quick)) + len(PEAK_RATE_TASKS),
            "products": len(products.LAYERS),
        }
        return sum(
            num_tasks.get(workload.name, 1) * len(implementations) * (self.rounds + 1)
            for workload, implementations in self.plan
        )

    def __iter__(self) -> Iterator[ProgressEvent]:
        load = load_average()  # before any worker starts, since it would count the workers
        self.results.load_averages += [] if load is None else [load]
        with tempfile.TemporaryDirectory(prefix="microgpt-bench-") as name:
            folder = Path(name)
            inputs = Inputs(folder, self.corpus, self.quick, self.results.notes)
            for workload, implementations in self.plan:
                tasks = inputs.tasks(workload.name)
                for group in self._group_by_memory(workload, implementations):
                    with WorkerPool(folder, self.cores, self.peer_python, self.isa) as pool:
                        for task in tasks:
                            yield from self._run_rounds(pool, workload, group, task)

    def _group_by_memory(
        self, workload: Workload, implementations: list[Implementation]
    ) -> list[list[Implementation]]:
        """Group all implementations if they fit in memory together, else each by itself."""
        free, needed = free_memory(), len(implementations) * workload.memory_mib * 2**20
        if workload.name == "start" or needed <= MEMORY_FRACTION * free:
            return [implementations]
        self.results.notes.append(
            f"the implementations of {workload.name!r} need {needed / 2**30:.0f} GiB together and "
            f"{free / 2**30:.0f} GiB are free, so they ran one after the other, not in alternation"
        )
        return [[implementation] for implementation in implementations]

    def _run_rounds(
        self, pool: WorkerPool, workload: Workload, group: list[Implementation], task: Task
    ) -> Iterator[ProgressEvent]:
        measurements = [Measurement(workload, item, task.name) for item in group]
        self.results.measurements += measurements
        for measurement in measurements:
            yield self._event(measurement, "first call")
            pool.prepare(measurement, task)
        seconds = workload.seconds / (QUICK_FACTOR if self.quick else 1)
        rng = random.Random(0)
        for number in range(self.rounds):
            # A new order each round, so that nobody is always first or after the same neighbour.
            for measurement in rng.sample(measurements, len(measurements)):
                yield self._event(measurement, f"block {number + 1} of {self.rounds}")
                pool.run_block(measurement, task, seconds)

    def _event(self, measurement: Measurement, phase: str) -> ProgressEvent:
        self._done += 1
        workload, implementation = measurement.workload, measurement.implementation
        task = ""
        if measurement.task:
            task = f" ({measurement.task}, {format_threads(implementation.threads)})"
        return ProgressEvent(self._done, f"{workload.name}{task}: {implementation.name}, {phase}")
