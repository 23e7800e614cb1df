"""What one call launched, on which arrays: the recording, and the tap that writes it."""

import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from microgpt.errors import CaptureError

_PACKAGE = str(Path(__file__).parent.parent)


@dataclass(frozen=True)
class Role:
    """Which array an argument of a launch is: born in the call, an argument of it, or older."""

    kind: str
    identity: int
    offset: int
    shape: tuple[int, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.kind} array {self.identity} of shape {self.shape}, {self.dtype}"


@dataclass
class Launch:
    """One line of a recording."""

    name: str
    call: Callable
    arguments: tuple
    described: tuple
    line: str


@dataclass
class Recording:
    """What one call launched, on which arrays, and what it returned."""

    inputs: list[np.ndarray]
    launches: list[Launch] = field(default_factory=list)
    older: list[weakref.ref] = field(default_factory=list)
    result: Any = None
    described_result: Any = None

    def replay(self) -> None:
        for launch in self.launches:
            launch.call(*launch.arguments)


class Recorder:
    """The tap that writes a recording."""

    def __init__(self, inputs: list[np.ndarray]):
        self.recording = Recording(inputs)
        self._roles = {id(array): ("argument", place) for place, array in enumerate(inputs)}
        self._kept = list(inputs)  # arrays stay alive, so that an id means one array
        self._births = 0

    def born(self, array: np.ndarray) -> None:
        self._roles[id(array)] = ("new", self._births)
        self._kept.append(array)
        self._births += 1

    def read(self, what: str) -> None:
        raise CaptureError(
            f"{what} inside a captured function at {_caller()}: a replay does not run this line "
            "and could not follow its numbers. Do it outside, or pass the numbers as an argument"
        )

    def launched(self, name: str, call: Callable, arguments: tuple) -> None:
        """Write one launch down."""
        described = tuple(self._describe(a) if isinstance(a, np.ndarray) else a for a in arguments)
        launch = Launch(name, call, arguments, described, _caller())
        if name.endswith("_") and getattr(described[0], "kind", "") == "argument":
            raise CaptureError(
                f"launch {len(self.recording.launches)} {name} ({launch.line}) changes an argument "
                "in place, which the caller would not see; return the result instead"
            )
        self.recording.launches.append(launch)

    def returned(self, result: Any) -> None:
        """Describe what the call returned, which is compared like a launch."""
        self.recording.result = result
        self.recording.described_result = self._described(result)

    def _described(self, result: Any) -> Any:
        array = getattr(result, "array", result)
        if isinstance(array, np.ndarray):
            return self._describe(array)
        if isinstance(result, tuple | list):
            return [type(result).__name__, *(self._described(part) for part in result)]
        if isinstance(result, dict):
            return {name: self._described(part) for name, part in result.items()}
        return (type(result).__name__, result)

    def _describe(self, array: np.ndarray) -> Role:
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        role = self._roles.get(id(owner))
        if role is None:
            role = ("older", len(self.recording.older))
            self.recording.older.append(weakref.ref(owner))
            self._roles[id(owner)] = role
            self._kept.append(owner)
        offset = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        return Role(*role, offset, array.shape, str(array.dtype))


def difference(first: Recording, second: Recording) -> str | None:
    """The first launch in which two recordings differ, in words; None if they are equal."""
    for number, (old, new) in enumerate(zip(first.launches, second.launches, strict=False)):
        where = f"launch {number} {new.name}"
        if old.name != new.name:
            return f"launch {number}: recorded {old.name}, this time {new.name} ({new.line})"
        if len(old.described) != len(new.described):
            return f"{where}: another number of arguments ({new.line})"
        for before, now in zip(old.described, new.described, strict=True):
            if before != now or type(before) is not type(now):
                return f"{where}: recorded {before}, this time {now} ({new.line})"
            if is_older(now) and (
                first.older[before.identity]() is not second.older[now.identity]()
            ):
                return f"{where}: another array of shape {now.shape} each time ({new.line})"
    if len(first.launches) != len(second.launches):
        return f"recorded {len(first.launches)} launches, this time {len(second.launches)}"
    if first.described_result != second.described_result:
        return f"it returned {first.described_result}, this time {second.described_result}"
    for before, now in zip(first.older, second.older, strict=True):
        if before() is not now():
            return "it returned another array each time"
    return None


def is_older(described: Any) -> bool:
    return isinstance(described, Role) and described.kind == "older"


def _caller() -> str:
    """The file and line, outside this package if possible, that led to a launch."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
