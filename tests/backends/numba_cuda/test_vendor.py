"""cuBLAS behind the products' function, with a library in its place that does what it documents."""

import ctypes
from types import SimpleNamespace

import numpy as np
import pytest
from kernel_checks import normal

from microgpt import backends
from microgpt.backends.device_array import DeviceArray
from microgpt.backends.numba_cuda._emulated import EmulatedDriver
from microgpt.backends.numba_cuda.matmul import stores, vendor
from microgpt.backends.numba_cuda.matmul.products import NN, NT, TN, Product
from microgpt.errors import BackendUnavailable, DeviceError

STORAGES = {"nn": NN, "nt": NT, "tn": TN}
NUMBERS = {0: np.float32, 1: np.float64}  # CUDA_R_32F, CUDA_R_64F


class ColumnMajorLibrary:
    """What the manual of cublasGemmStridedBatchedEx says, on the memory of the host."""

    Operation = SimpleNamespace(N=0, T=1)
    ComputeType = SimpleNamespace(COMPUTE_32F=68, COMPUTE_32F_FAST_TF32=77, COMPUTE_64F=70)
    GemmAlgo = SimpleNamespace(DEFAULT=-1)

    def __init__(self):
        self.streams, self.compute_types = [], []

    def create(self):
        return 11

    def set_stream(self, handle, stream):
        assert handle == 11
        self.streams.append(stream)

    def gemm_strided_batched_ex(
        self, handle, transa, transb, m, n, k, alpha, a, atype, lda, stride_a, b, btype, ldb,
        stride_b, beta, c, ctype, ldc, stride_c, batch_count, compute_type, algo,
    ):  # fmt: skip
        assert handle == 11
        assert atype == btype == ctype
        self.compute_types.append(compute_type)
        dtype = np.dtype(NUMBERS[atype])

        def matrix(pointer, rows, columns, leading, number, stride):
            memory = (ctypes.c_char * (dtype.itemsize * leading * columns)).from_address(
                pointer + number * stride * dtype.itemsize
            )
            return np.frombuffer(memory, dtype).reshape(columns, leading).T[:rows]

        one, zero = (matrix(pointer, 1, 1, 1, 0, 0)[0, 0] for pointer in (alpha, beta))
        assert (one, zero) == (1, 0)
        for number in range(batch_count):
            left = matrix(a, *((k, m) if transa else (m, k)), lda, number, stride_a)
            right = matrix(b, *((n, k) if transb else (k, n)), ldb, number, stride_b)
            product = (left.T if transa else left) @ (right.T if transb else right)
            matrix(c, m, n, ldc, number, stride_c)[...] = product


@pytest.fixture
def library(monkeypatch):
    """Stands for cuBLAS."""
    made = ColumnMajorLibrary()
    monkeypatch.setattr(vendor, "_library", lambda: made)
    monkeypatch.setattr(vendor, "_handle", made.create)
    numbers = SimpleNamespace(CudaDataType=SimpleNamespace(CUDA_R_32F=0, CUDA_R_64F=1))
    import_module = vendor.importlib.import_module
    monkeypatch.setattr(
        vendor.importlib,
        "import_module",
        lambda name: numbers if name == "nvmath" else import_module(name),
    )
    return made


@pytest.fixture
def driver():
    """An emulated device that gives itself out as a GPU."""
    made = EmulatedDriver()
    made.is_gpu, made.stream = True, 5
    return made


def on_device(driver, numbers):
    array = DeviceArray.allocate(driver, numbers.shape, numbers.dtype)
    array[...] = np.ascontiguousarray(numbers)
    return array


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("epilogue", stores.FOUR_WIDE)
def test_the_library_does_what_the_ladder_does(storage, epilogue, dtype, library, driver, rng):
    S, M, K, N = 2, 3, 4, 5
    a_transposed, b_transposed = STORAGES[storage]
    shapes = (S, K, M) if a_transposed else (S, M, K), (S, N, K) if b_transposed else (S, K, N)
    a, b, c, other, bias = normal(rng, dtype, *shapes, (S, M, N), (S, M, N), (N,))
    product, results = Product(STORAGES[storage], epilogue), []
    for multiply in (product, product.by_vendor):
        arrays = [on_device(driver, array) for array in (c, a, b, bias, other)]
        multiply(*arrays)
        results.append([arrays[0].numpy(), arrays[4].numpy()])
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(results[0], results[1], rtol=tolerance, atol=tolerance)
    assert library.streams == [5]


def test_the_precision_is_the_librarys_too(library, driver, rng):
    arrays = [on_device(driver, array) for array in normal(rng, "float32", *[(1, 2, 2)] * 3)]
    for precision in ("highest", "3xtf32", "high"):
        backends.set_float32_matmul_precision(precision)
        vendor.multiply(*arrays, False, False)
    backends.set_float32_matmul_precision("highest")
    assert library.compute_types == [68, 68, 77]


def test_arrays_on_no_gpu_are_refused(library, rng):
    (c,) = normal(rng, "float32", (1, 2, 2))
    with pytest.raises(DeviceError, match="got one on the host; use another rung"):
        vendor.multiply(c, c, c, False, False)
    c = on_device(EmulatedDriver(), c)
    with pytest.raises(DeviceError, match="got one on the emulated device; use another rung"):
        vendor.multiply(c, c, c, False, False)


def test_without_the_library_it_says_what_to_install(monkeypatch):
    vendor._library.cache_clear()
    monkeypatch.setattr(vendor, "is_installed", lambda: False)
    with pytest.raises(BackendUnavailable, match=r"pip install 'nvmath-python\[cu13\]'"):
        vendor.multiply(None, None, None, False, False)
