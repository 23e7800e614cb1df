"""`Scene`: one moment of a kernel's run, as data."""

from dataclasses import dataclass
from typing import NamedTuple

# What a thread does at a moment.
READS, WRITES, CHANGES, WAITS, ENDED, READY = (
    "reads", "writes", "changes", "waits", "ended", "ready"
)  # fmt: skip


class Cell(NamedTuple):
    """An element of an array, or several side by side that share a mark.

    It `is_empty` until something is written; was read or written in this phase so far; is touched
    now; or two threads have clashed at it in this phase.
    """

    is_empty: bool = False
    was_read: bool = False
    was_written: bool = False
    is_now: bool = False
    is_clash: bool = False


class CodeLine(NamedTuple):
    """A line of the kernel: its number, its text, and whether it touches memory."""

    number: int
    text: str
    has_accesses: bool


class ThreadBlock(NamedTuple):
    """The threads of a block in rows of `columns`, each by what it does."""

    number: int
    columns: int
    states: tuple[str, ...]


class ClashNote(NamedTuple):
    """Two threads that clash at a cell: "s[32]", "thread 32 writes", "thread 0 reads"."""

    cell: int
    element: str
    first: str
    second: str


class ArrayPicture(NamedTuple):
    """An array in rows of `columns` cells, of a block in shared memory or of all (None).

    `per_cell` elements share a cell. `clashes` are those so far in this phase.
    """

    name: str
    shape: tuple[int, ...]
    block: int | None
    columns: int
    cells: tuple[Cell, ...]
    per_cell: int = 1
    clashes: tuple[ClashNote, ...] = ()


class StepNote(NamedTuple):
    """What happens now: who does what to which elements.

    What `is_unwritten` is read before anything was written there. `cost` and `min_cost` count
    sectors of global or passes of shared memory, or are None where the threads do not ask for
    memory together.
    """

    line: int
    operation: str  # READS, WRITES or CHANGES
    threads: str  # "threads 0 to 31"
    elements: str  # "s[32] to s[63]"
    is_plural: bool
    space: str
    value: str = ""  # the number, where all have the same
    cost: int | None = None
    min_cost: int | None = None
    is_unwritten: bool = False


class Verdict(NamedTuple):
    """What the interpreter says about one type of mistake, over all three orders.

    `other_type` is the type under which it was found, where a race explains it, too.
    """

    finding_type: str
    is_found: bool
    other_type: str = ""


class OrderResult(NamedTuple):
    """The result in one order: right or not, None where nobody says what is right.

    `numbers` describes it, such as "out[0] = 64".
    """

    order: str
    is_right: bool | None
    numbers: str


@dataclass(frozen=True)
class Traffic:
    """What a line, or all of them, asked of memory."""

    loads: int = 0
    stores: int = 0
    sectors: int = 0
    min_sectors: int = 0
    shared_reads: int = 0
    shared_writes: int = 0
    passes: int = 0
    min_passes: int = 0


@dataclass(frozen=True)
class Scene:
    """All that the theatre shows of one access of one phase.

    `phase` and `access` count from 1, and `access` is 0 in a phase without any. `line` is the one
    that runs now, or the one that was chosen. `findings` are sentences about this phase in this
    order, `finding_phases` all phases of this order with findings. `num_barriers` is how often a
    thread waits. `orders_agree` is whether the three orders gave the same bits.
    The kernel is an answer to `exercise`, if that is not "". Only if it `has_counts` are those of
    memory's work shown.
    """

    name: str
    order: str
    num_threads: int
    code: tuple[CodeLine, ...]
    line: int | None
    blocks: tuple[ThreadBlock, ...]
    arrays: tuple[ArrayPicture, ...]
    step: StepNote | None
    phase: int
    num_phases: int
    access: int
    num_accesses: int
    verdicts: tuple[Verdict, ...]
    findings: tuple[str, ...]
    finding_phases: tuple[int, ...]
    results: tuple[OrderResult, ...]
    expected: str
    orders_agree: bool
    total: Traffic
    line_traffic: Traffic
    num_barriers: int
    exercise: str = ""
    has_counts: bool = False
