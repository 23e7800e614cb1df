"""The shadow of memory: who touched each element last, and whether anything orders two accesses.

A barrier orders all threads of a block, `syncwarp` the threads of a warp; nothing orders blocks.
Shuffles exchange numbers and order no memory, as the CUDA C++ Programming Guide says.
"""

from typing import NamedTuple


class Moment:
    """One thread between two waits. Each wait begins another moment, an object of its own."""

    __slots__ = ("block", "label", "phase", "thread", "warp", "warp_phase")

    def __init__(self, thread: int, block: int, phase: int, warp: int, warp_phase: int, label: str):
        self.thread, self.block, self.phase = thread, block, phase
        self.warp, self.warp_phase, self.label = warp, warp_phase, label


class Touch(NamedTuple):
    """An access that may clash with a later one: when it was, and the line of the kernel."""

    moment: Moment
    line: int


class Shadow:
    """By address: the last write, the last two reads of different moments, the last atomic one."""

    __slots__ = ("atomics", "earlier_reads", "promises", "reads", "writes")

    def __init__(self) -> None:
        self.writes: dict[int, Touch] = {}
        self.reads: dict[int, Touch] = {}
        self.earlier_reads: dict[int, Touch] = {}
        self.atomics: dict[int, Touch] = {}
        self.promises: dict[int, Touch] = {}  # asynchronous copies that nobody has waited for


def are_unordered(earlier: Moment, later: Moment) -> bool:
    """Whether two accesses are of different threads, and either could come first on a GPU."""
    if earlier.block == later.block and earlier.thread == later.thread:
        return False
    if earlier.block != later.block:
        return True
    if earlier.phase != later.phase:
        return False
    return earlier.warp != later.warp or earlier.warp_phase == later.warp_phase
