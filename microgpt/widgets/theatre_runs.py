"""`TracedRun`: a kernel's run in one order, as steps: what happens at once, phase by phase."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from microgpt.interpreter import ORDERS, Access, LineTraffic, Report, count_traffic, run
from microgpt.viz.thread_theatre import CHANGES, READS, WRITES
from microgpt.widgets.theatre_kernels import KernelLaunch

IN_STEP = ORDERS[-1]
LIMIT = 60_000  # accesses and loop iterations; then a kernel "did not end"
# (array, its block in shared memory or None, element)
Element = tuple[str, int | None, tuple[int, ...]]
Position = tuple[int, int]  # phase, index of the step in it


class Step(NamedTuple):
    """Accesses that the theatre shows at once: of one line, to one array."""

    line: int
    operation: str  # READS, WRITES or CHANGES
    accesses: tuple[Access, ...]


@dataclass(frozen=True, eq=False)
class TracedRun:
    """What a launch did in one order; `arguments` are its arrays and numbers afterwards."""

    order: str
    report: Report
    arguments: tuple[Any, ...]

    @cached_property
    def phases(self) -> tuple[tuple[Step, ...], ...]:
        """The steps of each phase: in step, what a round does at one line; else single accesses."""
        groups: list[dict[Any, list[Access]]] = [{} for _ in range(self.report.num_phases)]
        for key, access in self._keyed():
            groups[access.phase].setdefault(key, []).append(access)
        return tuple(
            tuple(Step(found[0].line, key[-1], tuple(found)) for key, found in group.items())
            for group in groups
        )

    def _keyed(self) -> Iterator[tuple[Any, Access]]:
        """Yield each access with a key: equal keys in a phase are one step.

        An atomic change is a read and a write, one after the other.
        """
        for index, access in enumerate(self.report.accesses):
            operation = READS if access.operation == "read" else WRITES
            number = index
            if access.is_atomic:
                number -= operation == WRITES
                operation = CHANGES
            if self.order == IN_STEP:
                yield (access.round, access.line, access.array, operation), access
            else:
                yield (number, operation), access

    @cached_property
    def positions(self) -> dict[int, Position]:
        """The position of each access, by its identity."""
        return {
            id(access): (phase, index)
            for phase, steps in enumerate(self.phases)
            for index, step in enumerate(steps)
            for access in step.accesses
        }

    def position(self, access: int) -> Position:
        """Return in which step of which phase the access of this number was made."""
        return self.positions[id(self.report.accesses[access])]

    @cached_property
    def first_clash(self) -> Position | None:
        """When two threads first clash, at the later of their accesses; None if none do."""
        return min((self.position(clash.access) for clash in self.report.clashes), default=None)

    @cached_property
    def first_writes(self) -> dict[Element, Position]:
        """When each element was first written."""
        found: dict[Element, Position] = {}
        for phase, steps in enumerate(self.phases):
            for index, step in enumerate(steps):
                if step.operation != READS:
                    for access in step.accesses:
                        found.setdefault(element_of(access), (phase, index))
        return found

    @cached_property
    def unwritten_reads(self) -> frozenset[int]:
        """The identities of the reads of shared or local memory where nothing was written yet."""
        written: set[Any] = set()
        found = set()
        for access in self.report.accesses:
            owner = access.thread if access.space == "local" else None
            element = *element_of(access), owner
            if access.operation == "write":
                written.add(element)
            elif access.space != "global" and element not in written:
                found.add(id(access))
        return frozenset(found)

    def is_unwritten_read(self, access: Access) -> bool:
        """Whether an access of this run reads what nothing was written to."""
        return id(access) in self.unwritten_reads

    @cached_property
    def ends(self) -> dict[tuple[int, int], int]:
        """The last phase of each thread, by (block, thread)."""
        stops = self.report.stops
        return {(stop.block, stop.thread): stop.phase for stop in stops if stop.line is None}

    @cached_property
    def traffic(self) -> tuple[LineTraffic, ...]:
        """The traffic of each line over the whole run."""
        return count_traffic(self.report.accesses)

    @cached_property
    def num_barriers(self) -> int:
        """How often the thread that waits most often waits for its block."""
        waits: dict[tuple[int, int], int] = {}
        for stop in self.report.stops:
            if stop.line is not None:
                waits[stop.block, stop.thread] = waits.get((stop.block, stop.thread), 0) + 1
        return max(waits.values(), default=0)


def run_in_all_orders(launch: KernelLaunch) -> dict[str, TracedRun]:
    """Run a launch in the three orders, each from the same arguments, which stay as they are.

    Raises KernelError or SettingError for a kernel that cannot be run.
    """
    runs = {}
    for order in ORDERS:
        arguments = tuple(
            one.copy() if isinstance(one, np.ndarray) else one for one in launch.arguments
        )
        report = run(
            launch.function, launch.grid, launch.block, *arguments,
            order=order, trace=True, limit=LIMIT,
        )  # fmt: skip
        runs[order] = TracedRun(order, report, arguments)
    return runs


def element_of(access: Access) -> Element:
    """Return which element an access touches; each block has its own shared memory."""
    block = None if access.space == "global" else access.block
    return access.array, block, access.element
