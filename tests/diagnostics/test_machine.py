"""Findings about libraries, threads, GPUs and the cache."""

import os
import sys

import pytest

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


def test_gpus(monkeypatch):
    command = FakeCommand("NVIDIA L4, 23034, 550.54\nTesla, X, [N/A], 1\n")
    names = "NVIDIA L4 (22 GiB, driver 550.54); Tesla (driver [N/A]). The back end 'cuda' "
    for missing, state in (("needs a newer driver", "note"), ("", "ok")):
        monkeypatch.setattr(numba_cuda, "what_is_missing", lambda missing=missing: missing)
        found = machine.gpu_finding(command)
        assert (found.state, found.text) == (state, names + (missing or "runs on the first"))
    for nothing in (None, ""):
        assert (
            machine.gpu_finding(FakeCommand(nothing)).text
            == "no NVIDIA GPU found, and none is needed"
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
