"""`doctor`: true sentences, quickly, whatever the machine looks like."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from absent_libraries import without
from emulated_device import emulate
from fake_gpu import fake_machine

import microgpt as mg
from microgpt import backends
from microgpt.backends import numba_cuda
from microgpt.cli import main
from microgpt.diagnostics import Finding, installation, machine

ROOT = Path(mg.__file__).parent.parent
FIRST_CELL = """
import sys
import microgpt as mg
mg.require("0.1")
{before}
print(mg.doctor(brief=True))
print(mg.backends.current().name)
print(sorted({{"numba", "ipywidgets", "matplotlib"}} & set(sys.modules)))
"""


def first_cell(folder, before="", **environment):
    """What the first cell says in a fresh process with an empty cache."""
    kept = {name: os.environ[name] for name in os.environ if name != "MICROGPT_BACKEND"}
    run = subprocess.run(
        [sys.executable, "-c", FIRST_CELL.format(before=before)],
        cwd=folder, capture_output=True, text=True, check=True,
        env={**kept, "MICROGPT_CACHE": str(folder / "cache"), **environment},
    )  # fmt: skip
    return run.stdout.splitlines()


def test_the_first_cell_settles_a_cold_session_on_numpy(tmp_path):
    said, backend, loaded = first_cell(tmp_path)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert said == (
        f"Ready: Python {python}, NumPy. Fast kernels are not compiled yet, so this session runs "
        "on NumPy; `microgpt warmup` compiles them (half a minute, once)."
    )
    assert backend == "numpy"
    assert loaded == "[]"


def test_a_chosen_back_end_stays(tmp_path):
    said, backend, _ = first_cell(tmp_path, before="mg.use('numba')")
    assert "the first use waits" in said
    assert backend == "numba"
    said, backend, _ = first_cell(tmp_path, MICROGPT_BACKEND="numba")
    assert "the first use waits" in said
    assert backend == "numba"


def test_it_says_that_a_chosen_back_end_does_not_exist(monkeypatch):
    monkeypatch.setattr(backends, "_default_name", None)
    monkeypatch.setenv("MICROGPT_BACKEND", "gpu")
    assert "MICROGPT_BACKEND is 'gpu', which cannot be used here" in repr(mg.doctor(brief=True))
    fake_machine(monkeypatch, None)
    monkeypatch.setenv("MICROGPT_BACKEND", "cuda")
    assert "cannot be used here (the back end 'cuda' needs NVIDIA's driver," in repr(mg.doctor())
    monkeypatch.setenv(numba_cuda.DRIVER_VARIABLE, "paper")
    assert "cannot be used here (MICROGPT_CUDA_DRIVER must be one of" in repr(mg.doctor())


@pytest.fixture
def warm(cache):
    """An empty cache but for the file that a finished `microgpt warmup` leaves."""
    path, content = backends.compiled_marker()
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_ready_kernels(warm, monkeypatch):
    assert backends.kernels_compiled()
    assert json.loads(warm.read_bytes())["numba"] == importlib.metadata.version("numba")
    with backends.using("numba"):
        assert repr(mg.doctor(brief=True)).endswith("NumPy; fast kernels compiled.")
    with backends.using("numpy"):
        assert "but this session was set to NumPy: restart" in repr(mg.doctor(brief=True))


@pytest.mark.parametrize("compiled", [False, True])
def test_a_session_on_a_device(monkeypatch, compiled):
    monkeypatch.setattr(backends, "kernels_compiled", lambda: compiled)
    device = emulate(monkeypatch)
    with backends.using(device.name):
        said = repr(mg.doctor(brief=True))
    assert said.endswith("NumPy; this session runs on the back end 'cuda'.")


@pytest.mark.parametrize("variable", ["NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"])
def test_kernels_of_another_processor_are_not_ready(warm, monkeypatch, variable):
    monkeypatch.setenv(variable, "generic")
    assert not backends.kernels_compiled()


def test_kernels_of_changed_sources_are_not_ready(warm, monkeypatch):
    from microgpt.backends.numba_cpu.jit import cache

    monkeypatch.setattr(cache, "sources", lambda: [Path(__file__)])
    cache._digest.cache_clear()
    try:
        assert not backends.kernels_compiled()
    finally:
        cache._digest.cache_clear()


def test_the_whole_report(cache):
    report = mg.doctor()
    text = repr(report)
    assert report.problems == (), text
    assert text.startswith(f"microgpt {mg.__version__}: no problems found\n")
    for part in (
        f"{platform.python_version()} of the environment {Path(sys.prefix).name!r}",
        importlib.metadata.version("numpy"),
        importlib.metadata.version("ipywidgets"),
        f"numba         {importlib.metadata.version('numba')}, ",
        "threads by",
        "not compiled yet: `microgpt warmup`",
        "downloads and compiled kernels can be kept",
        f"microgpt {mg.__version__}, ",
    ):
        assert part in text
    for path in (ROOT, cache, Path.home(), sys.prefix):  # a card is handed in with the notebook
        assert str(path) not in report._repr_html_()


@pytest.fixture
def found(monkeypatch):
    """The findings of all checks: a list to fill."""
    found = []
    fine = Finding("x", "ok", "fine")
    monkeypatch.setattr(installation, "installation_findings", lambda: found)
    for module, name in ((installation, "conflict_findings"), (machine, "library_findings"),
                         (machine, "kernel_findings")):  # fmt: skip
        monkeypatch.setattr(module, name, lambda **_: [])
    for name in ("python_finding", "cache_finding", "numba_finding", "gpu_finding",
                 "gpu_compiler_finding", "start_threads_probe", "start_nvidia_smi"):  # fmt: skip
        monkeypatch.setattr(machine, name, lambda *_: fine)
    return found


def test_only_problems_are_counted(found):
    for states, verdict in [
        ((), "no problems found"),
        (("note", "ok"), "no problems found"),
        (("problem", "note"), "one problem found"),
        (("problem", "ok", "problem"), "2 problems found"),
    ]:
        found[:] = [Finding("y", state, f"{state} {i}") for i, state in enumerate(states)]
        report = mg.doctor()
        assert report.sentence == f"microgpt {mg.__version__}: {verdict}"
        count = states.count("problem")
        assert len(report.problems) == count
        brief = mg.doctor(brief=True)
        assert len(brief.problems) == count
        assert brief.sentence.startswith("Ready: " if count == 0 else "Found a problem")
        assert ("(1 more): problem 0." in brief.sentence) is (count == 2)


@pytest.mark.parametrize("chosen", [None, "numba", "numpy"])
@pytest.mark.parametrize("compiled", [False, True])
def test_numpy_is_chosen_only_where_nothing_is(found, monkeypatch, chosen, compiled):
    monkeypatch.setattr(backends, "_default_name", chosen)
    monkeypatch.delenv("MICROGPT_BACKEND", raising=False)
    monkeypatch.setattr(backends, "kernels_compiled", lambda: compiled)
    sentence = mg.doctor(brief=True).sentence
    assert backends.selected_name() == (chosen if chosen or compiled else "numpy")
    if chosen == "numba" and not compiled:
        assert "the first use waits" in sentence


def test_the_report_does_not_choose(cache, monkeypatch):
    monkeypatch.setattr(backends, "_default_name", None)
    monkeypatch.delenv("MICROGPT_BACKEND", raising=False)
    assert "as nothing else was chosen" in repr(mg.doctor())
    assert backends.selected_name() is None


def test_a_file_of_the_same_name_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "microgpt.py").touch()
    assert main(["doctor", "--brief"]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"Found a problem: {tmp_path / 'microgpt.py'} has this package's name")
    assert said.count("\n") == 1
    assert main(["doctor"]) == 1
    assert "rename it" in capsys.readouterr().out


def test_without_numba(tmp_path):
    code = """
import microgpt as mg
print(mg.doctor(brief=True))
print(mg.doctor())
"""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", without("numba", "llvmlite") + code],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "so this session runs on NumPy; `pip install numba` brings" in run.stdout
    assert "not installed, so everything runs on NumPy: `pip install numba`" in run.stdout
