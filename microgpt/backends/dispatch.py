"""`Backend.launch`: operations and optimisers call their kernels through it, by name.

A launch looks the kernel up by name and lets it select its variant by the sizes of its arguments:
on Numba `Kernel.select_variant` (`numba_cpu/jit/kernel.py`), on one thread or on all; for attention
first `KernelLadder.select_kernel` (`numba_cpu/attention/__init__.py`). It tells the active tracer,
if there is one (`Recorder.on_launch`, `recording/recorder.py`), and calls the variant. A replay
(`recording/replay.py`) calls the recorded variants again and selects none; the scalar tape
(`autograd/value_tape.py`) calls its own kernels itself. Which kernel a layer of attention launches,
plain, with dropout or over a cache, is decided in `nn/attention.py`.
"""

import os
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from microgpt.backends.locking import LOCK
from microgpt.backends.memory import (
    CACHE_LINE,
    from_cache_line,
    is_array,
    poison,
    zeros_from_cache_line,
)
from microgpt.backends.tracing import active_tracer, current_tracer
from microgpt.errors import DtypeError, ShapeError

UPLOAD = "upload"  # the launch that copies an array of the host to a device


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

    alignment = CACHE_LINE  # of temporary arrays in an arena, in bytes
    reading_waits = False  # whether the host waits for a device to read numbers

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
        type(self).launch(self, name, *args)

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
        if current_tracer() is None:
            return zeros_from_cache_line(count, dtype)
        array = from_cache_line(self.empty(count + CACHE_LINE // dtype.itemsize, dtype), count)
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

    def from_host(self, numbers: np.ndarray) -> Any:
        """Return C-contiguous numbers as an array of this back end: here, the very same array."""
        return numbers

    def constant(self, numbers: np.ndarray) -> Any:
        """Like `from_host`, for an array that never changes and lives as long as the process."""
        return numbers

    def to_host_together(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """Return several arrays of this back end as NumPy's, with one wait for all of them."""
        return list(arrays)

    def holds(self, array: Any) -> bool:
        """Whether an array is in this back end's memory."""
        return isinstance(array, np.ndarray)

    def readable(self, array: Any) -> Any:
        """Return an array that can be copied into one of this back end: itself, or downloaded."""
        return array if isinstance(array, np.ndarray) else array.numpy()

    def arena(self, nbytes: int) -> Any:
        """Return an array of bytes, for the temporary arrays of recordings."""
        return from_cache_line(np.empty(nbytes + CACHE_LINE, np.uint8), nbytes)

    def lower(self, calls: Sequence[tuple[Callable[..., None], tuple]]) -> LaunchTable:
        """Launches lowered to a table that runs without Python, as far as this back end can."""
        return LaunchTable([0] * len(calls), lambda data_ptr, count: 0, None)


_NUMBERS = ("float32", "float64", "int32", "int64", "bool")
_CODES = ("int8", "uint16")  # of quantized weights
_DTYPES = {np.dtype(name) for name in (*_NUMBERS, *_CODES)}


def check_arguments(name: str, args: tuple) -> None:
    """The contract of a launch: C-contiguous arrays of seven types, the first one writable.

    Any other layout or dtype would silently compile the kernel again.
    """
    for index, arg in enumerate(args):
        if is_array(arg):
            if arg.dtype not in _DTYPES:
                raise DtypeError(f"{name}: argument {index} has dtype {arg.dtype}")
            if not arg.flags.c_contiguous:
                raise ShapeError(f"{name}: argument {index} is not C-contiguous")
            if index == 0 and not (arg.flags.writeable or name.startswith("check_")):
                raise ShapeError(f"{name}: argument 0 is an output and cannot be written")
        elif not isinstance(arg, int | float):
            raise DtypeError(f"{name}: argument {index} is a {type(arg).__name__}")
