"""`microgpt lab`: JupyterLab is started once, with the learner's options."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from shipped_notebooks import notebook

import microgpt as mg
from microgpt import backends
from microgpt.cli import lab, main, notebook_sync, warmup
from microgpt.cli.notebook_sync import sync_notebooks

ROOT = Path(mg.__file__).parent.parent


@pytest.fixture
def started(monkeypatch):
    """What `microgpt lab` would start, without starting it; kernels count as compiled."""
    commands = []

    class Server:
        def __init__(self, command, env):
            commands.append((command, env))

        def wait(self):
            return 0

    monkeypatch.setattr(lab.subprocess, "Popen", Server)
    monkeypatch.setattr(backends, "kernels_compiled", lambda: True)
    before = backends.current().name
    yield commands
    backends.use(before)


@pytest.mark.parametrize("words", [["--port", "8899"], ["--no-browser", "--ip=0.0.0.0"]])
def test_options_of_jupyterlab_in_the_wrong_place(started, tmp_path, capsys, words):
    with pytest.raises(SystemExit) as end:
        main(["lab", str(tmp_path / "mine"), *words])
    assert end.value.code == 2
    assert "put -- before JupyterLab's own options" in capsys.readouterr().err
    assert started == []


def test_options_reach_jupyterlab(started, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["lab", "mine", "--", "--no-browser", "--port", "8899"]) == 0
    assert main(["lab", "--no-browser", "--backend", "numpy"]) == 0
    assert main(["lab", "--", "--port", "8899"]) == 0  # not taken for a folder
    (first, _), (second, environment), (third, _) = started
    start = [sys.executable, "-m", "jupyterlab"]
    page = "--LabApp.default_url=/lab/tree/00_start_here.ipynb"
    assert first == [*start, "mine", page, "--no-browser", "--port", "8899"]
    assert second == [*start, "microgpt-notebooks", page, "--no-browser"]
    assert environment["MICROGPT_BACKEND"] == "numpy"
    assert third == [*second[:-1], "--port", "8899"]
    assert capsys.readouterr().out.count("\n") == 3  # one line each


def test_the_learners_own_notebook_is_opened_and_not_the_newer_one(
    started, source, tmp_path, monkeypatch
):
    mine = tmp_path / "mine"
    sync_notebooks(mine, source, "0.1.0")
    (mine / "00_start.ipynb").write_bytes(notebook("mine"))
    (mine / "00_a_file_of_ones_own.ipynb").write_bytes(notebook("x"))
    (source / "00_start.ipynb").write_bytes(notebook("newer"))
    monkeypatch.setattr(notebook_sync, "notebook_source", lambda: source)
    assert main(["lab", str(mine), "--no-browser"]) == 0
    assert [path.name for path in sorted(mine.glob("00_start-*"))]
    ((command, _),) = started
    assert "--LabApp.default_url=/lab/tree/00_start.ipynb" in command


def test_copy_only_starts_nothing(started, tmp_path, capsys):
    assert main(["lab", str(tmp_path / "mine"), "--copy-only"]) == 0
    assert started == []
    assert capsys.readouterr().out.startswith(f"notebooks in {tmp_path / 'mine'}: ")


def test_kernels_compile_behind_jupyterlab_and_only_if_they_will_be_used(
    started, tmp_path, monkeypatch, capsys
):
    compiled, mine = [], str(tmp_path / "mine")

    @contextmanager
    def compiling():
        compiled.append(1)
        yield
        compiled.append(len(started))

    monkeypatch.setattr(warmup, "compiling_in_background", compiling)
    monkeypatch.setattr(backends, "_default_name", None)
    monkeypatch.delenv("MICROGPT_BACKEND", raising=False)
    assert main(["lab", mine]) == 0
    assert compiled == []
    assert "compiled" not in capsys.readouterr().out
    monkeypatch.setattr(backends, "kernels_compiled", lambda: False)
    assert main(["lab", mine]) == 0
    assert compiled == [1, 2]  # until the second JupyterLab had ended
    assert "the kernels are compiled meanwhile" in capsys.readouterr().out
    assert main(["lab", mine, "--backend", "numpy"]) == 0
    assert compiled == [1, 2]
    assert len(started) == 3


def test_a_cache_that_cannot_be_written_stops_nothing(started, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(backends, "kernels_compiled", lambda: False)
    assert main(["lab", str(tmp_path / "mine"), "--backend", "numba"]) == 0
    assert "compiled kernels cannot be kept" in capsys.readouterr().err
    assert len(started) == 1


def test_a_file_in_the_way_is_named(started, tmp_path, capsys):
    (tmp_path / "microgpt.py").touch()
    assert main(["lab", str(tmp_path), "--copy-only"]) == 0
    assert f"would load {tmp_path / 'microgpt.py'} in place" in capsys.readouterr().err


def wrong_inputs(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "odd" / "00_start_here.ipynb").mkdir(parents=True)
    yield (
        [str(ROOT / "notebooks")],
        "folder must be another than the one that the notebooks come from",
    )
    yield [str(tmp_path / "file")], "is a file that is there already"
    yield [str(tmp_path / "file" / "below")], "choose another folder"
    yield [str(tmp_path / "odd")], "00_start_here.ipynb is a folder where a notebook belongs"
    yield [str(tmp_path / "mine"), "--backend", "gpu"], "there is no back end 'gpu'"


def test_wrong_input_is_one_sentence(started, tmp_path, capsys):
    for words, message in wrong_inputs(tmp_path):
        assert main(["lab", *words]) == 1
        said = capsys.readouterr().err.strip()
        assert said.startswith("microgpt: ")
        assert message in said
        assert "\n" not in said
    assert started == []


def test_without_jupyterlab_the_notebooks_arrive_all_the_same(
    started, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    assert main(["lab", str(tmp_path / "mine")]) == 1
    said = capsys.readouterr()
    assert 'run `pip install "microgpt-lab[lab]"`' in said.err
    assert said.err.count("\n") == 1
    assert (tmp_path / "mine" / "00_start_here.ipynb").is_file()


def test_a_wheel_without_notebooks_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        notebook_sync.microgpt, "__file__", str(tmp_path / "microgpt" / "__init__.py")
    )
    assert main(["lab", str(tmp_path / "mine"), "--copy-only"]) == 1
    assert "install microgpt-lab anew" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
@pytest.mark.parametrize(("status", "expected"), [(0, 0), (3, 3), (-15, 143), (-9, 137)])
def test_a_signal_that_ended_jupyterlab_is_reported_as_shells_do(started, tmp_path, monkeypatch,
                                                                status, expected):  # fmt: skip
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(lab.subprocess.Popen, "wait", lambda self: status)
    assert main(["lab", str(tmp_path / "lab")]) == expected
    assert signal.getsignal(signal.SIGTERM) is before


def test_control_c_is_left_to_jupyterlab():
    """The first one makes it ask; the second ends it; its status is ours."""
    code = """
import subprocess, sys
from microgpt.cli.lab import _wait_for
server = '''
import signal, sys
def asked(*_):
    asks.append(1)
    print("asks", flush=True)
    if len(asks) == 2: sys.exit(5)
asks = []
signal.signal(signal.SIGINT, asked)
print("up", flush=True)
while True: signal.pause()
'''
sys.exit(_wait_for(subprocess.Popen([sys.executable, "-c", server])))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "asks\n"
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 5


def test_the_makefile_passes_options_on():
    make = ["make", "--no-print-directory", "-n", "-o", ".venv/.lab", "lab"]
    run = subprocess.run(
        [*make, "ARGS=--no-browser --port 8899"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.stdout.strip() == ".venv/bin/microgpt lab lab -- --no-browser --port 8899"
