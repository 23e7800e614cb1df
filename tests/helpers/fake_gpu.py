"""A driver library and a compiler whose GPU is the host: what `GpuDriver` calls, and how often.

Addresses are the host's; the compiler's kernels are run by the interpreter on what lies there.
"""

import ctypes
from types import SimpleNamespace

import numpy as np

from microgpt import backends, interpreter
from microgpt.backends import numba_cuda
from microgpt.backends.numba_cuda import _driver
from microgpt.backends.numba_cuda._device import Compiler

SUCCESS, OUT_OF_MEMORY, NO_DEVICE, BROKEN = 0, 2, 100, 999
NAMES = {OUT_OF_MEMORY: b"CUDA_ERROR_OUT_OF_MEMORY", BROKEN: b"CUDA_ERROR_UNKNOWN"}


class FakeLibrary:
    """The driver library as `ctypes` calls it: functions return an error and fill pointers."""

    def __init__(self, init=SUCCESS, version=13_000):
        self.init, self.version = init, version

    def cuInit(self, flags):  # noqa: N802 (the library's names)
        return self.init

    def cuDriverGetVersion(self, pointer):  # noqa: N802
        pointer._obj.value = self.version
        return SUCCESS

    def cuGetErrorName(self, error, pointer):  # noqa: N802
        pointer._obj.value = NAMES.get(error)
        return SUCCESS

    def cuGetErrorString(self, error, pointer):  # noqa: N802
        pointer._obj.value = b"in words"
        return SUCCESS


def fake_machine(monkeypatch, library, compiler=True, toolkit="13.5.0"):
    """Let the driver library be `library` (None: no driver), with or without a compiler."""
    monkeypatch.delenv(numba_cuda.DRIVER_VARIABLE, raising=False)
    monkeypatch.setattr(_driver, "load_library", lambda: library)
    monkeypatch.setattr(_driver, "is_installed", lambda name: compiler)
    monkeypatch.setattr(_driver, "_bindings_version", lambda: toolkit if compiler else None)
    monkeypatch.delitem(backends._loaded, "cuda", raising=False)


class FakeApi:
    """`cuda.bindings.driver`: each function returns its error and its results."""

    CUresult = SimpleNamespace(CUDA_SUCCESS=SUCCESS, CUDA_ERROR_OUT_OF_MEMORY=OUT_OF_MEMORY)
    CUdevice_attribute = SimpleNamespace(
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR=9,
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR=0,
    )
    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_RELAXED="relaxed")

    def __init__(self, total=2**30):
        self.total = total
        self.blocks = {}  # memory by address
        self.graph = None  # of the stream that is being captured
        self.calls = []

    def _do(self, name, work=lambda: None):
        self.calls.append(name)
        if self.graph is None:
            work()
        else:
            self.graph.append(work)
        return (SUCCESS,)

    def cuInit(self, flags):  # noqa: N802
        return (SUCCESS,)

    def cuGetErrorName(self, error):  # noqa: N802
        return SUCCESS, NAMES[error]

    def cuGetErrorString(self, error):  # noqa: N802
        return SUCCESS, b"in words"

    def cuDeviceGet(self, number):  # noqa: N802
        return SUCCESS, number

    def cuDeviceGetName(self, length, device):  # noqa: N802
        return SUCCESS, b"Fake GPU\0\0"

    def cuDevicePrimaryCtxRetain(self, device):  # noqa: N802
        return SUCCESS, "context"

    def cuDeviceGetAttribute(self, attribute, device):  # noqa: N802
        return SUCCESS, attribute

    def cuCtxSetCurrent(self, context):  # noqa: N802
        return self._do("enter")

    def cuStreamCreate(self, flags):  # noqa: N802
        return SUCCESS, 77

    def cuMemGetInfo(self):  # noqa: N802
        return SUCCESS, self.total - sum(map(len, self.blocks.values())), self.total

    def cuMemAlloc(self, nbytes):  # noqa: N802
        if nbytes > self.cuMemGetInfo()[1]:
            return OUT_OF_MEMORY, None
        block = (ctypes.c_char * nbytes)()
        self.blocks[ctypes.addressof(block)] = block
        return SUCCESS, ctypes.addressof(block)

    def cuMemFree(self, address):  # noqa: N802
        del self.blocks[address]
        return (SUCCESS,)

    def _copy(self, name, target, source, nbytes):
        return self._do(name, lambda: ctypes.memmove(target, source, nbytes))

    def cuMemcpyHtoDAsync(self, target, source, nbytes, stream):  # noqa: N802
        return self._copy("upload", target, source, nbytes)

    def cuMemcpyDtoHAsync(self, target, source, nbytes, stream):  # noqa: N802
        return self._copy("download", target, source, nbytes)

    def cuMemcpyDtoDAsync(self, target, source, nbytes, stream):  # noqa: N802
        return self._copy("copy", target, source, nbytes)

    def cuMemsetD8Async(self, target, byte, nbytes, stream):  # noqa: N802
        return self._do("fill", lambda: ctypes.memset(target, byte, nbytes))

    def cuStreamSynchronize(self, stream):  # noqa: N802
        self.calls.append("wait")
        return (SUCCESS,)

    def cuStreamBeginCapture(self, stream, mode):  # noqa: N802
        assert mode == "relaxed"
        self.graph = []
        return (SUCCESS,)

    def cuStreamEndCapture(self, stream):  # noqa: N802
        graph, self.graph = self.graph, None
        return SUCCESS, graph

    def cuGraphInstantiate(self, graph, flags):  # noqa: N802
        return SUCCESS, list(graph)

    def cuGraphLaunch(self, graph, stream):  # noqa: N802
        self.calls.append("graph")
        for work in graph:
            work()
        return (SUCCESS,)


class FakeCuda:
    """What a compiler calls `cuda`: `jit` and streams."""

    def __init__(self, api):
        self.api = api
        self.compiled = []

    def external_stream(self, handle):
        assert handle == 77
        return "stream"

    def jit(self, function=None, *, device=False, max_registers=None):
        if device:
            return lambda function: function
        self.compiled.append((function.__name__, max_registers))
        return _FakeKernel(self.api, function)


class _FakeKernel:
    def __init__(self, api, function):
        self.api, self.function = api, function

    def __getitem__(self, sizes):
        grid, block, stream = sizes
        assert stream == "stream"

        def launch(*arguments):
            def work():
                views = map(_view, arguments)
                interpreter.run(self.function, grid, block, *views).raise_if_wrong()

            self.api._do("launch", work)

        return launch


def _view(argument):
    facts = getattr(argument, "__cuda_array_interface__", None)
    if facts is None:
        return argument
    assert facts["version"] == 3
    shape, dtype = facts["shape"], np.dtype(facts["typestr"])
    nbytes = int(np.prod(shape)) * dtype.itemsize
    if not nbytes:
        return np.empty(shape, dtype)
    memory = (ctypes.c_char * nbytes).from_address(facts["data"][0])
    return np.frombuffer(memory, dtype).reshape(shape)


def fake_compiler(api):
    """A compiler whose kernels run on the host."""
    return Compiler("fake", FakeCuda(api), SimpleNamespace())
