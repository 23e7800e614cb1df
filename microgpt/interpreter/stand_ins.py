"""What the names `cuda` and `math` mean in a kernel that the interpreter runs."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.errors import DeviceError, KernelError
from microgpt.interpreter import report
from microgpt.interpreter.shadow import Shadow, are_unordered, first_unordered, remember
from microgpt.interpreter.watched_array import OUTSIDE, PART, WatchedArray, size_of

WARP_SIZE = 32
ALIGNMENT = 16  # bytes, of each shared array
NO_NUMBER = 0xFB  # fills shared memory: no result may depend on what stood there

_NUMPY_NAMES = {
    "pow": "power", "atanh": "arctanh", "acosh": "arccosh", "asin": "arcsin", "acos": "arccos",
}  # fmt: skip
_COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda old, value: old + value,
    "sub": lambda old, value: old - value,
    "max": max,
    "min": min,
    "exch": lambda old, value: value,
}


class Dim3:
    """Sizes or a position along three axes, as CUDA's dim3."""

    __slots__ = ("x", "y", "z")

    def __init__(self, x: int = 1, y: int = 1, z: int = 1):
        self.x, self.y, self.z = x, y, z

    @property
    def size(self) -> int:
        """The product of the three."""
        return self.x * self.y * self.z

    def position(self, number: int) -> "Dim3":
        """Return where thread or block `number` stands; x counts fastest."""
        return Dim3(number % self.x, number // self.x % self.y, number // (self.x * self.y))


class Atomic:
    """`cuda.atomic`: between its read and its write no other thread comes."""

    def __init__(self, launch: Any):
        self._launch = launch

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in _COMBINE:
            raise KernelError(
                f"cuda.atomic.{name} is not interpreted; use one of {', '.join(_COMBINE)}"
            )

        def operation(array: Any, index: Any, value: Any, line: int = 0) -> Any:
            return self._change(name, array, index, value, line)

        return operation

    def _change(self, name: str, array: Any, index: Any, value: Any, line: int) -> Any:
        if type(array) is not WatchedArray:
            old = array[index]
            array[index] = _COMBINE[name](old, array.dtype.type(value))
            return old
        launch, at = self._launch, array.locate(index, line, "changes atomically")
        if at in (OUTSIDE, PART):
            return array.dtype.type(0)
        launch.count_access(line)
        moment, shadow, key = launch.moment, array.shadow, array.base + at * array.itemsize
        written = shadow.writes.get(key)
        if written is not None and are_unordered(written.moment, moment):
            launch.find_race(array, at, "writes", written, "changes atomically", line)
        read = first_unordered(shadow.reads.get(key), moment)
        if read is not None:
            launch.find_race(array, at, "reads", read, "changes atomically", line)
        if array.dtype.kind == "f" and name in ("add", "sub"):
            launch.find(
                report.UNORDERED, line, f"line {line}: thread {moment.label} adds atomically to "
                f"{array.element_name(at)}, a float: the order of the threads decides its last "
                "digits, which differ from run to run; let one thread add the parts in a fixed "
                "order, or count in integers",
            )  # fmt: skip
        remember(shadow.atomics, key, moment, line)
        old = array.flat[at]
        launch.note("read", array, at, line, is_atomic=True)
        array.flat[at] = _COMBINE[name](old, array.dtype.type(value))
        launch.note("write", array, at, line, is_atomic=True)
        return old


class SharedMemory:
    """`cuda.shared`: one array for all threads of a block, made by the first that comes."""

    def __init__(self, launch: Any):
        self._launch = launch

    def array(self, shape: Any, dtype: Any, site: Any = None, name: str = "shared") -> Any:
        launch, made = self._launch, self._launch.block.shared_arrays
        if site not in made:
            numpy_dtype = _dtype(dtype)
            size = size_of(shape) or launch.dynamic_bytes // numpy_dtype.itemsize
            data = np.empty(size, numpy_dtype)
            data.view(np.uint8)[:] = NO_NUMBER
            data = data.reshape(shape) if size_of(shape) else data
            made[site] = launch.allocate_shared(name, data)
        return made[site]


class LocalMemory:
    """`cuda.local`: an array of one thread's own."""

    def __init__(self, launch: Any):
        self._launch = launch

    def array(self, shape: Any, dtype: Any, site: Any = None, name: str = "local") -> Any:
        data = np.empty(shape, _dtype(dtype))
        data.reshape(-1).view(np.uint8)[:] = NO_NUMBER
        if not self._launch.is_watched:
            return data
        return WatchedArray(self._launch, name, data, "local", Shadow(), 0, is_fresh=True)


class Cuda:
    """The name `cuda`, for the threads of one launch."""

    warpsize = WARP_SIZE

    def __init__(self, launch: Any, grid: Dim3, block: Dim3):
        self._launch, self.gridDim, self.blockDim = launch, grid, block
        self.threadIdx, self.blockIdx = Dim3(0, 0, 0), Dim3(0, 0, 0)
        self.atomic = Atomic(launch)
        self.shared, self.local = SharedMemory(launch), LocalMemory(launch)

    @property
    def laneid(self) -> int:
        """The thread's number in its warp."""
        return self._launch.thread.lane

    def grid(self, ndim: int) -> Any:
        """Return this thread's position in the grid, along so many axes."""
        t, b, d = self.threadIdx, self.blockIdx, self.blockDim
        position = (t.x + b.x * d.x, t.y + b.y * d.y, t.z + b.z * d.z)
        return position[0] if ndim == 1 else position[:ndim]

    def gridsize(self, ndim: int) -> Any:
        """Return the number of threads of the grid, along so many axes."""
        g, d = self.gridDim, self.blockDim
        sizes = (g.x * d.x, g.y * d.y, g.z * d.z)
        return sizes[0] if ndim == 1 else sizes[:ndim]

    def threadfence(self) -> None:
        """Nothing: memory is never late here."""

    threadfence_block = threadfence

    def __getattr__(self, name: str) -> Any:
        raise KernelError(f"cuda.{name} is not interpreted; write the kernel without it")


class CudaOutsideLaunch:
    """The name `cuda` in a module of kernels: a launch puts its own in its place."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what Python and notebooks ask any object
            raise AttributeError(name)
        raise DeviceError(
            f"cuda.{name} exists only while threads run; launch the kernel, or run it with "
            "`mg.interpreter.run`"
        )


class GpuMath:
    """`math` as a GPU computes it: float32 stays float32, and nothing raises."""

    def __getattr__(self, name: str) -> Any:
        plain = getattr(math, name)
        if not callable(plain):
            return np.float64(plain)

        def typed(*numbers: Any) -> Any:
            is_single = all(type(number) is np.float32 for number in numbers)
            scalar = np.float32 if is_single else np.float64
            try:
                return scalar(plain(*numbers))
            except (OverflowError, ValueError, ZeroDivisionError):
                return scalar(_ieee_754(name, numbers))

        setattr(self, name, typed)
        return typed


GPU_MATH = GpuMath()
cuda: Any = CudaOutsideLaunch()
float32 = np.float32


def _ieee_754(name: str, numbers: tuple[Any, ...]) -> Any:
    """Return what a GPU gives where Python raises: NumPy's infinities at poles, else NaN."""
    function = getattr(np, _NUMPY_NAMES.get(name, name), None)
    return math.nan if function is None else function(*map(np.float64, numbers))


def _dtype(dtype: Any) -> np.dtype:
    return np.dtype(dtype if isinstance(dtype, np.dtype | type) else str(dtype))
