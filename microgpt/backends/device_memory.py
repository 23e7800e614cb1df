"""A device's driver in nine calls, its memory, and the count of what goes to and fro.

They are `alloc`, `free`, `upload`, `download`, `copy`, `fill`, `launch`, `capture` and
`wait`; an array in them is a `DeviceArray`. Everything above them, recordings, checkpoints
and sampling, is the same for every driver.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from microgpt.errors import DeviceError

GRAIN = 256  # bytes: what any load of a vector and any copy is aligned to


class Transfers(NamedTuple):
    """How often arrays went to the device and came from it, and their bytes."""

    uploads: int = 0
    upload_bytes: int = 0
    downloads: int = 0
    download_bytes: int = 0


class DeviceDriver:
    """The base of all drivers: counts transfers, and keeps freed memory for the next array.

    All work goes into one stream, so memory may be given out again as soon as it is freed.
    """

    name = "device"
    is_gpu = False  # whether other libraries for GPUs can read its memory
    cc = 9, 0  # its compute capability: which instructions it has
    stream = 0  # the address of a GPU's stream, for other libraries

    def __init__(self) -> None:
        self.transfers = Transfers()
        self._free: dict[int, list[int]] = defaultdict(list)  # by size
        self.fault: Any = None  # the array in which checks on the device say what they refuse
        self.restore: Callable[[np.ndarray], Any]  # uploads an array that was pickled
        self.raise_fault: Callable[[np.ndarray], None]  # raises the error that it stands for

    def check_fault(self) -> None:
        """Raise the error that a check on the device has left, if there is one."""
        if self.fault is not None:
            word = np.empty(self.fault.shape, self.fault.dtype)
            self.copy_out(word, self.fault)
            if word.any():
                self.fill(self.fault, 0)
                self.raise_fault(word)

    def take(self, nbytes: int) -> tuple[int, int]:
        """Return the address of at least `nbytes`, freed before or new, and the size to give back.

        Sizes are rounded up to an eighth of a power of two: arrays of nearly the same size share.
        """
        grain = max(GRAIN, 1 << max(nbytes.bit_length() - 4, 0))
        size = -(-nbytes // grain) * grain
        kept = self._free[size]
        return (kept.pop() if kept else self.alloc(size)), size

    def give_back(self, address: int, size: int) -> None:
        """Keep memory for the next array of that size."""
        self._free[size].append(address)

    def free_unused(self) -> None:
        """Return all memory that no array uses to the device."""
        for addresses in self._free.values():
            while addresses:
                self.free(addresses.pop())

    def upload(self, array: Any, numbers: np.ndarray) -> None:
        """Copy C-contiguous numbers of the same size and type to the device."""
        if array.size:
            done = self.transfers
            self.transfers = done._replace(
                uploads=done.uploads + 1, upload_bytes=done.upload_bytes + numbers.nbytes
            )
            self.copy_in(array, numbers)

    def download(self, numbers: np.ndarray, array: Any) -> None:
        """Copy an array into C-contiguous numbers of the same size and type; waits for it."""
        if array.size:
            done = self.transfers
            self.transfers = done._replace(
                downloads=done.downloads + 1, download_bytes=done.download_bytes + numbers.nbytes
            )
            self.copy_out(numbers, array)
            self.check_fault()

    def synchronize(self) -> None:
        """Wait until everything is done; raise the error that a check on the device has left."""
        self.wait()
        self.check_fault()

    def alloc(self, nbytes: int) -> int:
        """Return the address of new memory; raise DeviceError if there is none."""
        raise NotImplementedError

    def out_of_memory(self, nbytes: int, free: str = "") -> DeviceError:
        """Return the error for memory that cannot be had; `free` says how much there is."""
        needed = f"{nbytes / 2**20:,.0f} MiB are needed{free}"
        return DeviceError(f"{self.name} is out of memory: {needed}; take a smaller batch or model")

    def free(self, address: int) -> None:
        """Return memory to the device."""
        raise NotImplementedError

    def copy_in(self, array: Any, numbers: np.ndarray) -> None:
        """The copy of `upload`."""
        raise NotImplementedError

    def copy_out(self, numbers: np.ndarray, array: Any) -> None:
        """The copy of `download`."""
        raise NotImplementedError

    def copy(self, destination: Any, source: Any) -> None:
        """Copy on the device."""
        raise NotImplementedError

    def fill(self, array: Any, byte: int) -> None:
        """Set every byte of an array."""
        raise NotImplementedError

    def launch(self, function: Any, grid: Any, block: Any, arguments: tuple) -> None:
        """Run a function in every thread of `grid` blocks of `block` threads."""
        raise NotImplementedError

    def capture(self, calls: Sequence[tuple[Callable[..., None], tuple]]) -> Callable[[], None]:
        """Return a graph: a function that repeats all launches of the calls at once."""
        raise NotImplementedError

    def wait(self) -> None:
        """Wait until everything is done."""
        raise NotImplementedError


class Allocation:
    """A stretch of device memory, given back when nobody refers to it any more."""

    __slots__ = ("_size", "address", "driver", "nbytes")

    def __init__(self, driver: DeviceDriver, nbytes: int):
        self.driver, self.nbytes, self.address, self._size = driver, nbytes, 0, 0
        if nbytes:
            self.address, self._size = driver.take(nbytes)

    def __del__(self) -> None:
        if self.address:
            self.driver.give_back(self.address, self._size)
