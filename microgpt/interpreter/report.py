"""What a run of a kernel showed: what is wrong with it, and how it went through memory."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from microgpt.errors import KernelError

RACE, BARRIER, WARP, BOUNDS = "race", "barrier", "warp", "bounds"
UNWRITTEN, DOUBLE, UNORDERED, COPY = "unwritten", "double", "unordered", "copy"
FINDING_TYPES = (RACE, BARRIER, WARP, BOUNDS, UNWRITTEN, DOUBLE, UNORDERED, COPY)


class Involved(NamedTuple):
    """Threads of one block in a finding: their numbers, and the `label` of the first.

    `action` is "reads", "writes" or "changes atomically", of an `element` such as "x[3]"; "waits",
    at a barrier; or "ended", which has no line.
    """

    block: int
    threads: tuple[int, ...]
    label: str
    action: str
    element: str = ""
    line: int = 0


class Finding(NamedTuple):
    """One thing that is wrong with a kernel, where, and what mends it.

    `type` is one of `FINDING_TYPES`; `line` counts in the kernel's file; `text` tells the first
    of the `times` that it happened at that line, and `phase` when that was, counted from 0. Of a
    race, a barrier, and accesses out of bounds or to what is unwritten, `involved` says which
    threads do what; `space` is that of the element: "global", "shared" or "local". Of a float64,
    `origin` says where it comes from, and what to write instead.
    """

    type: str
    line: int
    text: str
    times: int = 1
    phase: int = 0
    space: str = ""
    shape: tuple[int, ...] = ()
    involved: tuple[Involved, ...] = ()
    origin: str = ""


class Access(NamedTuple):
    """One thread's access to one element: `address` is in bytes, `element` an index of the array.

    `request` counts the accesses of that thread to that array at that line in that phase: the lanes
    of a warp that are at the same one ask for memory together. `value` is what was read or written.
    `round` counts how often the threads of the block had been let run before: in step, those of one
    round touch memory at the same time. An atomic change is a read and a write, both `is_atomic`.
    """

    block: int
    thread: int
    phase: int
    line: int
    array: str
    operation: str  # "read" or "write"
    element: tuple[int, ...]
    address: int
    space: str  # "global", "shared" or "local"
    itemsize: int
    request: int
    value: Any = None
    round: int = 0
    is_atomic: bool = False


class Stop(NamedTuple):
    """A thread at the end of a phase: it waits for its block at `line`, or has ended (None)."""

    block: int
    thread: int
    phase: int
    line: int | None


class Clash(NamedTuple):
    """Two threads that touched one element, the earlier and the later access of a race.

    `operations` are "reads", "writes" or "changes atomically"; `labels` name the threads as a
    finding does. `access` is the index of the later one among the accesses of the launch.
    """

    array: str
    space: str
    element: tuple[int, ...]
    operations: tuple[str, str]
    blocks: tuple[int, int]
    threads: tuple[int, int]
    labels: tuple[str, str]
    phases: tuple[int, int]
    lines: tuple[int, int]
    access: int


class ArrayShape(NamedTuple):
    """An array of a launch: an argument in global memory, or what each block has of shared."""

    name: str
    space: str
    shape: tuple[int, ...]
    itemsize: int


@dataclass(frozen=True)
class Report:
    """What one launch did.

    `num_phases` is the greatest number of stretches between barriers in a block, `num_accesses` all
    reads and writes of elements; `shared_bytes` what a block keeps in shared memory. The others are
    empty unless the launch was traced: `accesses` in the order in which they were made, `stops` of
    each thread at the end of each phase, a clash for each element and phase that has any, the
    shapes of the arrays, and `outside`, the accesses out of bounds, whose `element` is the index
    that does not exist.
    """

    findings: tuple[Finding, ...]
    num_phases: int
    num_accesses: int
    shared_bytes: int
    accesses: tuple[Access, ...] = ()
    stops: tuple[Stop, ...] = ()
    clashes: tuple[Clash, ...] = ()
    arrays: tuple[ArrayShape, ...] = ()
    outside: tuple[Access, ...] = ()

    def raise_if_wrong(self) -> "Report":
        """Return the report; raise a KernelError with all findings, if there are any."""
        if self.findings:
            raise KernelError("\n".join(f"[{one.type}] {one.text}" for one in self.findings))
        return self
