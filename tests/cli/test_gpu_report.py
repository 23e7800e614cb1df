"""`microgpt gpu-report`: on the emulated device, as on a machine that has hardly anything."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from absent_libraries import without

from microgpt.backends import numba_cuda
from microgpt.benchmark.gpu import run_stages
from microgpt.benchmark.gpu.rows import OK, WRONG, Row
from microgpt.benchmark.gpu.stages import STAGES
from microgpt.cli import gpu_report, main

ROOT = Path(__file__).parents[2]
# What a machine with a GPU need not have: what the package and its tests require besides NumPy
# and numba.
ABSENT = (
    *("matplotlib", "ipywidgets", "tiktoken", "regex", "google_crc32c", "pooch", "requests"),
    *("platformdirs", "psutil", "tqdm", "nbformat", "PIL", "IPython", "pytest", "hypothesis"),
)


@pytest.fixture
def stages(monkeypatch, tmp_path):
    """Let each stage find what is set for it; the report goes to tmp_path."""
    monkeypatch.setenv(numba_cuda.DRIVER_VARIABLE, numba_cuda.EMULATED)
    monkeypatch.setenv(gpu_report.FOLDER_VARIABLE, str(tmp_path))
    found = dict.fromkeys(STAGES, "done")

    def run_stage(name, seconds, folder, clock):
        state = {"done": OK, "wrong": WRONG}.get(found[name])
        rows = [Row("what", state, "came").to_dict()] if state else []
        return {"state": found[name], "error": "" if state else "boom", "rows": rows}

    monkeypatch.setattr(run_stages, "run_stage", run_stage)
    return found


def bare_machine(folder):
    """The environment of a Python that finds none of ABSENT, in processes that it starts too."""
    (folder / "sitecustomize.py").write_text(without(*ABSENT))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    paths = os.pathsep.join([str(ROOT), str(folder)])
    return kept | {"PYTHONPATH": paths, numba_cuda.DRIVER_VARIABLE: numba_cuda.EMULATED}


def command(folder, *options):
    """The command that `make gpu` gives, started on a bare machine."""
    return subprocess.run(
        [sys.executable, "-m", "microgpt", "gpu-report", "--out", str(folder / "report"), *options],
        cwd=ROOT, env=bare_machine(folder), capture_output=True, text=True, timeout=280,
    )  # fmt: skip


def test_make_gpu_starts_this_command_and_installs_nothing():
    run = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "gpu", "PYTHON=python9",
         "ARGS=--stages replay"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == "PYTHONPATH=. python9 -m microgpt gpu-report --stages replay"


def test_a_bare_machine_has_all_that_a_stage_imports(tmp_path):
    code = "import sys; from importlib import import_module\n"
    names = [*STAGES, "report", "run_stages", "stage_process", "torch_worker", "precision"]
    code += "".join(f"import_module('microgpt.benchmark.gpu.{name}')\n" for name in names)
    code += f"print(sorted(set({ABSENT!r}) & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], env=bare_machine(tmp_path), capture_output=True, text=True
    )
    assert run.stdout.strip() == "[]", run.stderr


def test_stages_run_on_a_bare_machine(tmp_path):
    run = command(tmp_path, "--stages", "machine,instructions")
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert lines[0] == "What is here (machine): done"
    assert lines[-1].endswith("go on with `--stages " + ",".join(
        name for name in STAGES if name not in ("machine", "instructions")
    ) + "`")  # fmt: skip
    assert {file.name for file in (tmp_path / "report").iterdir()} == {"report.md", "report.json"}


@pytest.mark.slow
def test_everything_runs_on_a_bare_machine_with_the_emulated_device(tmp_path):
    run = command(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert list(report["stages"]) == list(STAGES)
    assert {stage["state"] for stage in report["stages"].values()} == {"done"}
    assert {mark["met"] for mark in report["marks"]} == {None}
    assert "missing" not in run.stdout


def test_without_a_device_it_is_one_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv(numba_cuda.DRIVER_VARIABLE, raising=False)
    monkeypatch.setattr(numba_cuda, "what_is_missing", lambda: "needs a GPU of NVIDIA")
    assert main(["gpu-report", "--out", str(tmp_path / "report")]) == 1
    assert capsys.readouterr() == ("", "microgpt: the back end 'cuda' needs a GPU of NVIDIA\n")
    assert not (tmp_path / "report").exists()


def test_each_stage_is_printed_and_the_report_named(stages, tmp_path, capsys):
    assert main(["gpu-report"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines == [f"{stage.title} ({name}): done" for name, stage in STAGES.items()]
    assert last == f"written: {tmp_path / 'report.md'} and report.json beside it"


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("wrong", 1, "something is WRONG"),
        ("failed", 1, "it failed"),
        ("stopped", 0, "not finished"),
    ],
)
def test_states_and_the_status(stages, state, status, words, capsys):
    stages["replay"] = state
    assert main(["gpu-report"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == f"Recorded steps, repeated runs, resumed runs (replay): {words}"
    if state != "wrong":
        assert lines[-1] == "missing: replay; go on with `--stages replay`"


def test_a_second_run_goes_on(stages, tmp_path, capsys):
    stages["replay"] = "failed"
    assert main(["gpu-report"]) == 1
    stages["replay"] = "done"
    assert main(["gpu-report", "--stages", "replay"]) == 0
    assert "missing" not in capsys.readouterr().out.splitlines()[-1]
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert list(report["stages"]) == list(STAGES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stages", "replya"], "--stages must be one of machine, "),
        (["--minutes", "0"], "--minutes must be above 0"),
        (["--minutes", "nan"], "--minutes must be above 0"),
        (["--backend", "numpy"], "--backend must be left out, since gpu-report runs 'cuda'"),
    ],
)
def test_wrong_options(stages, options, message, capsys):
    assert main(["gpu-report", *options]) == 1
    assert message in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(stages, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["gpu-report", "--out", str(tmp_path / "file" / "report")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "nothing can be saved in" in said.err
