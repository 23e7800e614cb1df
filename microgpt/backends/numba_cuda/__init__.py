"""The threads: each computing kernel as GPU code in Python, one body for each thread.

`check_tokens`, `check_targets` and `check_position`, which raise if an index is out of range, have
no threads: they run on the host as NumPy's.

A kernel's name and arguments are those of the other back ends. It is a host function, which
chooses how many blocks of threads run, and stands directly above the threads that it launches:

    def scale_forward(y, x, number):
        _scale[cover(y.size), BLOCK](y, x, number)

    @threads
    def _scale(y, x, number):
        f = x.dtype.type
        i = cuda.grid(1)
        ...

Rules for threads, so that a compiler and the interpreter read the same text: names in full
(`cuda.threadIdx.x`), `cuda` from `_device`; every literal and every scalar argument that meets a
float goes through `f = x.dtype.type`; functions from `math`; sizes of shared and local arrays are
module constants; no index is negative, and no `range` counts down; no early `return` in a kernel
that waits, and every wait stands outside branches that depend on the thread; no atomic additions of
floats, and no talk between blocks: a second launch instead, so that results depend on no order.
"""

import os

from microgpt.backends.dispatch import Backend
from microgpt.backends.numba_cuda import _driver, checks
from microgpt.backends.numba_cuda._backend import CudaBackend
from microgpt.backends.numba_cuda._driver import NVIDIA_DRIVER, NVIDIA_GPU, Missing
from microgpt.backends.numba_cuda._emulated import EmulatedDriver
from microgpt.backends.numpy_ref import kernels_in, kernels_of
from microgpt.errors import SettingError

__all__ = [
    "DRIVER_VARIABLE", "EMULATED", "GPU", "NVIDIA_DRIVER", "NVIDIA_GPU", "Missing", "is_emulated",
    "load", "load_interpreted", "what_is_missing",
]  # fmt: skip

DRIVER_VARIABLE = "MICROGPT_CUDA_DRIVER"
GPU, EMULATED = "gpu", "emulated"


def load_interpreted() -> Backend:
    """The back end whose threads are run one after another by the interpreter."""
    return Backend("interpreter", kernels_of("microgpt.backends.numpy_ref") | kernels_of(__name__))


def is_emulated() -> bool:
    """Whether MICROGPT_CUDA_DRIVER asks for the emulated device in place of a GPU."""
    name = os.environ.get(DRIVER_VARIABLE) or GPU
    if name not in (GPU, EMULATED):
        raise SettingError(DRIVER_VARIABLE, got=name, choices=(GPU, EMULATED))
    return name == EMULATED


def what_is_missing() -> Missing | None:
    """Return why `load` would fail here, as the end of a sentence; None if it would not."""
    return None if is_emulated() else _driver.what_is_missing()


def load() -> Backend:
    """The back end of a GPU, or of the emulated device where MICROGPT_CUDA_DRIVER says so."""
    driver = EmulatedDriver() if is_emulated() else _driver.GpuDriver()
    return CudaBackend("cuda", kernels_of(__name__) | kernels_in(checks), driver)
