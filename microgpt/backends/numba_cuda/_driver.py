"""`GpuDriver`: the nine calls of a driver on a GPU of NVIDIA, through its driver library.

Everything goes into one stream. Kernels are compiled when they are first launched.
(CUDA Driver API: memory management, stream management, graph management.)
"""

import importlib
import importlib.metadata
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from microgpt.backends.device_array import DeviceArray
from microgpt.backends.device_memory import DeviceDriver
from microgpt.backends.numba_cuda._compile import Binder
from microgpt.backends.numba_cuda._device import (
    DISTRIBUTIONS,
    EXTRAS,
    Compiler,
    compiler_name,
    install_command,
    is_installed,
    load_compiler,
)
from microgpt.backends.numba_cuda._driver_library import (
    NO_DEVICE,
    cuda_version,
    error_text,
    load_library,
)
from microgpt.errors import DeviceError

BINDINGS = "cuda.bindings.driver"  # NVIDIA's own Python names of the driver library
NVIDIA_DRIVER, NVIDIA_GPU = "NVIDIA's driver", "a GPU of NVIDIA"  # what may be missing


class Missing(NamedTuple):
    """What the back end "cuda" needs and has not got, and the rest of that sentence."""

    part: str
    rest: str

    def __str__(self) -> str:
        return f"needs {self.part}{self.rest}"


def what_is_missing() -> Missing | None:
    """Return what keeps kernels from running on a GPU here; None if nothing does.

    The driver is asked first: without a GPU, a compiler for one is of no use.
    """
    library = load_library()
    if library is None:
        return Missing(
            NVIDIA_DRIVER,
            ", which is not installed; install it and start again, or choose the back end 'numba'",
        )
    error = library.cuInit(0)
    if error == NO_DEVICE:
        return Missing(NVIDIA_GPU, ", and the driver finds none; choose the back end 'numba'")
    if error:
        return Missing("a GPU that works", f": the driver says {error_text(library, error)}")
    name, toolkit, driver_major = compiler_name(), _bindings_version(), cuda_version(library)
    install = f"run `{install_command(driver_major)}`"
    if toolkit is None or not is_installed(name):
        rest = f", {DISTRIBUTIONS[name]}, which is not installed; {install}"
        return Missing("a compiler for GPUs", rest)
    if driver_major < int(toolkit.split(".")[0]):
        older = f", or {install}" if driver_major >= EXTRAS[0] else ""
        return Missing(
            "a newer driver",
            f": this one runs CUDA {driver_major}, and the compiler is of CUDA {toolkit}; update "
            f"the driver{older}",
        )
    return None


def _bindings_version() -> str | None:
    """The version of NVIDIA's bindings, which is that of the CUDA they are of, if installed."""
    try:
        return importlib.metadata.version("cuda-bindings")
    except importlib.metadata.PackageNotFoundError:
        return None


def _error_text(api: ModuleType, error: Any) -> str:
    return f"{api.cuGetErrorName(error)[1].decode()} ({api.cuGetErrorString(error)[1].decode()})"


