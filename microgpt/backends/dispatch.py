"""`Backend.launch`, the narrow waist: every kernel of every back end is called from here."""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from microgpt.errors import DtypeError, ShapeError

# Held for one launch, for a whole recording and for a whole replay: parallel kernels must not be
# entered by two Python threads at once (Numba's workqueue layer ends the process).
LOCK = threading.RLock()


CACHE_LINE = 64  # bytes


class LaunchTracer(Protocol):
    """Something that watches launches and the birth of arrays in one thread."""

    def on_launch(self, name: str, call: Callable[..., None], arguments: tuple) -> None: ...

    def on_alloc(self, array: np.ndarray) -> None: ...

    def on_host_read(self, what: str) -> None: ...


class _ActiveTracer:
    """The tap in force, if any, and the thread it listens to."""

    tracer: LaunchTracer | None = None
    thread: int = 0


active_tracer = _ActiveTracer()


@contextmanager
def tracing(tracer: LaunchTracer) -> Iterator[LaunchTracer]:
    """`with tapped(tap):` reports to `tracer` what this thread launches; other threads wait."""
    with LOCK:
        previous = active_tracer.tracer, active_tracer.thread
        try:
            active_tracer.tracer, active_tracer.thread = tracer, threading.get_ident()
            yield tracer
        finally:
            active_tracer.tracer, active_tracer.thread = previous


def current_tracer() -> LaunchTracer | None:
    """The tap that listens to the calling thread."""
    return active_tracer.tracer if active_tracer.thread == threading.get_ident() else None


def check_host_read(what: str) -> None:
    """Tell a recording, if there is one, that Python looks at numbers."""
    tracer = current_tracer()
    if tracer is not None:
        tracer.on_host_read(what)


class Kernel(Protocol):
    """A kernel: for given arguments it picks the function that does the work."""

    def select_variant(self, arguments: tuple) -> Callable[..., None]: ...


class PythonKernel:
    """A kernel that is one Python function."""

    def __init__(self, function: Callable[..., None]):
        self.function = function

    def select_variant(self, arguments: tuple) -> Callable[..., None]:
        return self.function


class LaunchTable(NamedTuple):
    """Calls of kernels that are made without Python.

    `rows` holds the address of each call's row, 0 for one that only Python can make.
    `run(address, count)` makes so many calls, which stand one after the other in `memory`, and
    gives how many it made before one refused.
    """

    rows: list[int]
    run: Callable[[int, int], int]
    memory: Any


@cache
def _empty_optional(ndim: int, dtype: np.dtype) -> np.ndarray:
    return np.empty((0,) * ndim, dtype)


class Backend:
    """One way to run the kernels: its name, its kernels, and the memory they work on."""

    def __init__(self, name: str, kernels: dict[str, Kernel]):
        self.name = name
        self.kernels = kernels
        self.poison = os.environ.get("MICROGPT_POISON", "") not in ("", "0")
        if os.environ.get("MICROGPT_DEBUG", "") not in ("", "0"):
            self.launch = self._checked_launch  # type: ignore[method-assign]

    def __repr__(self) -> str:
        return f"<back end {self.name!r}: {len(self.kernels)} kernels>"

    def __deepcopy__(self, memo: dict) -> "Backend":
        return self

    def launch(self, name: str, *arguments: Any) -> None:
        """Run the kernel `name`: outputs first, then inputs, then scalars."""
        with LOCK:  # not acquire and release: an interrupt in between would keep it for ever
            call = self.kernels[name].select_variant(arguments)
            if active_tracer.tracer is not None:  # whoever holds the lock is the thread that set it
                active_tracer.tracer.on_launch(name, call, arguments)
            call(*arguments)

    def _checked_launch(self, name: str, *arguments: Any) -> None:
        check_arguments(name, arguments)
        Backend.launch(self, name, *arguments)

    def empty(self, shape: Any, dtype: Any) -> np.ndarray:
        """Memory for a kernel to write; all arrays of the engine are born here."""
        array = np.empty(shape, dtype)
        if self.poison:
            poison(array)
        if active_tracer.tracer is not None and active_tracer.thread == threading.get_ident():
            active_tracer.tracer.on_alloc(array)
        return array

    def zeros_aligned(self, count: int, dtype: Any) -> np.ndarray:
        """A flat array of zeros that stays, from the start of a cache line on.

        Vector loops over memory that begins elsewhere touch two lines with each step: at microgpt's
        size, Adam then takes twice as long.
        """
        dtype = np.dtype(dtype)
        room = count + CACHE_LINE // dtype.itemsize
        if current_tracer() is None:
            # Zeros of the system cost nothing until they are written: a model that only generates
            # never pays for its gradients.
            return _aligned(np.zeros(room, dtype), count)
        array = _aligned(self.empty(room, dtype), count)
        self.launch("fill_", array, 0.0)
        return array

    def empty_optional(self, ndim: int, dtype: Any) -> np.ndarray:
        """What stands for an optional array that is not given: always the same, of no elements."""
        return _empty_optional(ndim, np.dtype(dtype))

    def full(self, shape: Any, dtype: Any, number: float = 0.0) -> np.ndarray:
        """An array with the same number everywhere."""
        array = self.empty(shape, dtype)
        self.launch("fill_", array.reshape(-1), number)
        return array

    def lower(self, calls: Sequence[tuple[Callable[..., None], tuple]]) -> LaunchTable:
        """Calls of kernels, as far as possible in a table that runs without Python."""
        return LaunchTable([0] * len(calls), lambda data_ptr, count: 0, None)


def _aligned(room: np.ndarray, count: int) -> np.ndarray:
    start = -data_ptr(room) % CACHE_LINE // room.itemsize
    return room[start : start + count]


def data_ptr(array: np.ndarray) -> int:
    """Where an array's numbers are in memory."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # read-only, empty or not contiguous; this takes 1 µs
        return array.__array_interface__["data"][0]


def poison(array: np.ndarray) -> None:
    """Fill new memory with what no result may depend on."""
    array.fill(np.nan if array.dtype.kind == "f" else -(2**31) + 1)


_DTYPES = {np.dtype(name) for name in ("float32", "float64", "int32", "int64")}


def check_arguments(name: str, arguments: tuple) -> None:
    """The contract of a launch: C-contiguous arrays of four types, the first one writable.

    Each other layout or type would compile the kernel again, silently.
    """
    for place, argument in enumerate(arguments):
        if isinstance(argument, np.ndarray):
            if argument.dtype not in _DTYPES:
                raise DtypeError(f"{name}: argument {place} has dtype {argument.dtype}")
            if not argument.flags.c_contiguous:
                raise ShapeError(f"{name}: argument {place} is not C-contiguous")
            if place == 0 and not (argument.flags.writeable or name.startswith("check_")):
                raise ShapeError(f"{name}: argument 0 is an output and cannot be written")
        elif not isinstance(argument, int | float):
            raise DtypeError(f"{name}: argument {place} is a {type(argument).__name__}")
