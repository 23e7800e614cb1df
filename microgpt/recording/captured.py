"""`capture`: record the kernel launches of a function, then replay them without its Python.

The first calls run the function and record its launches; once two recordings in a row are equal,
a call copies its arguments into the recorded arrays, makes the same launches again and copies the
results out.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import state
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.backends.dispatch import active_tracer
from microgpt.errors import CaptureError
from microgpt.recording.arguments import copy_in, fixed, given, key_of, static_args
from microgpt.recording.equality import changed_argument, difference, require_lasting
from microgpt.recording.launch_table import Launch, Launches
from microgpt.recording.memory_plan import Arena
from microgpt.recording.recorder import Recorder, Recording
from microgpt.recording.replay import Replay

MAX_RECORDINGS = 64
MAX_TRIED = 4 * MAX_RECORDINGS  # more, so that as many shapes in turn are met a second time
MAX_TRIES = 3


def capture(function: Callable) -> "Captured":
    """Make `function` faster by replaying what it launches; it may then no longer decide anything.

    Its array arguments may change from call to call, and so may parameters, the optimiser's lr
    and everything else that lives in arrays. Plain numbers are part of the recording: one for
    each combination of their values and the arrays' shapes. Results are copies without history.
    A function that cannot be replayed raises CaptureError, which names the launch.

    It runs holding the package's lock. What it cannot see: NumPy writing into an array that existed
    before (`out=…`); Python code in it, which no longer runs; names bound to new tensors, and
    `requires_grad` changed, after recording. Capture again then. A function with more than 64
    combinations replays the first 64 and runs the others as they are.
    """
    if not callable(function):
        raise CaptureError(f"capture takes a function; got {type(function).__name__}")
    return Captured(function)


class Memory(NamedTuple):
    """Bytes: what all arrays of all recordings would take apart, and what they share."""

    arrays: int
    arena: int


class Captured:
    """A function whose launches are recorded and replayed; see `capture`."""

    def __init__(self, function: Callable):
        self.function = function
        self.__name__ = getattr(function, "__name__", "captured")
        self.__doc__ = function.__doc__
        self._ready: OrderedDict[Hashable, Replay] = OrderedDict()
        self._tried: OrderedDict[Hashable, list[Recording]] = OrderedDict()
        self._arena = Arena()
        self._last: Replay | None = None

    def __repr__(self) -> str:
        return f"<captured {self.__name__}: {len(self._ready)} recordings>"

    def launches(self) -> Launches:
        """The launches of the recording used last, in order: a table when printed.

        Each has a name, shapes, the source line that led to it, and seconds: the shortest time
        that it took in the first replays, infinite before them.
        """
        with LOCK:
            if not self._ready:
                return Launches()
            replay = next(reversed(self._ready.values()))
            return Launches(
                Launch(line.name, line.shapes, line.source, seconds)
                for line, seconds in zip(replay.lines, replay.seconds, strict=True)
            )

    def memory(self) -> Memory:
        """The memory of the arrays that the recorded calls made."""
        with LOCK:
            replays = self._ready.values()
            return Memory(
                sum(r.nbytes for r in replays), max((r.needs for r in replays), default=0)
            )

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if state.composed or state.name_hook is not None or state.op_hook is not None:
            return self.function(*arguments, **named)
        if active_tracer.tracer is not None and backends.current_tracer() is not None:
            return self.function(*arguments, **named)
        values, names = given(arguments, named) if named else (arguments, ())
        key = key_of(values, names)
        with LOCK:
            replay = self._ready.get(key)
            if replay is None:
                if len(self._ready) == MAX_RECORDINGS:
                    # Not the oldest makes room: going round 65 shapes would never replay one.
                    return _copied(_checked(self.function(*arguments, **named)))
                return self._record(key, values, names)
            if replay is not self._last:
                self._use(key, replay)
            copy_in(replay.inputs, values)
            replay.run()
            return _copied(replay.result)

    def _use(self, key: Hashable, replay: Replay) -> None:
        """Make it the one used last, ready to run."""
        if not replay.bound:
            self._bind(replay)
        self._ready.move_to_end(key)
        self._last = replay

    def _record(self, key: Hashable, values: tuple, names: tuple[str, ...]) -> Any:
        tried = self._tried.setdefault(key, [])
        if len(self._tried) > MAX_TRIED:
            self._tried.popitem(last=False)
        inputs = fixed(values)  # others each time: one that the function kept must not change
        recording, result = self._eager(inputs, values, names)
        if tried and difference(tried[-1], recording) is None:
            del self._tried[key]
            self._settle(key, recording)
        else:
            recording.release_pages()
            self._set_aside(key, recording)
        return result

    def _eager(self, inputs: list, values: tuple, names: tuple) -> tuple[Recording, Any]:
        """Run and record the function; all it made is gone when this ends, if nobody keeps it."""
        before = [array.tobytes() for array in inputs]
        recorder = Recorder(inputs)
        arguments = static_args(inputs, values)
        positional = len(arguments) - len(names)
        with backends.tracing(recorder):
            result = self.function(
                *arguments[:positional], **dict(zip(names, arguments[positional:], strict=True))
            )
        recorder.returned(_checked(result))
        for place, array in enumerate(inputs):
            if array.tobytes() != before[place]:
                raise CaptureError(changed_argument(recorder.recording, place))
        return recorder.recording, _copied(result)

    def _settle(self, key: Hashable, recording: Recording) -> None:
        self._ready[key] = replay = Replay(recording, backends.current().poison)
        self._use(key, replay)

    def _bind(self, replay: Replay) -> None:
        """Give a recording's arrays their places; the arena grows if it has to."""
        if replay.needs > self._arena.nbytes:
            self._last = None
            for other in self._ready.values():
                other.unbind()  # until it is used again
            self._arena.grow(replay.needs)
        replay.bind(self._arena)

    def _set_aside(self, key: Hashable, recording: Recording) -> None:
        """Keep a recording to compare the next one with; refuse what can never settle."""
        tried = self._tried[key]
        try:
            require_lasting(recording, self.__name__)
            tried.append(recording)
            if len(tried) == MAX_TRIES:
                raise CaptureError(
                    f"{MAX_TRIES} recordings of {self.__name__} differ, so it cannot be replayed: "
                    f"{difference(tried[-2], tried[-1])}. What changes from call to call must be "
                    "in an array, or an argument"
                )
        except CaptureError:
            del self._tried[key]
            raise


def _checked(result: Any) -> Any:
    if isinstance(result, tuple | list):
        for part in result:
            _checked(part)
    elif isinstance(result, dict):
        for part in result.values():
            _checked(part)
    elif not isinstance(result, Tensor | np.ndarray | int | float | str | None):
        raise CaptureError(
            f"a captured function returned a {type(result).__name__}; it may return tensors, "
            "arrays, plain values, and tuples, lists and dictionaries of these"
        )
    return result


def _copied(result: Any) -> Any:
    """The result with every array copied and every history dropped."""
    if isinstance(result, Tensor):
        return result.detached(result.array.copy())
    if isinstance(result, np.ndarray):
        return result.copy()
    if isinstance(result, tuple) and hasattr(result, "_fields"):  # a named tuple
        return type(result)(*map(_copied, result))
    if isinstance(result, tuple | list):
        return type(result)(_copied(part) for part in result)
    if isinstance(result, dict):
        return {name: _copied(part) for name, part in result.items()}
    return result
