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
    """By address: the last write, and as many reads and atomic changes as can matter later."""

    __slots__ = ("atomics", "promises", "reads", "writes")

    def __init__(self) -> None:
        self.writes: dict[int, Touch] = {}
        self.reads: dict[int, list[Touch]] = {}
        self.atomics: dict[int, list[Touch]] = {}
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


def remember(touches: dict[int, list[Touch]], key: int, moment: Moment, line: int) -> None:
    """Add an access to those of an address, and forget what no later access could clash with.

    Whoever comes later clashes with one of two blocks, of two warps of its own block, of two lanes
    of its own warp, whichever they are; so two of each are kept, and those of this phase only.
    """
    known = touches.get(key)
    if known is None:
        touches[key] = [Touch(moment, line)]
    elif known[-1].moment is not moment:
        kept = [touch for touch in known if not _is_over(touch.moment, moment)]
        if not _is_represented(kept, moment):
            kept.append(Touch(moment, line))
        touches[key] = kept


def first_unordered(touches: list[Touch] | None, moment: Moment) -> Touch | None:
    """Return the first of some accesses that nothing orders with `moment`, or None."""
    if touches is None or (len(touches) == 1 and touches[0].moment is moment):
        return None
    return next((touch for touch in touches if are_unordered(touch.moment, moment)), None)


def _is_over(earlier: Moment, later: Moment) -> bool:
    """Whether all that could clash with the earlier access could clash with the later one too."""
    return earlier.block == later.block and not are_unordered(earlier, later)


def _is_represented(kept: list[Touch], moment: Moment) -> bool:
    of_block = [touch.moment for touch in kept if touch.moment.block == moment.block]
    if not of_block:
        return len({touch.moment.block for touch in kept}) >= 2
    of_warp = [one for one in of_block if one.warp == moment.warp]
    return len(of_warp) >= 2 if of_warp else len({one.warp for one in of_block}) >= 2
