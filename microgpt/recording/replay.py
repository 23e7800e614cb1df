"""`Replay`: runs the launches of a recording again, with its temporary arrays in an arena."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any

from microgpt import backends
from microgpt.backends.dispatch import UPLOAD
from microgpt.backends.memory import poison, view_at
from microgpt.recording.dead_fills import drop_dead_fills
from microgpt.recording.memory_plan import Arena, plan_memory
from microgpt.recording.recorder import (
    ArrayRef,
    Recording,
    ResultArray,
    is_temporary,
    map_result,
)

# The first replays run launch by launch, timed; the shortest time of each launch is kept.
TIMED_RUNS = 2


class Replay:
    """The launches of a recording and the memory of their arrays, to `bind` and then `run`.

    A temporary array occupies its offset in the arena from its first launch to its last. An array
    that is still referenced after the recorded call is pinned: it keeps its own memory.
    """

    def __init__(self, recording: Recording, poisoned: bool):
        self.backend = backends.replaying(recording.driver)
        self.inputs = recording.inputs
        self.launches = drop_dead_fills(recording.launches, self.backend)
        self.seconds = [float("inf")] * len(self.launches)
        self._overhead = float("inf")  # the shortest time of a native call without a launch
        self.result: Any = None
        self.bound = False
        self._table: Any = None
        self._calls: list[tuple[Callable, tuple]] = []
        self._recording, temporaries = recording, recording.temporaries
        self._pinned = {
            index: array
            for index, tracked in enumerate(temporaries)
            if (array := tracked.array()) is not None
        }
        lifetimes = list(self._lifetimes())
        in_arena = [lifetime for lifetime in lifetimes if lifetime[0] not in self._pinned]
        offsets, self.arena_bytes = plan_memory(
            [(first, last, temporaries[index].nbytes) for index, first, last in in_arena],
            self.backend.alignment,
        )
        self._offsets = {
            index: offset for (index, *_), offset in zip(in_arena, offsets, strict=True)
        }
        self.unshared_bytes = sum(temporaries[index].nbytes for index, *_ in in_arena)
        self._timed_runs = 0
        self._poisoned_refs: dict[int, list[ArrayRef]] = defaultdict(list)  # by first launch
        if poisoned:
            for index, first, _ in lifetimes:
                self._poisoned_refs[first].append(temporaries[index].ref)

    def _lifetimes(self) -> Iterator[tuple[int, int, int]]:
        """Yield (index, first launch, last launch) of each temporary array, ordered by first."""
        lifetimes: dict[int, list[int]] = {}
        for number, launch in enumerate(self.launches):
            # A graph's uploads are made before all its launches.
            first = 0 if launch.name == UPLOAD else number
            for ref in launch.refs:
                if is_temporary(ref):
                    lifetimes.setdefault(ref.number, [first, number])[1] = number
        for ref in filter(is_temporary, self._recording.result_refs):  # live until copied out
            lifetimes.setdefault(ref.number, [0, 0])[1] = len(self.launches)
        for index, (first, last) in sorted(lifetimes.items(), key=lambda item: item[1][0]):
            yield index, first, last

    def bind(self, arena: Arena) -> None:
        """Place every temporary array at its offset in `arena`, which must be large enough."""

        def array(ref: ArrayRef) -> Any:
            pinned = self._pinned.get(ref.number)
            if pinned is not None:
                return view_at(pinned, ref.offset, ref.shape, ref.strides, ref.dtype)
            offset = self._offsets[ref.number] + ref.offset
            return view_at(arena.memory, offset, ref.shape, ref.strides, ref.dtype)

        self._calls = [
            (
                launch.call,
                tuple(
                    [
                        array(ref) if argument is None else argument
                        for ref, argument in zip(launch.refs, launch.arguments, strict=True)
                    ]
                ),
            )
            for launch in self.launches
        ]
        self._poisoned = {
            number: list(map(array, refs)) for number, refs in self._poisoned_refs.items()
        }

        def result_part(part: Any) -> Any:
            if not isinstance(part, ResultArray):
                return part
            return part.wrap(array(part.ref) if part.array is None else part.array)

        self.result = map_result(self._recording.result, result_part)
        self._table = self.backend.lower(self._calls)
        self._run_native, self._rows = self._table.run, self._table.rows
        self._segments = _segments(self._rows)
        self._native_start = self._rows[0] if self._rows and all(self._rows) else 0
        self.bound = True

    def unbind(self) -> None:
        """Release all views of the arena's memory."""
        self._calls, self._poisoned, self._table, self.result = [], {}, None, None
        self.bound = False

    def run(self) -> None:
        """Run all launches."""
        if self._timed_runs < TIMED_RUNS or self._poisoned_refs:
            self._run_timed()
        elif self._native_start:  # most recordings: a small step takes 3 % less without the loops
            stop = len(self._rows)
            done = self._run_native(self._native_start, stop)
            if done < stop:
                self._run_range(done, stop)
        else:
            for first, stop in self._segments:
                self._run_range(first, stop)

    def _run_range(self, number: int, stop: int) -> None:
        """Run launches `number` to `stop` − 1, either all in the native table or none of them."""
        while number < stop:
            if self._rows[number]:
                number += self._run_native(self._rows[number], stop - number)
                if number == stop:
                    return
                # This launch failed. Called from Python below, it raises its error.
            call, arguments = self._calls[number]
            call(*arguments)
            number += 1

    def _run_timed(self) -> None:
        """Run and time launches one by one; poison temporary arrays, as the back end does."""
        for number in range(len(self.launches)):
            for array in self._poisoned.get(number, ()):
                poison(array)
            start = perf_counter()
            self._run_native(self._rows[number], 0)
            middle = perf_counter()
            self._run_range(number, number + 1)
            end = perf_counter()
            self._overhead = min(self._overhead, middle - start)
            seconds = end - middle - self._overhead
            self.seconds[number] = min(self.seconds[number], max(seconds, 0.0))
        self._timed_runs += 1


def _segments(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return maximal ranges (start, stop) of launches, all in the native table or none."""
    ends = [n for n in range(1, len(rows)) if (rows[n] == 0) != (rows[n - 1] == 0)]
    return list(zip([0, *ends], [*ends, len(rows)], strict=True))
