"""`CudaBackend`: arrays in a device's memory, and recordings as graphs."""

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from microgpt.backends.device_array import DeviceArray
from microgpt.backends.device_memory import GRAIN, DeviceDriver
from microgpt.backends.dispatch import UPLOAD, AnyKernel, Backend, LaunchTable, PythonKernel
from microgpt.backends.memory import is_array, poison, view_at
from microgpt.backends.tracing import active_tracer
from microgpt.errors import DeviceError

# These take arrays of the host: what is uploaded, and ids before they are.
HOST_LAUNCHES = {UPLOAD, "check_tokens", "check_targets", "check_position"}


class CudaBackend(Backend):
    """The threads on a device: `driver` is a GPU's, or the emulated one."""

    alignment = GRAIN
    reading_waits = True

    def __init__(self, name: str, kernels: dict[str, AnyKernel], driver: DeviceDriver):
        super().__init__(name, kernels | {UPLOAD: PythonKernel(driver.upload)})
        self.driver = driver
        driver.restore = self.from_host
        self._optionals: dict[tuple[int, np.dtype], DeviceArray] = {}
        self._constants: dict[int, tuple[weakref.ref, DeviceArray]] = {}  # by the array's id

    def launch(self, name: str, *args: Any) -> None:
        """Run the kernel `name`; raise DeviceError if all its arrays are the host's."""
        if name not in HOST_LAUNCHES and not any(isinstance(one, DeviceArray) for one in args):
            raise DeviceError(
                f"{name} runs on {self.driver.name} and got arrays of the host alone; copy them "
                "with `backend.from_host`, or call .to() on the tensors"
            )
        super().launch(name, *args)

    def empty(self, shape: Any, dtype: Any) -> Any:
        array = DeviceArray.allocate(self.driver, shape, dtype)
        if self.poison:
            poison(array)
        if active_tracer.tracer is not None and active_tracer.thread == threading.get_ident():
            active_tracer.tracer.on_alloc(array)
        return array

    def zeros_aligned(self, count: int, dtype: Any) -> Any:
        array = self.empty(count, dtype)
        self.launch("fill_", array, 0.0)
        return array

    def empty_optional(self, ndim: int, dtype: Any) -> Any:
        key = ndim, np.dtype(dtype)
        if key not in self._optionals:
            self._optionals[key] = DeviceArray.allocate(self.driver, (0,) * ndim, dtype)
        return self._optionals[key]

    def from_host(self, numbers: np.ndarray) -> Any:
        """Return a copy on the device; the upload is a launch, which each replay makes again."""
        if isinstance(numbers, DeviceArray):
            return numbers
        array = self.empty(numbers.shape, numbers.dtype)
        self.launch(UPLOAD, array, numbers)
        return array

    def constant(self, numbers: np.ndarray) -> Any:
        """Return a copy on the device, the same one as long as the array of the host lives."""
        key = id(numbers)
        kept = self._constants.get(key)
        if kept is None:
            array = DeviceArray.allocate(self.driver, numbers.shape, numbers.dtype)
            self.driver.upload(array, numbers)
            forget = weakref.ref(numbers, lambda _: self._constants.pop(key, None))
            kept = self._constants[key] = forget, array
        return kept[1]

    def holds(self, array: Any) -> bool:
        return isinstance(array, DeviceArray) and array.driver is self.driver

    def readable(self, array: Any) -> Any:
        return array

    def to_host_together(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """Download small arrays as one: each download waits for the device."""
        starts = [0]
        for array in arrays:
            starts.append(starts[-1] + -(-array.nbytes // 8) * 8)
        packed = DeviceArray.allocate(self.driver, starts[-1], np.uint8)
        for start, array in zip(starts, arrays, strict=False):
            self.driver.copy(packed.view_at(start, array.shape, array.dtype), array)
        numbers = packed.numpy()
        return [
            view_at(numbers, start, array.shape, array.strides, array.dtype)
            for start, array in zip(starts, arrays, strict=False)
        ]

    def arena(self, nbytes: int) -> Any:
        return DeviceArray.allocate(self.driver, nbytes, np.uint8)

    def lower(self, calls: Sequence[tuple[Callable[..., None], tuple]]) -> LaunchTable:
        return LaunchTable([*range(1, len(calls) + 1)], GraphReplay(self.driver, calls), None)


class GraphReplay:
    """Runs launches: some of them one by one, all of them as one graph.

    What the host does, uploads of arguments and checks of them, depends on no launch, so it is done
    before the graph.
    """

    def __init__(self, driver: DeviceDriver, calls: Sequence[tuple[Callable[..., None], tuple]]):
        self.driver, self.calls = driver, list(calls)
        self._on_host = [call for call in self.calls if _reads_host(call[1])]
        self._graph: Callable[[], None] | None = None

    def __call__(self, row: int, count: int) -> int:
        """Make `count` launches from number `row` on, counted from 1; return how many."""
        if count == len(self.calls) > 1:
            for call, arguments in self._on_host:
                call(*arguments)
            if self._graph is None:
                launches = [call for call in self.calls if not _reads_host(call[1])]
                self._graph = self.driver.capture(launches)
            self._graph()
            return count
        for call, arguments in self.calls[row - 1 : row - 1 + count]:
            call(*arguments)
        if count:
            self.driver.synchronize()
        return count


def _reads_host(arguments: tuple) -> bool:
    """Whether a launch reads an array of the host."""
    return any(is_array(one) and not isinstance(one, DeviceArray) for one in arguments)
