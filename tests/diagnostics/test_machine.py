"""Findings about libraries, threads, GPUs and the cache."""

import os
import sys

import pytest
from fake_gpu import BROKEN, NO_DEVICE, FakeLibrary, fake_machine

import microgpt as mg
from microgpt.backends import numba_cuda
from microgpt.backends.numba_cuda import _device
from microgpt.diagnostics import machine
from microgpt.diagnostics.report import Finding


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "file" / "cache"))
    assert machine.cache_finding().state == "problem"
    assert "set MICROGPT_CACHE" in machine.cache_finding().advice
    assert "Found a problem" in repr(mg.doctor(brief=True))


class FakeCommand:
    """A command with this output."""

    def __init__(self, text):
        self.text = text

    def output(self, timeout):
        return self.text


ONE, TWO = "NVIDIA L4, 23034, 550.54\n", "NVIDIA L4, 23034, 550.54\nTesla, X, [N/A], 1\n"
NAMES = {
    "": "the back end 'cuda' ",
    ONE: "NVIDIA L4 (22 GiB, driver 550.54). The back end 'cuda' ",
    TWO: "NVIDIA L4 (22 GiB, driver 550.54); Tesla (driver [N/A]). The back end 'cuda' ",
}
NEEDS = {  # what is here -> library, compiler, and what is needed
    "no driver": (None, True, "needs NVIDIA's driver, which is not installed; "),
    "no device": (FakeLibrary(NO_DEVICE), True, "needs a GPU of NVIDIA, and the driver finds none"),
    "broken": (FakeLibrary(BROKEN), True, "needs a GPU that works: the driver says CUDA_ERROR_UNK"),
    "no compiler": (
        FakeLibrary(),
        False,
        "needs a compiler for GPUs, numba-cuda, which is not ins",
    ),
    "too old": (FakeLibrary(version=12_040), True, "needs a newer driver: this one runs CUDA 12, "),
}
NOT_NEEDED = {
    "no driver": "no driver of NVIDIA is installed, and none is needed without a GPU",
    "no device": "NVIDIA's driver finds no GPU, and none is needed",
}


def gpu_line(monkeypatch, listed):
    """What the full report says of the GPU where nvidia-smi lists these."""
    monkeypatch.setattr(machine, "start_nvidia_smi", lambda: FakeCommand(listed))
    monkeypatch.setattr(machine, "start_threads_probe", lambda: FakeCommand("{}"))
    (finding,) = (one for one in mg.doctor().findings if one.subject == "GPU")
    assert finding.state in ("ok", "note", "problem")
    return finding


@pytest.mark.parametrize("listed", NAMES, ids=["unnamed", "one", "two"])
@pytest.mark.parametrize("name", NEEDS)
def test_what_a_gpu_needs(monkeypatch, name, listed):
    library, compiler, sentence = NEEDS[name]
    fake_machine(monkeypatch, library, compiler)
    found = gpu_line(monkeypatch, listed)
    if not listed and name in NOT_NEEDED:
        assert (found.state, found.text) == ("ok", NOT_NEEDED[name])
    else:
        assert found.state == "note"
        assert found.text.startswith(NAMES[listed] + sentence)


@pytest.mark.parametrize(
    ("listed", "device"), [(None, "a GPU of NVIDIA"), (ONE, "it"), (TWO, "the first of them")]
)
def test_a_gpu_that_works(monkeypatch, listed, device):
    fake_machine(monkeypatch, FakeLibrary())
    found = gpu_line(monkeypatch, listed)
    assert (found.state, found.text) == ("ok", f"{NAMES[listed or '']}runs on {device}")


@pytest.mark.parametrize("listed", ["", ONE])
def test_the_emulated_device_is_named(monkeypatch, listed):
    monkeypatch.setenv(numba_cuda.DRIVER_VARIABLE, numba_cuda.EMULATED)
    found = gpu_line(monkeypatch, listed)
    assert found.state == "note"
    assert found.text == (
        f"{NAMES[listed]}runs on the emulated device, as MICROGPT_CUDA_DRIVER says"
    )


