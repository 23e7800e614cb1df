"""Launching threads: `kernel[grid, block](*arguments)`, as CUDA code is written in Python."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from microgpt import interpreter
from microgpt.backends.device_array import DeviceArray
from microgpt.backends.device_memory import DeviceDriver
from microgpt.backends.memory import is_array, poison
from microgpt.errors import DeviceError

BLOCK = 256  # threads of a block, unless a kernel needs another number
WARP = 32
REGISTERS = 64  # of a thread, unless a kernel needs more
MAX_BLOCKS = 4096  # with a stride loop, more would only wait for each other
order: str | int = "forwards"  # in which the interpreter runs threads; no kernel may depend on it


def compute_capability(array: Any) -> tuple[int, int]:
    """Which instructions there are for kernels on `array`; the interpreter has twins for all."""
    return getattr(array, "driver", DeviceDriver).cc


def cover(count: int, per_block: int = BLOCK) -> int:
    """Return how many blocks cover so many elements or rows, at most MAX_BLOCKS."""
    return min(-(-count // per_block), MAX_BLOCKS)


def scratch(shape: Sequence[int], like: Any, dtype: Any = None) -> Any:
    """Memory beside the array `like`, for what one launch leaves to the next; it holds anything."""
    dtype = np.dtype(like.dtype if dtype is None else dtype)
    if isinstance(like, DeviceArray):
        return DeviceArray.allocate(like.driver, shape, dtype)
    array = np.empty(tuple(shape), dtype)
    poison(array)  # NaN, which no result may show
    return array


class ThreadKernel:
    """A function that all threads run. A grid without blocks launches nothing.

    `registers` is how many a compiler may give each thread.
    """

    def __init__(self, function: Callable[..., None], registers: int = REGISTERS):
        self.function, self.registers = function, registers
        self.__doc__, self.__name__ = function.__doc__, function.__name__

    def __getitem__(self, sizes: tuple[Any, Any]) -> Callable[..., None]:
        grid, block = sizes

        def launch(*arguments: Any) -> None:
            if 0 in np.atleast_1d(grid):
                return
            driver = _driver_of(self, arguments)
            if driver is not None:
                driver.launch(self, grid, block, arguments)
                return
            report = interpreter.run(self.function, grid, block, *arguments, order=order)
            report.raise_if_wrong()

        return launch


def _driver_of(kernel: ThreadKernel, arguments: tuple) -> Any:
    """The one driver of all arrays, None if they are NumPy's; raise if they are in two memories."""
    arrays = {index: one for index, one in enumerate(arguments) if is_array(one)}
    drivers = {index: getattr(array, "driver", None) for index, array in arrays.items()}
    if len(set(map(id, drivers.values()))) > 1:
        names = list(inspect.signature(kernel.function).parameters)
        where = ", ".join(
            f"{names[index]} {'on the host' if driver is None else f'on {driver.name}'}"
            for index, driver in drivers.items()
        )
        raise DeviceError(
            f"a launch takes arrays of one memory; {kernel.__name__} got {where}; "
            "copy them with `backend.from_host`, or call .to() on the tensors"
        )
    return next(iter(drivers.values()), None)


def threads(function: Callable[..., None] | None = None, *, registers: int = REGISTERS) -> Any:
    """`@threads`: the function below is what every thread runs.

    `@threads(registers=128)` caps the registers of a thread: the more each has, the fewer threads
    a multiprocessor runs at a time.
    """
    if function is None:
        return functools.partial(ThreadKernel, registers=registers)
    return ThreadKernel(function, registers)


def device(function: Callable) -> Callable:
    """`@device`: a function that threads call."""
    return function
