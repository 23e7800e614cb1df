"""`Recorder`: a tracer that records one call, its launches and their arrays, in a `Recording`."""

import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.backends.device_array import DeviceArray
from microgpt.backends.device_memory import DeviceDriver
from microgpt.backends.memory import data_ptr, is_array
from microgpt.errors import CaptureError

TEMPORARY, INPUT, EXTERNAL = "temporary", "input", "external"  # the origins of an array
_PACKAGE = str(Path(__file__).parent.parent)
_CAPTURED, _INSIDE = "/captured", "/inside"
_display_names: dict[str, str] = {}


class ArrayRef(NamedTuple):
    """Identifies an array argument of a launch: an array of the recording, and the view of it.

    `origin` is "temporary" (allocated in the call), "input" (an argument of the call) or "external"
    (a parameter, or state that existed before); `number` counts the arrays of one origin.
    `offset` and `strides` are in bytes.
    """

    origin: str
    number: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{self.origin} array {self.number} of shape {self.shape}, {self.dtype}"


class TrackedArray(NamedTuple):
    """A weak reference to an array, so that a recording does not keep it alive, and its ref."""

    array: weakref.ref
    ref: ArrayRef

    @property
    def nbytes(self) -> int:
        return prod(self.ref.shape) * self.ref.dtype.itemsize