def test_an_unknown_device_is_a_problem(monkeypatch):
    monkeypatch.setenv(numba_cuda.DRIVER_VARIABLE, "paper")
    found = gpu_line(monkeypatch, "")
    assert found.state == "problem"
    assert found.text.startswith(
        "the back end 'cuda' cannot be used: MICROGPT_CUDA_DRIVER must be one of 'gpu', 'emulated'"
    )


def test_compilers_for_gpus(monkeypatch):
    installed = {"numba-cuda": "0.30.4"}
    monkeypatch.setattr(machine, "installed_version", installed.get)
    monkeypatch.setattr(_device, "is_installed", installed.__contains__)
    assert machine.gpu_compiler_finding() == Finding("GPU compiler", "ok", "numba-cuda 0.30.4")
    monkeypatch.setenv("MICROGPT_CUDA_COMPILER", "mlir")
    found = machine.gpu_compiler_finding()
    assert found.text == "no numba-cuda-mlir, and none is needed without a GPU"
    assert "pip install 'microgpt-lab[gpu-compile]'" in found.advice
    monkeypatch.setenv("MICROGPT_CUDA_COMPILER", "nvcc")
    found = machine.gpu_compiler_finding()
    assert found.state == "problem"
    assert found.text == ("MICROGPT_CUDA_COMPILER must be one of 'numba-cuda', 'mlir'; got 'nvcc'")


def test_a_numba_that_cannot_be_loaded():
    found = machine.numba_finding(FakeCommand(None))
    assert found.state == "problem"
    assert "cannot be loaded" in found.text
    assert "MICROGPT_BACKEND=numpy" in found.advice


def test_libraries_too_old_or_absent(monkeypatch):
    versions_here = {"numpy": "1.20.3", "jupyterlab": None, "ipykernel": "7.0", "ipywidgets": "9"}
    monkeypatch.setattr(machine, "installed_version", versions_here.get)
    numpy, lab, kernel, widgets = machine.library_findings()
    assert (numpy.state, numpy.text) == ("problem", "1.20.3, and 1.26 or newer is needed")
    assert (lab.state, kernel.state, widgets.state) == ("note", "ok", "ok")
    assert '`pip install -U "jupyterlab>=4.2"`' in lab.advice


@pytest.mark.parametrize(
    ("version", "state"),
    [("1.9", "problem"), ("1.26", "ok"), ("1.26.0", "ok"), ("1.100.1", "ok"), ("2.0rc1", "ok"),
     ("10.0", "ok")],
)  # fmt: skip
def test_versions_are_compared_as_numbers(version, state, monkeypatch):
    monkeypatch.setattr(machine, "installed_version", lambda name: version)
    monkeypatch.setattr(machine, "minimum_versions", lambda: {"numpy": "1.26"})
    assert next(machine.library_findings()).state == state


def test_threads_that_say_more_than_was_asked():
    said = '{"layer": "omp", "threads": 2}\nOMP: Info #276: omp_set_nested is deprecated'
    assert machine.numba_finding(FakeCommand(said)).text.endswith(", 2 threads by 'omp'")
    for strange in ("x", "7", "[]", "{}"):
        found = machine.numba_finding(FakeCommand(strange))
        assert (found.state, found.text.partition("; ")[2]) == ("ok", "its threads are not known")


@pytest.mark.skipif(os.name == "nt", reason="Python is a command with other quotes there")
def test_programs_that_fail_hang_or_are_absent():
    assert machine.BackgroundCommand(sys.executable, "-c", "print(7)").output(30) == "7"
    assert machine.BackgroundCommand(sys.executable, "-c", "print(7); exit(1)").output(30) is None
    assert machine.BackgroundCommand("/nowhere/nvidia-smi").output(30) is None
    assert (
        machine.BackgroundCommand(sys.executable, "-c", "import time; time.sleep(999)").output(0.5)
        is None
    )
