"""`capture`: record the kernel launches of a function, then replay them without its Python.

The first calls run the function under a `Recorder`; once two recordings in a row are equal, a call
copies its arguments into the recorded arrays, makes the same launches again and copies the results
out.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import context
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.backends.dispatch import active_tracer
from microgpt.errors import CaptureError
from microgpt.recording.arguments import (
    copy_inputs,
    flatten_arguments,
    recording_key,
    static_args,
    static_inputs,
)
from microgpt.recording.equality import (
    changed_input_message,
    check_externals_alive,
    first_difference,
)
from microgpt.recording.launch_report import Launch, Launches
from microgpt.recording.memory_plan import Arena
from microgpt.recording.recorder import Recorder, Recording, map_result
from microgpt.recording.replay import Replay

MAX_RECORDINGS = 64
MAX_PENDING_KEYS = 4 * MAX_RECORDINGS  # so that as many shapes in turn are met a second time
MAX_ATTEMPTS = 3


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
    """Bytes of all temporary arrays of all recordings: each apart, and in the arena they share."""

    unshared_bytes: int
    arena_bytes: int


class Captured:
    """A function whose launches are recorded and replayed; see `capture`."""

    def __init__(self, function: Callable):
        self.function = function
        self.__name__ = getattr(function, "__name__", "captured")
        self.__doc__ = function.__doc__
        self._replays: OrderedDict[Hashable, Replay] = OrderedDict()
        self._attempts: OrderedDict[Hashable, list[Recording]] = OrderedDict()
        self._arena = Arena()
        self._last: Replay | None = None

    def __repr__(self) -> str:
        return f"<captured {self.__name__}: {len(self._replays)} recordings>"

    def launches(self) -> Launches:
        """The launches of the recording used last, in order: a table when printed.

        Each has a name, shapes, the source line that led to it, and seconds: its shortest time in
        the first replays, infinite before them.
        """
        with LOCK:
            if not self._replays:
                return Launches()
            replay = next(reversed(self._replays.values()))
            return Launches(
                Launch(launch.name, launch.shapes, launch.source, seconds)
                for launch, seconds in zip(replay.launches, replay.seconds, strict=True)
            )

    def memory(self) -> Memory:
        """The memory of the arrays that the recorded calls allocated."""
        with LOCK:
            replays = self._replays.values()
            return Memory(
                sum(replay.unshared_bytes for replay in replays),
                max((replay.arena_bytes for replay in replays), default=0),
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if context.decomposed or context.activation_hook is not None:
            return self.function(*args, **kwargs)
        if context.op_override is not None:
            return self.function(*args, **kwargs)
        if active_tracer.tracer is not None and backends.current_tracer() is not None:
            return self.function(*args, **kwargs)
        values, names = flatten_arguments(args, kwargs) if kwargs else (args, ())
        key = recording_key(values, names)
        with LOCK:
            replay = self._replays.get(key)
            if replay is None:
                if len(self._replays) == MAX_RECORDINGS:
                    # None is dropped for it: going round 65 shapes would never replay one.
                    return _copy_result(_check_result(self.function(*args, **kwargs)))
                return self._record(key, values, names)
            if replay is not self._last:
                self._use(key, replay)
            copy_inputs(replay.inputs, values)
            replay.run()
            return _copy_result(replay.result)

    def _use(self, key: Hashable, replay: Replay) -> None:
        """Make it the one used last, ready to run."""
        if not replay.bound:
            self._bind(replay)
        self._replays.move_to_end(key)
        self._last = replay

    def _record(self, key: Hashable, values: tuple, names: tuple[str, ...]) -> Any:
        """Run the function and record it; a recording that equals the last attempt is replayed."""
        attempts = self._attempts.setdefault(key, [])
        if len(self._attempts) > MAX_PENDING_KEYS:
            self._attempts.popitem(last=False)
        inputs = static_inputs(values)  # new each time: one that the function kept must not change
        recording, result = self._run_recorded(inputs, values, names)
        if attempts and first_difference(attempts[-1], recording) is None:
            del self._attempts[key]
            self._replays[key] = replay = Replay(recording, backends.current().poison)
            self._use(key, replay)
        else:
            recording.drop_arrays()
            self._add_attempt(key, recording)
        return result

    def _run_recorded(
        self, inputs: list[np.ndarray], values: tuple, names: tuple[str, ...]
    ) -> tuple[Recording, Any]:
        """Its temporary arrays are gone when this ends, unless the function keeps them."""
        before = [array.tobytes() for array in inputs]
        recorder = Recorder(inputs)
        args = static_args(inputs, values)
        positional = len(args) - len(names)
        with backends.tracing(recorder):
            result = self.function(
                *args[:positional], **dict(zip(names, args[positional:], strict=True))
            )
        recorder.on_return(_check_result(result))
        for index, array in enumerate(inputs):
            if array.tobytes() != before[index]:
                raise CaptureError(changed_input_message(recorder.recording, index))
        return recorder.recording, _copy_result(result)

    def _bind(self, replay: Replay) -> None:
        """Put a recording's arrays into the arena, which grows if it has to."""
        if replay.arena_bytes > self._arena.nbytes:
            self._last = None
            for other in self._replays.values():
                other.unbind()  # until it is used again
            self._arena.grow(replay.arena_bytes)
        replay.bind(self._arena)

    def _add_attempt(self, key: Hashable, recording: Recording) -> None:
        """Keep a recording to compare the next one with; raise if they will never be equal."""
        attempts = self._attempts[key]
        try:
            check_externals_alive(recording, self.__name__)
            attempts.append(recording)
            if len(attempts) == MAX_ATTEMPTS:
                raise CaptureError(
                    f"{MAX_ATTEMPTS} recordings of {self.__name__} differ, so it cannot be "
                    f"replayed: {first_difference(attempts[-2], attempts[-1])}. What changes from "
                    "call to call must be in an array, or an argument"
                )
        except CaptureError:
            del self._attempts[key]
            raise


def _check_result(result: Any) -> Any:
    """The result, if it consists of tensors, arrays and plain values."""
    return map_result(result, _check_part)


def _check_part(part: Any) -> Any:
    if not isinstance(part, Tensor | np.ndarray | int | float | str | None):
        raise CaptureError(
            f"a captured function returned a {type(part).__name__}; it may return tensors, "
            "arrays, plain values, and tuples, lists and dictionaries of these"
        )
    return part


def _copy_result(result: Any) -> Any:
    """The result with every array copied and every graph dropped."""
    return map_result(result, _copy_part)


def _copy_part(part: Any) -> Any:
    if isinstance(part, Tensor):
        return part.from_array(part.array.copy())
    return part.copy() if isinstance(part, np.ndarray) else part
