"""Arrays of either memory, the host's (NumPy) or a device's (`DeviceArray`): what both can do."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeGuard

import numpy as np

from microgpt.backends.device_array import DeviceArray
from microgpt.backends.tracing import check_host_read

CACHE_LINE = 64  # bytes


def is_array(value: Any) -> TypeGuard[Any]:
    """Whether a value is an array, of NumPy or on a device."""
    return isinstance(value, np.ndarray | DeviceArray)


def to_host(array: Any) -> np.ndarray:
    """Copy an array of any back end into a new one of NumPy; refused while a call is recorded."""
    check_host_read("print() or another copy of the numbers")
    return array.copy() if isinstance(array, np.ndarray) else array.numpy()


def as_host(array: Any) -> np.ndarray:
    """Return an array for NumPy to read: itself, or a download; refused while recording."""
    check_host_read("saving or another read of the numbers")
    return array if isinstance(array, np.ndarray) else array.numpy()


@contextmanager
def host_buffer(array: Any) -> Iterator[np.ndarray]:
    """`with host_buffer(array) as numbers:` fills an array of any back end by filling `numbers`."""
    if isinstance(array, np.ndarray):
        yield array
        return
    numbers = np.empty(array.shape, array.dtype)
    yield numbers
    array[...] = numbers


def data_ptr(array: Any) -> int:
    """The address of an array's first element."""
    if isinstance(array, DeviceArray):
        return array.data_ptr
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # read-only, empty or not contiguous; this takes 1 µs
        return array.__array_interface__["data"][0]


def poison(array: Any) -> None:
    """Fill new memory with NaN (or a large negative integer), which no result may depend on."""
    if isinstance(array, DeviceArray):
        array.fill_bytes(0xFF)  # NaN in both floats, −1 in integers
    else:
        array.fill(np.nan if array.dtype.kind == "f" else -(2**31) + 1)


def view_at(memory: Any, offset: int, shape: tuple[int, ...], strides: Any, dtype: Any) -> Any:
    """View a stretch of `memory`, an array of bytes: `offset` and `strides` are in bytes."""
    if isinstance(memory, DeviceArray):
        return memory.view_at(offset, shape, dtype)
    return np.ndarray(shape, dtype, memory, offset, strides)


def zeros_from_cache_line(count: int, dtype: np.dtype) -> np.ndarray:
    """A flat array of zeros that begins at a cache line.

    The system's zero pages cost no memory until they are written: a model that only generates
    never pays for its gradients.
    """
    return from_cache_line(np.zeros(count + CACHE_LINE // dtype.itemsize, dtype), count)


def from_cache_line(padded: np.ndarray, count: int) -> np.ndarray:
    """The first `count` elements that begin at a cache line; `padded` has a line more."""
    start = -data_ptr(padded) % CACHE_LINE // padded.itemsize
    return padded[start : start + count]
