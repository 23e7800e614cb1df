"""`DeviceArray`: an array in the memory of a device, which NumPy refuses to read by accident."""

from collections.abc import Iterator
from math import prod
from typing import Any, NoReturn

import numpy as np

from microgpt.backends.device_memory import Allocation, DeviceDriver
from microgpt.backends.tracing import check_host_read
from microgpt.errors import DeviceError, ShapeError


class _Flags:
    c_contiguous = writeable = True


class DeviceArray:
    """A C-contiguous array in device memory; views share the memory of their `base`.

    `a[i]`, `a[start:stop]` along the first axis and `reshape` are views; `a[...] = numbers`
    uploads, `numpy()` downloads. Nothing else reads it on the host: NumPy's functions, comparisons
    and `float(a)` raise DeviceError, so that no transfer goes unseen.
    """

    __slots__ = ("__weakref__", "allocation", "base", "dtype", "offset", "shape")
    flags = _Flags()

    def __init__(
        self,
        allocation: Allocation,
        offset: int,
        shape: tuple[int, ...],
        dtype: np.dtype,
        base: "DeviceArray | None" = None,
    ):
        self.allocation, self.offset = allocation, offset
        self.shape, self.dtype, self.base = shape, dtype, base

    @classmethod
    def allocate(cls, driver: DeviceDriver, shape: Any, dtype: Any) -> "DeviceArray":
        """Return an array in new memory, which holds anything."""
        shape = tuple(map(int, shape)) if isinstance(shape, tuple | list) else (int(shape),)
        dtype = np.dtype(dtype)
        return cls(Allocation(driver, prod(shape) * dtype.itemsize), 0, shape, dtype)

    # -- what it is -----------------------------------------------------------------------------

    @property
    def driver(self) -> DeviceDriver:
        """The driver in whose memory it is."""
        return self.allocation.driver

    @property
    def data_ptr(self) -> int:
        """The address of the first element, on the device."""
        return self.allocation.address + self.offset

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one element to the next, along each axis."""
        return tuple(
            prod(self.shape[axis + 1 :]) * self.itemsize for axis in range(len(self.shape))
        )

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array of shape () has no length")
        return self.shape[0]

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """How Numba, PyTorch and CuPy see it, without a copy (CUDA Array Interface, version 3)."""
        if not self.driver.is_gpu:
            raise AttributeError(f"{self.driver.name} is no GPU that other libraries could read")
        address = self.data_ptr if self.size else 0
        return {
            "shape": self.shape, "typestr": self.dtype.str, "data": (address, False), "version": 3
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"<DeviceArray of shape {self.shape}, {self.dtype}, on {self.driver.name}>"

    # -- views ----------------------------------------------------------------------------------

    def view_at(self, offset: int, shape: tuple[int, ...], dtype: Any) -> "DeviceArray":
        """View a stretch of this array's memory, `offset` bytes behind its beginning."""
        dtype = np.dtype(dtype)
        if offset < 0 or offset + prod(shape) * dtype.itemsize > self.nbytes:
            raise ShapeError(
                f"{prod(shape) * dtype.itemsize} bytes from {offset} on do not lie in an array of "
                f"{self.nbytes} bytes"
            )
        base = self if self.base is None else self.base
        return DeviceArray(self.allocation, self.offset + offset, shape, dtype, base)

    def view(self, dtype: Any) -> "DeviceArray":
        """View the same bytes as numbers of another type of the same size."""
        return self.view_at(0, self.shape, dtype)

    def reshape(self, *shape: Any) -> "DeviceArray":
        """View the same elements in another shape; one size may be −1."""
        sizes = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
        if -1 in sizes:
            known = -prod(sizes)
            missing = self.size // known if known else 0
            sizes = tuple(missing if size == -1 else size for size in sizes)
        if prod(sizes) != self.size:
            raise ShapeError(f"an array of shape {self.shape} cannot be reshaped to {shape}")
        return self.view_at(0, tuple(map(int, sizes)), self.dtype)

    def __getitem__(self, key: Any) -> "DeviceArray":
        if key is Ellipsis:
            return self
        if not self.shape:
            raise IndexError("an array of shape () has no rows")
        row_bytes = self.nbytes // self.shape[0] if self.shape[0] else 0
        if isinstance(key, slice):
            start, stop, step = key.indices(self.shape[0])
            if step == 1:
                count = max(stop - start, 0)
                return self.view_at(start * row_bytes, (count, *self.shape[1:]), self.dtype)
        elif isinstance(key, int | np.integer):
            row = int(key) + (self.shape[0] if key < 0 else 0)
            if not 0 <= row < self.shape[0]:
                raise IndexError(f"index {key} is out of range for {self.shape[0]} rows")
            return self.view_at(row * row_bytes, self.shape[1:], self.dtype)
        raise DeviceError(
            f"a device array is indexed by a[i] and a[start:stop] alone; got {key!r:.60}; "
            "call .numpy() first for any other"
        )

    def __iter__(self) -> Iterator["DeviceArray"]:
        return (self[row] for row in range(len(self)))

    # -- transfers ------------------------------------------------------------------------------

    def numpy(self) -> np.ndarray:
        """Download a copy."""
        check_host_read(".numpy() of an array on the device")
        numbers = np.empty(self.shape, self.dtype)
        self.driver.download(numbers, self)
        return numbers

    def item(self) -> Any:
        """Download the one number of an array of size 1."""
        if self.size != 1:
            raise ShapeError(f"item() needs one number; got shape {self.shape}")
        return self.numpy().item()

    def tolist(self) -> Any:
        """Download a copy as nested lists."""
        return self.numpy().tolist()

    def __setitem__(self, key: Any, numbers: Any) -> None:
        """Copy numbers in: from the host, or from an array of the same device."""
        check_host_read("writing into an array on the device")
        part = self[key]
        if isinstance(numbers, DeviceArray):
            if numbers.driver is part.driver and numbers.dtype == part.dtype:
                if numbers.shape != part.shape:
                    raise ShapeError(f"{numbers.shape} cannot be copied into {part.shape}")
                part.driver.copy(part, numbers)
                return
            numbers = numbers.numpy()
        try:
            filled = np.broadcast_to(np.asarray(numbers), part.shape)
        except ValueError:
            raise ShapeError(f"{np.shape(numbers)} cannot be copied into {part.shape}") from None
        part.driver.upload(part, np.ascontiguousarray(filled, part.dtype))

    def copy(self) -> "DeviceArray":
        """Return a copy, on the device."""
        other = DeviceArray.allocate(self.driver, self.shape, self.dtype)
        self.driver.copy(other, self)
        return other

    def __deepcopy__(self, memo: dict) -> "DeviceArray":
        return self.copy()

    def __reduce__(self) -> tuple:
        return self.driver.restore, (self.numpy(),)

    def fill_bytes(self, byte: int) -> None:
        """Set every byte."""
        self.driver.fill(self, byte)

    # -- what it refuses ------------------------------------------------------------------------

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise DeviceError(self._advice())

    def _advice(self) -> str:
        return (
            f"these numbers are on {self.driver.name}, where NumPy and Python do not read them; "
            "call .numpy() for a copy on the host"
        )

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__") or not (hasattr(np.ndarray, name) or name == "cpu"):
            raise AttributeError(f"a DeviceArray has no attribute {name!r}")
        raise DeviceAttributeError(f"{name!r} is none of a DeviceArray's: {self._advice()}")

    __array__ = __array_ufunc__ = __array_function__ = _refuse
    __float__ = __int__ = __index__ = __bool__ = __contains__ = __complex__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refuse
    __pow__ = __rpow__ = __divmod__ = __rdivmod__ = __matmul__ = __rmatmul__ = _refuse
    __neg__ = __pos__ = __abs__ = __invert__ = __round__ = _refuse
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _refuse
    __hash__ = object.__hash__

    def __format__(self, spec: str) -> str:
        if spec:
            self._refuse()
        return repr(self)


class DeviceAttributeError(DeviceError, AttributeError):
    """A method of NumPy's arrays that would read on the host; to `hasattr` it does not exist."""
