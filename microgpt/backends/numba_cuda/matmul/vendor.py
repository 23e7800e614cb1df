"""The same products by cuBLAS, NVIDIA's library: what the other rungs are measured against.

It is called through `nvmath-python`, NVIDIA's own bindings, where that is installed. What becomes
of the sums is a second launch, a thread an element, since the library only adds up.
"""

import importlib
import importlib.util
from functools import cache
from typing import Any

import numpy as np

from microgpt.backends.device_array import DeviceArray
from microgpt.backends.matmul_precision import get_float32_matmul_precision
from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import threads
from microgpt.errors import BackendUnavailable, DeviceError

PACKAGE = "nvmath"


def is_installed() -> bool:
    """Whether the bindings are installed; a driver is needed besides."""
    return importlib.util.find_spec(PACKAGE) is not None


def multiply(c, a, b, a_transposed, b_transposed):
    """c = a · b for each matrix of three stacks on a GPU, in the order of its driver's stream.

    a is stored as (S, M, K) or, transposed, (S, K, M); b as (S, K, N) or (S, N, K); c (S, M, N).
    Raises BackendUnavailable without the library, DeviceError for arrays that are on no GPU.
    """
    library, stream = _library(), _stream(c)
    S, M, N = c.shape
    K = a.shape[1] if a_transposed else a.shape[2]
    number, compute = _types(library, c.dtype.name)
    one, zero = np.ones(1, c.dtype), np.zeros(1, c.dtype)
    library.set_stream(_handle(), stream)
    # cuBLAS reads columns where we store rows, so it sees each matrix transposed: cᵀ = bᵀ · aᵀ.
    plain, transposed = library.Operation.N, library.Operation.T
    library.gemm_strided_batched_ex(
        _handle(), transposed if b_transposed else plain, transposed if a_transposed else plain,
        N, M, K, one.ctypes.data,
        b.data_ptr, number, b.shape[2], K * N,
        a.data_ptr, number, a.shape[2], M * K, zero.ctypes.data,
        c.data_ptr, number, N, M * N,
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


def _stream(array: Any) -> int:
    """Return the address of the stream in which a GPU's driver launches."""
    driver = array.driver if isinstance(array, DeviceArray) else None
    if driver is None or not driver.is_gpu:
        where = "the host" if driver is None else driver.name
        raise DeviceError(
            f"cuBLAS multiplies arrays on a GPU; got one on {where}; use another rung of the ladder"
        )
    return driver.stream


def _types(library: Any, dtype: str) -> tuple[int, int]:
    """Return how cuBLAS calls the numbers, and in what it is to multiply and add them."""
    types = importlib.import_module(PACKAGE).CudaDataType
    if dtype == "float64":
        return types.CUDA_R_64F, library.ComputeType.COMPUTE_64F
    if get_float32_matmul_precision() == "high":
        return types.CUDA_R_32F, library.ComputeType.COMPUTE_32F_FAST_TF32
    return types.CUDA_R_32F, library.ComputeType.COMPUTE_32F
