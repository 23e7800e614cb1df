"""`capture`: record the kernel launches of a function, then replay them without its Python.

Route of a call: `Captured.__call__` → `Captured._record` under a `Recorder`, until two successive
recordings are equal; from then on → `copy_inputs` (arguments into the recorded arrays) →
`Replay.run` (the same launches again) → a copy of the results.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple
from weakref import WeakSet

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import context
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.backends.memory import as_host
from microgpt.backends.tracing import active_tracer
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
# When argument shapes alternate, a first recording must be kept until its shape comes again.
MAX_PENDING_KEYS = 4 * MAX_RECORDINGS
MAX_ATTEMPTS = 3


def capture(function: Callable) -> "Captured":
    """Return a faster `function`: once recorded, its launches are replayed without its Python.

    Arrays may change from call to call: arguments, parameters, the optimiser's lr and other state
    in arrays. Other arguments are constants of a recording; there is one for each combination of
    their values and the arrays' shapes. The first 64 combinations are replayed, any others run
    normally. Results are copies without a graph. A function that cannot be replayed raises
    CaptureError, which names the launch.

    Calls hold the package's lock. Undetected: NumPy writing into an array that existed before
    (`out=…`), Python branches and side effects, and after recording, names bound to new tensors or
    `requires_grad` changed; then capture again.
    """
    if not callable(function):
        raise CaptureError(f"capture takes a function; got {type(function).__name__}")
    return Captured(function)


class Memory(NamedTuple):
    """Bytes of all recordings' temporary arrays: with separate memory, and in the shared arena."""

    unshared_bytes: int
    arena_bytes: int


_captured: "WeakSet[Captured]" = WeakSet()


def _forget_after_fork() -> None:
    """Record anew in a forked child: recorded launches may be parallel, and it has no threads."""
    for captured in _captured:
        captured.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)


class Captured:
    """A function whose launches are recorded, then replayed; see `capture`."""

    def __init__(self, function: Callable):
        self.function = function
        self.__name__ = getattr(function, "__name__", "captured")
        self.__doc__ = function.__doc__
        self._replays: dict[Hashable, Replay] = {}
        self._attempts: OrderedDict[Hashable, list[Recording]] = OrderedDict()
        self._arena = Arena()
        self._last: Replay | None = None
        _captured.add(self)

    def forget(self) -> None:
        """Drop all recordings; the next calls record anew."""
        self._replays.clear()
        self._attempts.clear()
        self._last = None

    def __reduce__(self) -> tuple:
        """Copy and pickle the function alone: recordings hold addresses in memory."""
        return capture, (self.function,)

    def __repr__(self) -> str:
        return f"<captured {self.__name__}: {len(self._replays)} recordings>"

    def launches(self) -> Launches:
        """Return the launches of the recording used last, in order; they print as a table.

        Each has the kernel's name, shapes, the source line that led to it, and its shortest time in
        the first replays in seconds (infinite before the first replay).
        """
        with LOCK:
            if not self._replays:
                return Launches()
            replay = self._last or next(reversed(self._replays.values()))
            return Launches(
                Launch(launch.name, launch.shapes, launch.source, seconds)
                for launch, seconds in zip(replay.launches, replay.seconds, strict=True)
            )

    def memory(self) -> Memory:
        """Return the memory that the recordings' temporary arrays take."""
        with LOCK:
            replays = self._replays.values()
            return Memory(
                sum(replay.unshared_bytes for replay in replays),
                max((replay.arena_bytes for replay in replays), default=0),
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if context.watched:
            return self.function(*args, **kwargs)
        if active_tracer.tracer is not None and backends.current_tracer() is not None:
            return self.function(*args, **kwargs)
        values, names = flatten_arguments(args, kwargs) if kwargs else (args, ())
        key = recording_key(values, names)
        with LOCK:
            replay = self._replays.get(key)
            if replay is None:
                if len(self._replays) == MAX_RECORDINGS:
                    # Evicting the oldest would be worse: alternating 65 shapes would replay none.
                    return _copy_result(_check_result(self.function(*args, **kwargs)))
                return self._record(key, values, names)
            if replay is not self._last:
                self._use(replay)
            copy_inputs(replay.inputs, values)
            replay.run()
            return _copy_result(replay.result)

    def _use(self, replay: Replay) -> None:
        """Make `replay` ready to run, and the one used last."""
        if not replay.bound:
            self._bind(replay)
        self._last = replay

    def _record(self, key: Hashable, values: tuple, names: tuple[str, ...]) -> Any:
        """Run the function and record it; if equal to the last attempt, keep it for replay."""
        attempts = self._attempts.setdefault(key, [])
        if len(self._attempts) > MAX_PENDING_KEYS:
            self._attempts.popitem(last=False)
        inputs = static_inputs(values)  # new arrays each time, since the function may keep them
        recording, result = self._run_recorded(inputs, values, names)
        if attempts and first_difference(attempts[-1], recording) is None:
            del self._attempts[key]
            device = None if recording.driver is None else backends.replaying(recording.driver)
            self._replays[key] = replay = Replay(recording, (device or backends.current()).poison)
            self._use(replay)
        else:
            recording.drop_arrays()
            self._add_attempt(key, recording)
        return result

    def _run_recorded(
        self, inputs: list[np.ndarray], values: tuple, names: tuple[str, ...]
    ) -> tuple[Recording, Any]:
        """Run the function once under a `Recorder`; return the recording and a copy of the result.

        A method of its own, so that its return frees temporary arrays the function does not keep.
        """
        before = [as_host(array).tobytes() for array in inputs]
        recorder = Recorder(inputs)
        args = static_args(inputs, values)
        positional = len(args) - len(names)
        with backends.tracing(recorder):
            result = self.function(
                *args[:positional], **dict(zip(names, args[positional:], strict=True))
            )
        recorder.on_return(_check_result(result))
        for index, array in enumerate(inputs):
            if as_host(array).tobytes() != before[index]:
                raise CaptureError(changed_input_message(recorder.recording, index))
        return recorder.recording, _copy_result(result)

    def _bind(self, replay: Replay) -> None:
        """Place a recording's arrays in the arena, growing it if necessary."""
        if replay.arena_bytes > self._arena.nbytes:
            self._last = None
            for other in self._replays.values():
                other.unbind()  # `_use` binds it again
            self._arena.grow(replay.arena_bytes, replay.backend)
        replay.bind(self._arena)

    def _add_attempt(self, key: Hashable, recording: Recording) -> None:
        """Keep a recording to compare with the next; raise if they cannot become equal."""
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
    """Return the result; raise unless it consists of tensors, arrays and plain values."""
    return map_result(result, _check_part)


def _check_part(part: Any) -> Any:
    if not backends.is_array(part) and not isinstance(part, Tensor | int | float | str | None):
        raise CaptureError(
            f"a captured function returned a {type(part).__name__}; it may return tensors, "
            "arrays, plain values, and tuples, lists and dictionaries of these"
        )
    return part


def _copy_result(result: Any) -> Any:
    """Return the result with copies of its arrays and tensors, without their graphs."""
    if isinstance(result, Tensor):  # most results are; the walk below takes longer than the copy
        return _copy_part(result)
    return None if result is None else map_result(result, _copy_part)


def _copy_part(part: Any) -> Any:
    if isinstance(part, Tensor):
        return part.from_array(part.array.copy())
    return part.copy() if backends.is_array(part) else part
