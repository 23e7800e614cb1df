"""The same products by cuBLAS, NVIDIA's library: what the other rungs are measured against.

It is called through `nvmath-python`, NVIDIA's own bindings, where that is installed. What becomes
of the sums is a second launch, a thread an element, since the library only adds up.
"""

import importlib
import importlib.util
from functools import cache
from typing import Any

import numpy as np

from microgpt.backends.matmul_precision import get_float32_matmul_precision
from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, cover, threads
from microgpt.errors import BackendUnavailable, DeviceError

PACKAGE = "nvmath"


def is_installed() -> bool:
    """Whether the bindings are installed; a driver is needed besides."""
    return importlib.util.find_spec(PACKAGE) is not None


def multiply(c, a, b, a_transposed, b_transposed, stream=0):
    """c = a · b for each matrix of three stacks on the device, in the order of a CUDA stream.

    a is stored as (S, M, K) or, transposed, (S, K, M); b as (S, K, N) or (S, N, K); c (S, M, N).
    `stream` is its address; 0 is the default one. Raises BackendUnavailable without the library,
    DeviceError for arrays of the host.
    """
    library = _library()
    pointers = [_pointer(array) for array in (b, a, c)]
    S, M, N = c.shape
    K = a.shape[1] if a_transposed else a.shape[2]
    number, compute = _types(library, c.dtype.name)
    one, zero = np.ones(1, c.dtype), np.zeros(1, c.dtype)
    handle = _handle()
    library.set_stream(handle, stream)
    # cuBLAS reads columns where we store rows, so it sees every matrix transposed: cᵀ = bᵀ · aᵀ.
    operation = library.Operation
    library.gemm_strided_batched_ex(
        handle,
        operation.T if b_transposed else operation.N, operation.T if a_transposed else operation.N,
        N, M, K, one.ctypes.data,
        pointers[0], number, b.shape[2], K * N,
        pointers[1], number, a.shape[2], M * K,
        zero.ctypes.data,
        pointers[2], number, N, M * N,
        S, compute, library.GemmAlgo.DEFAULT,
    )  # fmt: skip


def make_epilogue(store):
    """Return the kernel that does with each sum what `store` does, after the library."""

    @threads
    def epilogue(c, other, bias, sums):
        M, N = c.shape[1], c.shape[2]
        for element in range(cuda.grid(1), c.size, cuda.gridsize(1)):
            s, i, j = element // (M * N), element // N % M, element % N
            store(c, other, bias, s, i, j, sums[s, i, j])

    return epilogue


def launch_epilogue(epilogue, c, other, bias, sums):
    """Launch a kernel of `make_epilogue`."""
    epilogue[cover(c.size), BLOCK](c, other, bias, sums)


@cache
def _library() -> Any:
    if not is_installed():
        raise BackendUnavailable(
            "cuBLAS is called through nvmath-python, which is not installed; run "
            "`pip install 'nvmath-python[cu13]'`, or use another rung of the ladder"
        )
    return importlib.import_module(f"{PACKAGE}.bindings.cublas")


@cache
def _handle() -> int:
    return _library().create()


def _pointer(array: Any) -> int:
    interface = getattr(array, "__cuda_array_interface__", None)
    if interface is None:
        raise DeviceError(
            f"cuBLAS multiplies arrays of a GPU; got a {type(array).__name__} in the memory of the "
            "host; move it to the GPU, or use another rung of the ladder"
        )
    return interface["data"][0]


def _types(library: Any, dtype: str) -> tuple[int, int]:
    """Return how cuBLAS calls the numbers, and in what it is to multiply and add them."""
    types = importlib.import_module(PACKAGE).CudaDataType
    if dtype == "float64":
        return types.CUDA_R_64F, library.ComputeType.COMPUTE_64F
    if get_float32_matmul_precision() == "high":
        return types.CUDA_R_32F, library.ComputeType.COMPUTE_32F_FAST_TF32
    return types.CUDA_R_32F, library.ComputeType.COMPUTE_32F
