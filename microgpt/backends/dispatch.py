"""`Backend.launch`: operations and optimisers call their kernels through it, by name.

A launch looks the kernel up by name and lets it select its variant by the sizes of its arguments:
on Numba `Kernel.select_variant` (`numba_cpu/jit/kernel.py`), serial or parallel; for attention
first `KernelLadder.select_kernel` (`numba_cpu/attention/__init__.py`). It tells the active tracer,
if there is one (`Recorder.on_launch`, `recording/recorder.py`), and calls the variant. A replay
(`recording/replay.py`) calls the recorded variants again and selects none; the scalar tape
(`autograd/value_tape.py`) calls its own kernels itself. Which kernel a layer of attention launches,
plain, with dropout or over a cache, is decided in `nn/attention.py`.
"""

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

# A forked child has the thread that forked and none of the others: a lock that one of these held
# would never be free in it. So the thread that forks takes all of them, always in this order.
_fork_locks: list[Any] = [LOCK]
is_forked = False  # whether this process is such a child


def hold_over_fork(lock: Any) -> None:
    """Hold a re-entrant lock over every `os.fork`; where both are taken, it is taken after LOCK."""
    _fork_locks.append(lock)


def _acquire_fork_locks() -> None:
    for lock in _fork_locks:
        lock.acquire()


def _release_fork_locks() -> None:
    for lock in reversed(_fork_locks):
        lock.release()


def _begin_child() -> None:
    global is_forked
    is_forked = True
    _release_fork_locks()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_acquire_fork_locks,
        after_in_parent=_release_fork_locks,
        after_in_child=_begin_child,
    )

CACHE_LINE = 64  # bytes


class LaunchTracer(Protocol):
    """Is told of every launch, allocation and read of results by Python, in one thread."""

    def on_launch(self, name: str, call: Callable[..., None], args: tuple) -> None: ...

    def on_alloc(self, array: np.ndarray) -> None: ...

    def on_host_read(self, what: str) -> None: ...


class _ActiveTracer:
    """The tracer in use, if any, and the thread it traces."""

    tracer: LaunchTracer | None = None
    thread: int = 0


active_tracer = _ActiveTracer()


@contextmanager
def tracing(tracer: LaunchTracer) -> Iterator[LaunchTracer]:
    """`with tracing(tracer):` reports the launches of this thread; other threads wait."""
    with LOCK:
        previous = active_tracer.tracer, active_tracer.thread
        try:
            active_tracer.tracer, active_tracer.thread = tracer, threading.get_ident()
            yield tracer
        finally:
            active_tracer.tracer, active_tracer.thread = previous


def current_tracer() -> LaunchTracer | None:
    """The tracer of the calling thread, or None."""
    return active_tracer.tracer if active_tracer.thread == threading.get_ident() else None


def check_host_read(what: str) -> None:
    """Tell the active tracer that Python reads results, which no recording can replay."""
    tracer = current_tracer()
    if tracer is not None:
        tracer.on_host_read(what)


class AnyKernel(Protocol):
    """A kernel by name: selects the compiled function for given arguments."""

    def select_variant(self, args: tuple) -> Callable[..., None]: ...


class PythonKernel:
    """A kernel that is one Python function."""

    def __init__(self, function: Callable[..., None]):
        self.function = function

    def select_variant(self, args: tuple) -> Callable[..., None]:
        return self.function


class LaunchTable(NamedTuple):
    """Launches in a table that compiled code runs, without Python in between.

    `rows` holds the address of each launch's row in `memory`, 0 for one that only Python can make.
    `run(address, count)` makes `count` launches from that row on, and returns how many succeeded.
    """

    rows: list[int]
    run: Callable[[int, int], int]
    memory: Any


@cache
def _empty_optional(ndim: int, dtype: np.dtype) -> np.ndarray:
    return np.empty((0,) * ndim, dtype)


