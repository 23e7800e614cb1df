"""What a traced launch records while it runs: accesses, waits, clashes, arrays."""

from collections import Counter
from typing import Any

from microgpt.interpreter.report import Access, ArrayShape, Clash, Stop
from microgpt.interpreter.shadow import Moment, Touch
from microgpt.interpreter.watched_array import WatchedArray


class Trace:
    """Records of one launch, in the order in which they were made."""

    def __init__(self) -> None:
        self.accesses: list[Access] = []
        self.outside: list[Access] = []
        self.stops: list[Stop] = []
        self._clashes: dict[Any, Clash] = {}
        self._arrays: dict[ArrayShape, None] = {}
        self._requests: Counter[Any] = Counter()

    def add_access(
        self, block: Any, thread: int, operation: str, array: WatchedArray, at: int, line: int,
        is_atomic: bool,
    ) -> None:  # fmt: skip
        """Add an access to element `at`, which holds by now what was read or written."""
        key = block.number, thread, block.phase, line, array.name, operation
        self._requests[key] += not array.launch.continues_request
        self.accesses.append(
            Access(
                *key, array.element(at), array.first_address + at * array.itemsize, array.space,
                array.itemsize, self._requests[key], array.flat[at].item(), block.round, is_atomic,
            )
        )  # fmt: skip

    def add_outside(
        self, block: Any, thread: int, does: str, array: WatchedArray,
        element: tuple[int, ...], line: int,
    ) -> None:  # fmt: skip
        """Add an access to an element that does not exist."""
        operation = "read" if does == "reads" else "write"
        key = block.number, thread, block.phase, line, array.name, operation
        self._requests[key] += 1
        self.outside.append(
            Access(*key, element, -1, array.space, array.itemsize, self._requests[key])
        )

    def add_stop(self, block: int, thread: int, phase: int, line: int | None) -> None:
        """Add where a thread waits for its block, or that it has ended."""
        self.stops.append(Stop(block, thread, phase, line))

    def add_clash(
        self, array: WatchedArray, at: int, did: str, earlier: Touch, does: str, later: Moment,
        line: int,
    ) -> None:  # fmt: skip
        """Add the first clash at an element in a phase; the access that clashes is noted next."""
        first = earlier.moment
        self._clashes.setdefault(
            (id(array.shadow), array.base + at * array.itemsize, later.phase, first.phase),
            Clash(
                array.name, array.space, array.element(at), (did, does),
                (first.block, later.block), (first.thread, later.thread),
                (first.label, later.label), (first.phase, later.phase), (earlier.line, line),
                len(self.accesses),
            ),
        )  # fmt: skip

    def add_array(self, array: WatchedArray) -> None:
        """Add an array, once for all blocks that have it."""
        self._arrays[ArrayShape(array.name, array.space, array.shape, array.itemsize)] = None

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """One clash for each element and phase that has any."""
        return tuple(self._clashes.values())

    @property
    def arrays(self) -> tuple[ArrayShape, ...]:
        """The arrays of global and shared memory."""
        return tuple(self._arrays)
