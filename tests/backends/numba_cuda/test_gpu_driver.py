"""`GpuDriver` on a driver library that is made up: what it calls, and what it says is missing."""

import threading

import numpy as np
import pytest
from fake_gpu import BROKEN, NO_DEVICE, FakeApi, FakeLibrary, fake_compiler, fake_machine

import microgpt as mg
from microgpt import backends
from microgpt.backends import numba_cuda
from microgpt.backends.device_memory import DeviceDriver
from microgpt.backends.numba_cuda import _driver, _driver_library
from microgpt.backends.numba_cuda._driver import GpuDriver
from microgpt.errors import BackendUnavailable, DeviceError, SettingError


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def gpu(api, monkeypatch):
    """The back end "cuda" on a GPU that is made up."""
    compiler = fake_compiler(api)
    monkeypatch.setattr(numba_cuda._driver, "GpuDriver", lambda: GpuDriver(api, compiler))
    monkeypatch.delenv(numba_cuda.DRIVER_VARIABLE)
    backend = numba_cuda.load()
    monkeypatch.setitem(backends._loaded, "cuda", backend)
    return backend


def test_it_has_the_nine_calls():
    calls = ("alloc", "free", "copy_in", "copy_out", "copy", "fill", "launch", "capture")
    for name in (*calls, "wait"):
        assert getattr(GpuDriver, name) is not getattr(DeviceDriver, name)


def test_a_kernel_is_compiled_once_with_its_registers(gpu, api):
    x = mg.Tensor(np.linspace(-1, 1, 33), backend="cuda")
    for _ in range(2):
        np.testing.assert_allclose(x.exp().numpy(), np.exp(np.linspace(-1, 1, 33)), rtol=1e-6)
    compiled = gpu.driver._compiler.cuda.compiled
    assert [name for name, _ in compiled].count("_exp_forward") == 1
    assert all(type(registers) is int for _, registers in compiled)
    assert gpu.driver.cc == (9, 0)
    assert repr(x.data) == "<DeviceArray of shape (33,), float64, on Fake GPU>"


def test_a_recorded_step_becomes_one_graph(gpu, api):
    gpu.poison = False  # which fills memory between launches
    model = mg.GPT(mg.GPTConfig(5, block_size=4, n_layer=1, n_embd=4, n_head=1), backend="cuda")
    optimizer = mg.AdamW(model, lr=0.1)

    def step(tokens, targets):
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        optimizer.step()
        return loss

    numpys = model.copy(backend="numpy")
    other = mg.AdamW(numpys, lr=0.1)
    captured = mg.capture(step)
    for number in range(6):
        ids = np.full((1, 5), number % 5, np.int32)
        api.calls.clear()
        loss = captured(ids[:, :-1], ids[:, 1:]).item()
        other.zero_grad()
        expected = numpys.loss(ids[:, :-1], ids[:, 1:])
        expected.backward()
        other.step()
        np.testing.assert_allclose(loss, expected.item(), rtol=1e-5)
    assert api.calls == ["upload", "upload", "graph", "copy", "download", "wait"]


def test_every_thread_enters_the_context(gpu, api):
    api.calls.clear()
    x = mg.Tensor([1.0], backend="cuda")
    assert api.calls.count("enter") == 0
    thread = threading.Thread(target=lambda: (x.exp(), x.exp()))
    thread.start()
    thread.join()
    assert api.calls.count("enter") == 1


def test_out_of_memory_says_how_much_is_needed_and_free(gpu, api):
    kept = gpu.empty(2**28 - 2**25, np.float32)
    del kept  # kept for the next array of that size, and freed where it is in the way
    array = gpu.empty(2**27, np.float32)
    with pytest.raises(
        DeviceError, match=r"Fake GPU .* 1,024 MiB are needed, and 512 of 1,024 MiB"
    ):
        gpu.empty(2**28, np.float32)
    assert array.nbytes == 2**29


def test_an_error_of_the_driver_is_a_sentence(gpu, api):
    api.cuMemsetD8Async = lambda *arguments: (BROKEN,)
    api.cuMemsetD8Async.__name__ = "cuMemsetD8Async"
    with pytest.raises(DeviceError, match=r"cuMemsetD8Async failed: CUDA_ERROR_UNKNOWN \(in words"):
        gpu.empty(4, np.float32).fill_bytes(0)


@pytest.mark.parametrize(
    ("library", "compiler", "message"),
    [
        (None, False, "needs NVIDIA's driver, which is not installed; .* the back end 'numba'"),
        (None, True, "needs NVIDIA's driver, which is not installed; .* the back end 'numba'"),
        (FakeLibrary(NO_DEVICE), False, "needs a GPU of NVIDIA, and the driver finds none; choose"),
        (FakeLibrary(BROKEN), False, r"needs a GPU that works: .* CUDA_ERROR_UNKNOWN \(in words\)"),
        (FakeLibrary(1), True, r"needs a GPU that works: the driver says unknown \(in words\)"),
        (FakeLibrary(), False, r"needs a compiler for GPUs, numba-cuda, .*microgpt-lab\[cuda13\]'"),
        (FakeLibrary(version=12_040), False, r"numba-cuda, .*; run `.*microgpt-lab\[cuda12\]'"),
        (FakeLibrary(version=15_000), False, r"numba-cuda, .*; run `.*microgpt-lab\[cuda13\]'"),
        (
            FakeLibrary(version=12_040),
            True,
            r"needs a newer driver: .* 12, .* of CUDA 13.5.0; .*12\]",
        ),
        (FakeLibrary(version=11_080), True, r"needs a newer driver: .*; update the driver$"),
    ],
)
def test_what_is_missing_is_one_sentence(library, compiler, message, monkeypatch):
    fake_machine(monkeypatch, library, compiler)
    assert not backends.available("cuda")
    with pytest.raises(BackendUnavailable, match=f"the back end 'cuda' .*{message}"):
        mg.use("cuda")
    part = numba_cuda.what_is_missing().part
    assert f"needs {part}" in backends.table().splitlines()[1]


def test_a_compiler_and_the_bindings_are_needed_both(monkeypatch):
    for name, absent in (("_bindings_version", None), ("is_installed", False)):
        fake_machine(monkeypatch, FakeLibrary())
        monkeypatch.setattr(_driver, name, lambda *_, absent=absent: absent)
        assert numba_cuda.what_is_missing().part == "a compiler for GPUs"


def test_a_gpu_that_works_lacks_nothing(monkeypatch):
    fake_machine(monkeypatch, FakeLibrary())
    assert numba_cuda.what_is_missing() is None
    assert backends.available("cuda")


def test_the_driver_library_is_loaded_by_its_name(monkeypatch):
    asked = []
    monkeypatch.setattr(_driver_library.ctypes, "CDLL", asked.append)
    for platform in ("linux", "win32"):
        monkeypatch.setattr(_driver_library.sys, "platform", platform)
        _driver_library.load_library()
    assert asked == ["libcuda.so.1", "nvcuda.dll"]

    def absent(name):
        raise OSError(name)

    monkeypatch.setattr(_driver_library.ctypes, "CDLL", absent)
    assert _driver_library.load_library() is None


def test_an_unknown_driver_is_refused(monkeypatch):
    monkeypatch.setenv(numba_cuda.DRIVER_VARIABLE, "paper")
    with pytest.raises(SettingError, match="MICROGPT_CUDA_DRIVER must be one of 'gpu', 'emulated'"):
        backends.available("cuda")
