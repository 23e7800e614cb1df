"""What one call launches, on which arrays: the recording, and the tap that writes it."""

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
from microgpt.backends.dispatch import data_ptr
from microgpt.errors import CaptureError

_PACKAGE = str(Path(__file__).parent.parent)
_CAPTURED, _INSIDE = "/captured", "/inside"
_places: dict[str, str] = {}


class ArrayRef(NamedTuple):
    """Which array an argument of a launch is: born in the call, an argument of it, or older."""

    kind: str
    identity: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{self.kind} array {self.identity} of shape {self.shape}, {self.dtype}"


class Known(NamedTuple):
    """An array and its role; held weakly, so that recording needs no memory of its own."""

    array: weakref.ref
    role: ArrayRef

    @property
    def nbytes(self) -> int:
        return prod(self.role.shape) * self.role.dtype.itemsize


@dataclass
class Line:
    """One launch of a recording.

    `arguments` holds what is there before the call and after it; an array that was born in the
    call is only described.
    """

    name: str
    call: Callable
    arguments: list
    described: tuple
    source: str

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of its arrays."""
        return tuple(what.shape for what in self.described if isinstance(what, ArrayRef))


class Part(NamedTuple):
    """An array in a result: where it lives, and what to make of it."""

    role: ArrayRef
    array: np.ndarray | None
    make: Callable[[np.ndarray], Any]


@dataclass
class Recording:
    """What one call launched, on which arrays, and what it returned."""

    inputs: list[np.ndarray]
    lines: list[Line] = field(default_factory=list)
    births: list[Known] = field(default_factory=list)
    older: list[weakref.ref] = field(default_factory=list)
    result: Any = None  # with a `Part` for each array
    described_result: Any = None
    returned: list[ArrayRef] = field(default_factory=list)

    def release_pages(self) -> None:
        """Keep the description only: what is compared must not keep arrays alive."""
        self.result = None
        for line in self.lines:
            line.arguments = []


class Recorder:
    """The tap that writes a recording."""

    def __init__(self, inputs: list[np.ndarray]):
        self.recording = Recording(inputs)
        # An id means one array only while that array lives.
        self._known: dict[int, Known] = {}
        self._kept: list[np.ndarray] = []
        self._lasting: dict[int, ArrayRef] = {}  # of arguments that a line keeps
        for place, array in enumerate(inputs):
            self._meet(array, "argument", place)

    def on_alloc(self, array: np.ndarray) -> None:
        births = self.recording.births
        births.append(self._meet(array, "new", len(births)))

    def _meet(self, array: np.ndarray, kind: str, identity: int) -> Known:
        role = ArrayRef(kind, identity, 0, array.shape, array.strides, array.dtype)
        known = self._known[id(array)] = Known(weakref.ref(array), role)
        return known

    def on_host_read(self, what: str) -> None:
        raise CaptureError(
            f"{what} inside a captured function at {_source()}: a replay does not run this line "
            "and could not follow its numbers. Do it outside, or pass the numbers as an argument"
        )

    def on_launch(self, name: str, call: Callable, arguments: tuple) -> None:
        """Write one launch down."""
        roles: list[Any] = []
        kept: list[Any] = []
        for argument in arguments:
            role = argument
            if isinstance(argument, np.ndarray):
                role = self._lasting.get(id(argument)) or self._describe(argument)
                if role.kind == "new":
                    argument = None
                else:
                    self._lasting[id(argument)] = role
            roles.append(role)
            kept.append(argument)
        line = Line(name, call, kept, tuple(roles), _source())
        if name.endswith("_") and getattr(roles[0], "kind", "") == "argument":
            raise CaptureError(
                f"launch {len(self.recording.lines)} {name} ({line.source}) changes an argument "
                "in place, which the caller would not see; return the result instead"
            )
        self.recording.lines.append(line)

    def returned(self, result: Any) -> None:
        """Describe what the call returned, which is compared like a launch."""
        self.recording.result = mapped(result, self._part)
        self.recording.described_result = _described(self.recording.result)

    def _part(self, result: Any) -> Any:
        if isinstance(result, Tensor):
            array = result.array
            make: Callable = result.detached(np.empty(0, result.dtype)).detached  # no history
        elif isinstance(result, np.ndarray):
            array, make = result, np.asarray
        else:
            return result
        role = self._describe(array)
        self.recording.returned.append(role)
        return Part(role, None if role.kind == "new" else array, make)

    def _describe(self, array: np.ndarray) -> ArrayRef:
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        known = self._known.get(id(owner))
        if known is None or known.array() is not owner:
            known = self._meet(owner, "older", len(self.recording.older))
            self.recording.older.append(known.array)
            self._kept.append(owner)
        role = known.role
        if owner is array and role.shape == array.shape:
            return role
        whole = array.nbytes == owner.nbytes and array.flags.c_contiguous
        offset = 0 if whole else data_ptr(array) - data_ptr(owner)
        return ArrayRef(role.kind, role.identity, offset, array.shape, array.strides, array.dtype)


def is_new(what: Any) -> bool:
    """Whether an argument of a launch is described as an array that was born in the call."""
    return isinstance(what, ArrayRef) and what.kind == "new"


def mapped(result: Any, change: Callable[[Any], Any]) -> Any:
    """A result with each part changed; tuples, lists and dictionaries stay what they are."""
    if isinstance(result, Part):
        return change(result)
    if isinstance(result, dict):
        return {name: mapped(part, change) for name, part in result.items()}
    if isinstance(result, tuple) and hasattr(result, "_fields"):  # a named tuple
        return type(result)(*(mapped(part, change) for part in result))
    if isinstance(result, tuple | list):
        return type(result)(mapped(part, change) for part in result)
    return change(result)


def _described(result: Any) -> Any:
    """What is compared of a result: kinds, roles and plain values."""
    if isinstance(result, Part):
        return result.role
    if isinstance(result, tuple | list):
        return [type(result).__name__, *map(_described, result)]
    if isinstance(result, dict):
        return {name: _described(part) for name, part in result.items()}
    return (type(result).__name__, result)


def _source() -> str:
    """The file and line that led to a launch: outside this package, or of the captured function."""
    frame: FrameType | None = sys._getframe(2)
    inner = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        name = _places.get(filename) or _place(filename)
        if name == _CAPTURED:
            return f"{Path(inner.f_code.co_filename).name}:{inner.f_lineno}"
        if name != _INSIDE:
            return f"{name}:{frame.f_lineno}"
        inner, frame = frame, frame.f_back
    return f"{Path(inner.f_code.co_filename).name}:{inner.f_lineno}"


def _place(filename: str) -> str:
    """What a file is called in a list of launches; files of this package are told apart."""
    path = Path(filename)
    if filename.startswith(_PACKAGE):
        name = _CAPTURED if path.name == "captured.py" else _INSIDE
    else:
        name = "cell" if path.parent.name.startswith("ipykernel_") else path.name
    return _places.setdefault(filename, name)