@dataclass
class RecordedLaunch:
    """One launch of a recording.

    `refs` describes its arguments, with an `ArrayRef` for each array. `arguments` holds the
    arguments themselves, with None for each temporary array: a replay fills in its own.
    """

    name: str
    call: Callable
    arguments: list
    refs: tuple
    source: str

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of its array arguments."""
        return tuple(ref.shape for ref in self.refs if isinstance(ref, ArrayRef))


class ResultArray(NamedTuple):
    """An array in a result: its ref, the array unless temporary, and the function to wrap it."""

    ref: ArrayRef
    array: np.ndarray | None
    wrap: Callable[[np.ndarray], Any]


@dataclass
class Recording:
    """One recorded call: its launches, the arrays they were given, and the result."""

    inputs: list[np.ndarray]
    launches: list[RecordedLaunch] = field(default_factory=list)
    temporaries: list[TrackedArray] = field(default_factory=list)
    externals: list[weakref.ref] = field(default_factory=list)
    result: Any = None  # with a `ResultArray` for each array
    result_signature: Any = None
    result_refs: list[ArrayRef] = field(default_factory=list)
    driver: DeviceDriver | None = None  # of the arrays, if they are on a device

    def drop_arrays(self) -> None:
        """Drop result and arguments: a recording kept for comparison must not keep arrays alive."""
        self.result = None
        for launch in self.launches:
            launch.arguments = []


class Recorder:
    """A `LaunchTracer` that fills a `Recording`."""

    def __init__(self, inputs: list[np.ndarray]):
        self.recording = Recording(inputs)
        # By id, which identifies an array only while it is alive.
        self._tracked: dict[int, TrackedArray] = {}
        self._externals: list[np.ndarray] = []  # keeps them alive while recording
        self._lasting_refs: dict[int, ArrayRef] = {}  # by id; launches keep these alive
        for number, array in enumerate(inputs):
            self._track(array, INPUT, number)

    def on_alloc(self, array: np.ndarray) -> None:
        """Track an array that the call allocated."""
        temporaries = self.recording.temporaries
        temporaries.append(self._track(array, TEMPORARY, len(temporaries)))

    def _track(self, array: np.ndarray, origin: str, number: int) -> TrackedArray:
        if isinstance(array, DeviceArray):
            self.recording.driver = array.driver
        ref = ArrayRef(origin, number, 0, array.shape, array.strides, array.dtype)
        tracked = self._tracked[id(array)] = TrackedArray(weakref.ref(array), ref)
        return tracked

    def on_host_read(self, operation: str) -> None:
        """Raise CaptureError: a replay could not react to a number that Python read."""
        raise CaptureError(
            f"{operation} inside a captured function at {_source()}: a replay does not run this "
            "line and could not follow its numbers. Do it outside, or pass the numbers as an "
            "argument"
        )

    def on_launch(self, name: str, call: Callable, arguments: tuple) -> None:
        """Record one launch."""
        refs: list[Any] = []
        lasting: list[Any] = []
        for argument in arguments:
            ref = argument
            if is_array(argument):
                ref = self._lasting_refs.get(id(argument)) or self._ref(argument)
                if ref.origin == TEMPORARY:
                    argument = None
                else:
                    self._lasting_refs[id(argument)] = ref
            refs.append(ref)
            lasting.append(argument)
        launch = RecordedLaunch(name, call, lasting, tuple(refs), _source())
        if name.endswith("_") and getattr(refs[0], "origin", "") == INPUT:
            raise CaptureError(
                f"launch {len(self.recording.launches)} {name} ({launch.source}) changes an "
                "argument in place, which the caller would not see; return the result instead"
            )
        self.recording.launches.append(launch)

    def on_return(self, result: Any) -> None:
        """Record the result of the call; it is compared like the launches."""
        self.recording.result = map_result(result, self._result_array)
        self.recording.result_signature = _signature(self.recording.result)

    def _result_array(self, result: Any) -> Any:
        if isinstance(result, Tensor):
            array = result.array
            wrap: Callable = result.from_array(np.empty(0, result.dtype)).from_array  # no graph
        elif is_array(result):
            array, wrap = result, lambda array: array
        else:
            return result
        ref = self._ref(array)
        self.recording.result_refs.append(ref)
        return ResultArray(ref, None if ref.origin == TEMPORARY else array, wrap)

    def _ref(self, array: np.ndarray) -> ArrayRef:
        owner = array
        while is_array(owner.base):
            owner = owner.base
        tracked = self._tracked.get(id(owner))
        if tracked is None or tracked.array() is not owner:
            tracked = self._track(owner, EXTERNAL, len(self.recording.externals))
            self.recording.externals.append(tracked.array)
            self._externals.append(owner)
        ref = tracked.ref
        if owner is array and ref.shape == array.shape:
            return ref
        is_full = array.nbytes == owner.nbytes and array.flags.c_contiguous
        offset = 0 if is_full else data_ptr(array) - data_ptr(owner)
        return ArrayRef(ref.origin, ref.number, offset, array.shape, array.strides, array.dtype)


def is_temporary(ref: Any) -> bool:
    """Whether `ref` is that of an array allocated in the call."""
    return isinstance(ref, ArrayRef) and ref.origin == TEMPORARY


def map_result(result: Any, change: Callable[[Any], Any]) -> Any:
    """Apply `change` to each leaf of nested tuples, lists and dictionaries; keep their types."""
    if not isinstance(result, tuple | list | dict) or isinstance(result, ResultArray):
        return change(result)
    if isinstance(result, dict):
        return {name: map_result(part, change) for name, part in result.items()}
    parts = [map_result(part, change) for part in result]
    is_named = hasattr(result, "_fields")  # a named tuple
    return type(result)(*parts) if is_named else type(result)(parts)


def _signature(result: Any) -> Any:
    """Return the types, refs and plain values of a result, to compare two recordings by."""
    if isinstance(result, ResultArray):
        return result.ref
    if isinstance(result, tuple | list):
        return [type(result).__name__, *map(_signature, result)]
    if isinstance(result, dict):
        return {name: _signature(part) for name, part in result.items()}
    return (type(result).__name__, result)


def _source() -> str:
    """Return file:line that led to a launch: outside this package, or in the captured function."""
    frame: FrameType | None = sys._getframe(2)
    inner = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        name = _display_names.get(filename) or _display_name(filename)
        if name == _CAPTURED:
            return f"{Path(inner.f_code.co_filename).name}:{inner.f_lineno}"
        if name != _INSIDE:
            return f"{name}:{frame.f_lineno}"
        inner, frame = frame, frame.f_back
    return f"{Path(inner.f_code.co_filename).name}:{inner.f_lineno}"


def _display_name(filename: str) -> str:
    """Return a file's name for lists of launches; a marker for files of this package."""
    path = Path(filename)
    if filename.startswith(_PACKAGE):
        name = _CAPTURED if path.name == "captured.py" else _INSIDE
    else:
        name = "cell" if path.parent.name.startswith("ipykernel_") else path.name
    return _display_names.setdefault(filename, name)
