"""A recording that has settled: the same launches again, each array in a place of its own."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from microgpt import backends
from microgpt.backends.dispatch import poison
from microgpt.recording.memory_plan import Arena, plan_memory
from microgpt.recording.recorder import Part, Recording, ArrayRef, is_new, mapped

# So many replays go launch by launch and are timed; the shortest time of each launch counts.
TIMED = 2


class Replay:
    """The launches of a recording, ready to be made again.

    An array that the recorded call made gets a place in the arena, from its first launch to its
    last; one that is still held somewhere after the call stays what it is.
    """

    def __init__(self, recording: Recording, poisoned: bool):
        self.inputs, self.lines = recording.inputs, recording.lines
        self.seconds = [float("inf")] * len(self.lines)
        self.result: Any = None
        self.bound = False
        self._table: Any = None
        self._calls: list[tuple[Callable, tuple]] = []
        self._recording, births = recording, recording.births
        self._pinned = {
            number: array
            for number, birth in enumerate(births)
            if (array := birth.array()) is not None
        }
        lives = list(self._lives())
        moving = [life for life in lives if life[0] not in self._pinned]
        places, self.needs = plan_memory(
            [(first, last, births[number].nbytes) for number, first, last in moving]
        )
        self._places = {life[0]: place for life, place in zip(moving, places, strict=True)}
        self.nbytes = sum(births[number].nbytes for number, *_ in moving)
        self._rounds = 0
        self._births: dict[int, list[ArrayRef]] = defaultdict(list)  # by their first launch
        if poisoned:
            for number, first, _ in lives:
                self._births[first].append(births[number].role)

    def _lives(self) -> Iterator[tuple[int, int, int]]:
        """Each array that the call made, its first launch and its last; in order of the first."""
        lives: dict[int, list[int]] = {}
        for number, line in enumerate(self.lines):
            for role in line.described:
                if is_new(role):
                    lives.setdefault(role.identity, [number, number])[1] = number
        for role in filter(is_new, self._recording.returned):  # until they are copied out
            lives.setdefault(role.identity, [0, 0])[1] = len(self.lines)
        for number, (first, last) in sorted(lives.items(), key=lambda item: item[1][0]):
            yield number, first, last

    def bind(self, arena: Arena) -> None:
        """Give every array its place in an arena that is large enough."""

        def array(role: ArrayRef) -> np.ndarray:
            pinned = self._pinned.get(role.identity)
            if pinned is not None:
                return np.ndarray(role.shape, role.dtype, pinned, role.offset, role.strides)
            place = self._places[role.identity] + role.offset
            return np.ndarray(role.shape, role.dtype, arena.memory, place, role.strides)

        self._calls = [
            (
                line.call,
                tuple(
                    [
                        array(role) if argument is None else argument
                        for role, argument in zip(line.described, line.arguments, strict=True)
                    ]
                ),
            )
            for line in self.lines
        ]
        self._fresh = {at: list(map(array, roles)) for at, roles in self._births.items()}

        def there(part: Any) -> Any:
            if not isinstance(part, Part):
                return part
            return part.make(array(part.role) if part.array is None else part.array)

        self.result = mapped(self._recording.result, there)
        self._table = backends.lower(self._calls)
        self._native, self._rows = self._table.run, self._table.rows
        self._stretches = _stretches(self._rows)
        self.bound = True

    def unbind(self) -> None:
        """Let go of the arena's memory."""
        self._calls, self._fresh, self._table, self.result = [], {}, None, None
        self.bound = False

    def run(self) -> None:
        """Make all launches."""
        if self._rounds < TIMED or self._births:
            self._run_one_by_one()
        else:
            for first, stop in self._stretches:
                self._make(first, stop)

    def _make(self, number: int, stop: int) -> None:
        """The launches from `number` to `stop`, which are all in the native table or all not."""
        while number < stop:
            if self._rows[number]:
                number += self._native(self._rows[number], stop - number)
                if number == stop:
                    return
                # This one refused. Called from Python, it says why.
            call, arguments = self._calls[number]
            call(*arguments)
            number += 1

    def _run_one_by_one(self) -> None:
        """With a clock, and with poison in what is new, as memory from the back end would be."""
        for number in range(len(self.lines)):
            for array in self._fresh.get(number, ()):
                poison(array)
            start = perf_counter()
            self._native(self._rows[number], 0)  # what making no launch takes
            middle = perf_counter()
            self._make(number, number + 1)
            seconds = perf_counter() - middle - (middle - start)
            self.seconds[number] = min(self.seconds[number], max(seconds, 0.0))
        self._rounds += 1


def _stretches(rows: Sequence[int]) -> list[tuple[int, int]]:
    """The longest runs of launches that are all in the native table, or all not."""
    ends = [n for n in range(1, len(rows)) if (rows[n] == 0) != (rows[n - 1] == 0)]
    return list(zip([0, *ends], [*ends, len(rows)], strict=True))