class Backend:
    """One implementation of all kernels: its name, its kernels by name, and its memory."""

    def __init__(self, name: str, kernels: dict[str, AnyKernel]):
        self.name = name
        self.kernels = kernels
        self.poison = os.environ.get("MICROGPT_POISON", "") not in ("", "0")
        if os.environ.get("MICROGPT_DEBUG", "") not in ("", "0"):
            self.launch = self._checked_launch  # type: ignore[method-assign]

    def __repr__(self) -> str:
        return f"<back end {self.name!r}: {len(self.kernels)} kernels>"

    def __deepcopy__(self, memo: dict) -> "Backend":
        return self

    def __reduce__(self) -> tuple:
        from microgpt import backends

        return backends.get, (self.name,)

    def launch(self, name: str, *args: Any) -> None:
        """Run the kernel `name`: outputs first, then inputs, then scalars."""
        with LOCK:  # not acquire and release: an interrupt in between would keep it for ever
            call = self.kernels[name].select_variant(args)
            if active_tracer.tracer is not None:  # whoever holds the lock is the thread that set it
                active_tracer.tracer.on_launch(name, call, args)
            call(*args)

    def _checked_launch(self, name: str, *args: Any) -> None:
        check_arguments(name, args)
        Backend.launch(self, name, *args)

    def empty(self, shape: Any, dtype: Any) -> np.ndarray:
        """Uninitialised memory; all arrays of the engine are allocated here."""
        array = np.empty(shape, dtype)
        if self.poison:
            poison(array)
        if active_tracer.tracer is not None and active_tracer.thread == threading.get_ident():
            active_tracer.tracer.on_alloc(array)
        return array

    def zeros_aligned(self, count: int, dtype: Any) -> np.ndarray:
        """A flat array of zeros that begins at a cache line, for parameters and optimiser state.

        Vector loops over an array that starts inside a cache line touch two lines at each step: at
        microgpt's size, Adam then takes twice as long.
        """
        dtype = np.dtype(dtype)
        padded = count + CACHE_LINE // dtype.itemsize
        if current_tracer() is None:
            # The system's zero pages cost no memory until they are written: a model that only
            # generates never pays for its gradients.
            return _from_cache_line(np.zeros(padded, dtype), count)
        array = _from_cache_line(self.empty(padded, dtype), count)
        self.launch("fill_", array, 0.0)
        return array

    def empty_optional(self, ndim: int, dtype: Any) -> np.ndarray:
        """The placeholder for an optional array that is absent: a shared array of no elements."""
        return _empty_optional(ndim, np.dtype(dtype))

    def full(self, shape: Any, dtype: Any, number: float = 0.0) -> np.ndarray:
        """An array with the same number everywhere."""
        array = self.empty(shape, dtype)
        self.launch("fill_", array.reshape(-1), number)
        return array

    def lower(self, calls: Sequence[tuple[Callable[..., None], tuple]]) -> LaunchTable:
        """Launches lowered to a table that runs without Python, as far as this back end can."""
        return LaunchTable([0] * len(calls), lambda data_ptr, count: 0, None)


def _from_cache_line(padded: np.ndarray, count: int) -> np.ndarray:
    start = -data_ptr(padded) % CACHE_LINE // padded.itemsize
    return padded[start : start + count]


def data_ptr(array: np.ndarray) -> int:
    """The address of an array's first element."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # read-only, empty or not contiguous; this takes 1 µs
        return array.__array_interface__["data"][0]


def poison(array: np.ndarray) -> None:
    """Fill new memory with NaN (or a large negative integer), which no result may depend on."""
    array.fill(np.nan if array.dtype.kind == "f" else -(2**31) + 1)


_DTYPES = {np.dtype(name) for name in ("float32", "float64", "int32", "int64", "bool")}


def check_arguments(name: str, args: tuple) -> None:
    """The contract of a launch: C-contiguous arrays of five types, the first one writable.

    Any other layout or dtype would silently compile the kernel again.
    """
    for index, arg in enumerate(args):
        if isinstance(arg, np.ndarray):
            if arg.dtype not in _DTYPES:
                raise DtypeError(f"{name}: argument {index} has dtype {arg.dtype}")
            if not arg.flags.c_contiguous:
                raise ShapeError(f"{name}: argument {index} is not C-contiguous")
            if index == 0 and not (arg.flags.writeable or name.startswith("check_")):
                raise ShapeError(f"{name}: argument 0 is an output and cannot be written")
        elif not isinstance(arg, int | float):
            raise DtypeError(f"{name}: argument {index} is a {type(arg).__name__}")