class GpuDriver(DeviceDriver):
    """The first GPU that the driver library shows."""

    is_gpu = True

    def __init__(self, api: ModuleType | None = None, compiler: Compiler | None = None):
        super().__init__()
        self._api = importlib.import_module(BINDINGS) if api is None else api
        self._compiler = load_compiler() if compiler is None else compiler
        self._thread = threading.local()
        self._call(self._api.cuInit, 0)
        device = self._call(self._api.cuDeviceGet, 0)
        self.name = self._call(self._api.cuDeviceGetName, 100, device).split(b"\0")[0].decode()
        self._context = self._call(self._api.cuDevicePrimaryCtxRetain, device)
        attributes = self._api.CUdevice_attribute
        self.cc = (
            self._call(self._api.cuDeviceGetAttribute,
                       attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device),
            self._call(self._api.cuDeviceGetAttribute,
                       attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device),
        )  # fmt: skip
        self._enter()
        self._stream = self._call(self._api.cuStreamCreate, 0)
        self.stream = int(self._stream)
        self._binder = Binder(self._compiler, self.cc)
        self._compiled: dict[Any, Any] = {}  # by the threads' function
        self._held: list[tuple] | None = None  # arguments of the graph that is being captured

    def _call(self, function: Callable, *arguments: Any) -> Any:
        """Call a function of the driver library; return its one result, or raise."""
        error, *results = function(*arguments)
        if error != self._api.CUresult.CUDA_SUCCESS:
            raise DeviceError(f"{function.__name__} failed: {_error_text(self._api, error)}")
        return results[0] if results else None

    def _enter(self) -> None:
        """Make the GPU's context the calling thread's: each thread needs that once."""
        if not getattr(self._thread, "has_entered", False):
            self._call(self._api.cuCtxSetCurrent, self._context)
            self._thread.has_entered = True

    def alloc(self, nbytes: int) -> int:
        self._enter()
        error, address = self._api.cuMemAlloc(nbytes)
        if error == self._api.CUresult.CUDA_ERROR_OUT_OF_MEMORY:
            self.wait()
            self.free_unused()
            error, address = self._api.cuMemAlloc(nbytes)
        if error == self._api.CUresult.CUDA_ERROR_OUT_OF_MEMORY:
            _, free, total = self._api.cuMemGetInfo()
            free_mib, total_mib = free / 2**20, total / 2**20
            raise self.out_of_memory(
                nbytes, f", and {free_mib:,.0f} of {total_mib:,.0f} MiB are free"
            )
        return int(self._call(lambda: (error, address)))

    def free(self, address: int) -> None:
        self._enter()
        self._call(self._api.cuMemFree, address)

    def copy_in(self, array: DeviceArray, numbers: np.ndarray) -> None:
        self._enter()
        source, nbytes = numbers.ctypes.data, numbers.nbytes
        self._call(self._api.cuMemcpyHtoDAsync, array.data_ptr, source, nbytes, self._stream)

    def copy_out(self, numbers: np.ndarray, array: DeviceArray) -> None:
        self._enter()
        target, nbytes = numbers.ctypes.data, numbers.nbytes
        self._call(self._api.cuMemcpyDtoHAsync, target, array.data_ptr, nbytes, self._stream)
        self.wait()

    def copy(self, destination: DeviceArray, source: DeviceArray) -> None:
        if source.nbytes:
            self._enter()
            addresses = destination.data_ptr, source.data_ptr
            self._call(self._api.cuMemcpyDtoDAsync, *addresses, source.nbytes, self._stream)

    def fill(self, array: DeviceArray, byte: int) -> None:
        if array.nbytes:
            self._enter()
            self._call(self._api.cuMemsetD8Async, array.data_ptr, byte, array.nbytes, self._stream)

    def launch(self, kernel: Any, grid: Any, block: Any, arguments: tuple) -> None:
        self._enter()
        if self._held is not None:
            self._held.append(arguments)
        compiled = self._compiled.get(kernel.function)
        if compiled is None:
            bound = self._binder.bind(kernel.function)
            compiled = self._compiler.cuda.jit(bound, max_registers=kernel.registers)
            self._compiled[kernel.function] = compiled
        stream = self._compiler.cuda.external_stream(int(self._stream))
        compiled[grid, block, stream](*arguments)

    def capture(self, calls: Sequence[tuple[Callable[..., None], tuple]]) -> Callable[[], None]:
        self._enter()
        held: list[tuple] = []
        self._held = held
        mode = self._api.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
        self._call(self._api.cuStreamBeginCapture, self._stream, mode)
        try:
            for call, arguments in calls:
                call(*arguments)
        finally:
            self._held = None
            graph = self._call(self._api.cuStreamEndCapture, self._stream)
        executable = self._call(self._api.cuGraphInstantiate, graph, 0)

        def replay(held: list[tuple] = held) -> None:  # what it reads and writes stays allocated
            self._enter()
            self._call(self._api.cuGraphLaunch, executable, self._stream)

        return replay

    def wait(self) -> None:
        self._enter()
        self._call(self._api.cuStreamSynchronize, self._stream)
