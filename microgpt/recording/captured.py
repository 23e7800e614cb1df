"""`capture`: record the kernel launches of a function, then replay them without its Python.

The first calls run the function and record its launches; once two recordings in a row are equal,
a call copies its arguments into the recorded arrays, makes the same launches again and copies the
results out.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from microgpt import backends
from microgpt.backends import LOCK
from microgpt.engine import state
from microgpt.errors import CaptureError
from microgpt.nn import Module
from microgpt.ops.embedding import as_tokens
from microgpt.recording.recorder import Recorder, Recording, difference, is_older
from microgpt.tensor import Tensor

MAX_RECORDINGS = 64
MAX_TRIES = 3


def capture(function: Callable) -> "Captured":
    """Make `function` faster by replaying what it launches; it may then no longer decide anything.

    Its array arguments may change from call to call, and so may parameters, the optimiser's lr
    and everything else that lives in arrays. Plain numbers are part of the recording: one for
    each combination of their values and the arrays' shapes. Results are copies without history.
    A function that cannot be replayed raises CaptureError, which names the launch.

    It runs holding the package's lock. What it cannot see: NumPy writing into an array that existed
    before (`out=…`); Python code in it, which no longer runs; and names bound to new tensors after
    recording. Capture again then.
    """
    if not callable(function):
        raise CaptureError(f"capture takes a function; got {type(function).__name__}")
    return Captured(function)


class Captured:
    """A function whose launches are recorded and replayed; see `capture`."""

    def __init__(self, function: Callable):
        self.function = function
        self.__name__ = getattr(function, "__name__", "captured")
        self.__doc__ = function.__doc__
        self._ready: OrderedDict[Hashable, Recording] = OrderedDict()
        self._tried: OrderedDict[Hashable, list[Recording]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<captured {self.__name__}: {len(self._ready)} recordings>"

    def launches(self) -> list[str]:
        """The kernels of the recording used last, in order."""
        if not self._ready:
            return []
        return [launch.name for launch in next(reversed(self._ready.values())).launches]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if state.composed or state.name_hook is not None or backends.current_tap() is not None:
            return self.function(*arguments, **named)
        names = sorted(named)
        places, given = [*range(len(arguments)), *names], [*arguments, *map(named.get, names)]
        key = (state.grad_enabled, backends.current().name, tuple(map(_key, places, given)))
        with LOCK:
            recording = self._ready.get(key)
            if recording is None:
                return self._record(key, places, given)
            self._ready.move_to_end(key)
            for fixed, value in zip(recording.inputs, filter(_is_array, given), strict=True):
                fixed[...] = _array(value)
            recording.replay()
            return _copied(recording.result)

    def _record(self, key: Hashable, places: list, given: list) -> Any:
        tried = self._tried.setdefault(key, [])
        if len(self._tried) > MAX_RECORDINGS:
            self._tried.popitem(last=False)
        if tried:
            inputs = tried[-1].inputs
            for fixed, value in zip(inputs, filter(_is_array, given), strict=True):
                fixed[...] = _array(value)
        else:
            inputs = [_fixed(value) for value in given if _is_array(value)]
        fixed_inputs = iter(inputs)
        values = [_stand_in(v, next(fixed_inputs)) if _is_array(v) else v for v in given]
        recorder = Recorder(inputs)
        with backends.tapped(recorder):
            result = self.function(
                *(v for v, place in zip(values, places, strict=True) if isinstance(place, int)),
                **{p: v for v, p in zip(values, places, strict=True) if isinstance(p, str)},
            )
        recorder.returned(_checked(result))
        recording, copied = recorder.recording, _copied(result)
        if tried and difference(tried[-1], recording) is None:
            del self._tried[key]
            self._ready[key] = recording
            if len(self._ready) > MAX_RECORDINGS:
                self._ready.popitem(last=False)
        else:
            recording.result = None
            del recorder, result  # a recording that is only compared keeps no array alive
            for launch in recording.launches:
                launch.arguments = ()
            self._set_aside(key, recording)
        return copied

    def _set_aside(self, key: Hashable, recording: Recording) -> None:
        """Keep a recording to compare the next one with; refuse what can never settle."""
        tried = self._tried[key]
        for number, launch in enumerate(recording.launches):
            for role in launch.described:
                if is_older(role) and recording.older[role.identity]() is None:
                    del self._tried[key]
                    raise CaptureError(
                        f"launch {number} {launch.name} ({launch.line}) was given an array that "
                        "is gone after the call: made inside by NumPy, or its name bound anew. A "
                        "replay would see its old numbers; keep it, or pass it as an argument"
                    )
        if any(array() is None for array in recording.older):
            del self._tried[key]
            raise CaptureError(
                f"{self.__name__} returned an array that it made itself, not by the back end; a "
                "replay would return its old numbers. Return tensors"
            )
        tried.append(recording)
        if len(tried) == MAX_TRIES:
            del self._tried[key]
            raise CaptureError(
                f"{MAX_TRIES} recordings of {self.__name__} differ, so it cannot be replayed: "
                f"{difference(tried[-2], tried[-1])}. What changes from call to call must be in "
                "an array, or an argument"
            )


def _is_array(value: Any) -> bool:
    """Whether an argument is copied in; a parameter is not, it stays where it is."""
    return isinstance(value, np.ndarray) or (isinstance(value, Tensor) and not value.requires_grad)


def _array(value: Any) -> np.ndarray:
    if isinstance(value, Tensor):
        return value.array
    return as_tokens(value) if value.dtype.kind in "iu" else value


def _key(place: Any, value: Any) -> Hashable:
    if isinstance(value, np.ndarray):
        return (place, value.shape, value.dtype.char)
    if _is_array(value):
        return (place, value.backend, value.shape, value.dtype.char)
    if isinstance(value, Tensor) and value.inputs:
        raise CaptureError(
            f"argument {place} was computed and requires a gradient, which a replay cannot carry "
            "back; compute it inside the captured function, or pass it detached"
        )
    return (place, _plain(place, value))


def _plain(place: Any, value: Any) -> Hashable:
    """What distinguishes an argument that is not copied in: its type and value, or itself."""
    if isinstance(value, float) and value != value:
        raise CaptureError(f"argument {place} is NaN, which equals nothing, not even itself")
    if value is None or isinstance(value, int | float | str):
        return (type(value).__name__, repr(value))  # 1, 1.0 and True are not the same
    if isinstance(value, tuple):
        return tuple(_plain(place, part) for part in value)
    if isinstance(value, Module) or (isinstance(value, Tensor) and value.requires_grad):
        return value
    raise CaptureError(
        f"argument {place} is or holds a {type(value).__name__}; a captured function takes arrays, "
        "tensors, models, and numbers, texts, None and tuples of these"
    )


def _fixed(value: Any) -> np.ndarray:
    """The array that stands for an argument in every replay; whole numbers become int32."""
    return np.array(_array(value), order="C")


def _stand_in(value: Any, fixed: np.ndarray) -> Any:
    return value.detached(fixed) if isinstance(value, Tensor) else fixed


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
