"""`EmulatedDriver`: a device that is none: its memory is the host's, its threads the interpreter's.

Everything above a driver runs on it to the last line without a GPU. Its memory is hidden from
NumPy, and holds NaN when it is new.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from microgpt import interpreter
from microgpt.backends.device_array import DeviceArray
from microgpt.backends.device_memory import DeviceDriver
from microgpt.backends.memory import data_ptr
from microgpt.backends.numba_cuda import _launch


class EmulatedDriver(DeviceDriver):
    """Runs kernels on the interpreter; slow, everywhere. `launches` counts them."""

    name = "the emulated device"

    def __init__(self) -> None:
        super().__init__()
        self._memory: dict[int, np.ndarray] = {}  # by address
        self._graph: list[tuple] | None = None  # of a graph that is being captured
        self.launches = 0

    def take(self, nbytes: int) -> tuple[int, int]:
        address, size = super().take(nbytes)
        self._memory[address].fill(0xFF)
        return address, size

    def alloc(self, nbytes: int) -> int:
        try:
            memory = np.empty(nbytes, np.uint8)
        except (MemoryError, ValueError):  # NumPy's for sizes that no machine has
            raise self.out_of_memory(nbytes) from None
        address = data_ptr(memory)
        self._memory[address] = memory
        return address

    def free(self, address: int) -> None:
        del self._memory[address]

    def _view(self, array: DeviceArray) -> np.ndarray:
        """View the host's memory that stands for the device's."""
        if not array.size:
            return np.empty(array.shape, array.dtype)
        start, offset = array.allocation.address, array.offset
        return np.ndarray(array.shape, array.dtype, self._memory[start], offset)

    def copy_in(self, array: DeviceArray, numbers: np.ndarray) -> None:
        self._view(array)[...] = numbers

    def copy_out(self, numbers: np.ndarray, array: DeviceArray) -> None:
        numbers[...] = self._view(array)

    def copy(self, destination: DeviceArray, source: DeviceArray) -> None:
        self._view(destination)[...] = self._view(source)

    def fill(self, array: DeviceArray, byte: int) -> None:
        self._view(array).reshape(-1).view(np.uint8).fill(byte)

    def launch(self, kernel: Any, grid: Any, block: Any, arguments: tuple) -> None:
        if self._graph is not None:
            self._graph.append((kernel, grid, block, arguments))
            return
        self.launches += 1
        views = (self._view(one) if isinstance(one, DeviceArray) else one for one in arguments)
        report = interpreter.run(kernel.function, grid, block, *views, order=_launch.order)
        report.raise_if_wrong()

    def capture(self, calls: Sequence[tuple[Callable[..., None], tuple]]) -> Callable[[], None]:
        graph: list[tuple] = []
        self._graph = graph
        try:
            for call, arguments in calls:
                call(*arguments)
        finally:
            self._graph = None

        def replay() -> None:
            for launch in graph:
                self.launch(*launch)

        return replay

    def wait(self) -> None:
        """Nothing is ever left to wait for."""
