"""Commands whose standard streams are missing, closed, full, or no longer read."""

import contextlib
import os
import subprocess
import sys

import pytest
from cli_runs import STORY

import microgpt as mg
from microgpt.cli import main, progress

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes the streams")
TRAIN = "train --backend numpy --steps 2 --num-samples 1 --out"


def run(arguments, redirection, folder):
    """Run a command in a shell; return its exit status, and what came on both streams."""
    program = f"{sys.executable} -m microgpt {arguments} {redirection}"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.run(
        ["bash", "-c", program],
        cwd=folder,
        env=buffered,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return process.returncode, process.stdout, process.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_run_without_streams_is_trained_and_saved(tmp_path, closed):
    status, _, stderr = run(f"{TRAIN} out", closed, tmp_path)
    assert (status, stderr) == (0, "")
    assert mg.load(tmp_path / "out").model.parameter_count() == 4192


def test_files_do_not_take_the_numbers_of_closed_streams():
    code = """
import os
from microgpt.cli.streams import open_missing_streams
os.close(1)
os.close(2)
open_missing_streams()
with open(os.devnull) as file:
    number = file.fileno()
os._exit(0 if number > 2 and os.get_inheritable(1) else 1)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("statement", ["sys.{} = None", "sys.{}.close()"])
def test_streams_that_python_does_not_have(tmp_path, statement):
    """As in pythonw on Windows, or in a program that closed them."""
    lines = [statement.format(name) for name in ("stdin", "stdout", "stderr")]
    code = f"""
import os, sys
from microgpt.cli import main
{"; ".join(lines)}
status = main({[*STORY, "--steps", "1", "--num-samples", "1", "--out", str(tmp_path)]})
try:
    main(["nonsense"])
except SystemExit as exit:
    os._exit(10 * exit.code + status)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 20
    assert (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("command", ["--version", "--help", "exercises"])
def test_a_pipe_that_is_closed_gives_no_traceback(tmp_path, command):
    status, _, stderr = run(command, "| (exec <&-; sleep 0.1); exit ${PIPESTATUS[0]}", tmp_path)
    assert (status, stderr) == (1, "")


def test_a_full_disk_under_the_output_is_said(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    status, _, stderr = run("--version", "> /dev/full", tmp_path)
    assert (status, stderr) == (1, "microgpt: No space left on device\n")


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "No space left on device")])
def test_output_that_fails_in_the_middle_does_not_cost_the_run(tmp_path, monkeypatch, error):
    command = [*STORY, "--num-samples", "1", "--out", str(tmp_path)]
    assert main([*command, "--steps", "1"]) == 0  # a run that is there, and is announced as kept
    count = 0

    def update(*_):
        nonlocal count
        count += 1
        if count == 3:
            raise error

    monkeypatch.setattr(progress.Progress, "update", update)
    with contextlib.suppress(BrokenPipeError):  # which the command's entry point answers
        assert main([*command, "--steps", "9"]) == 1
    assert len(mg.Trainer.resume(tmp_path, mg.load_corpus("story")).history) == 3
    assert (tmp_path / "before-model.safetensors").exists()


def test_the_heartbeat_ends_where_nobody_reads(monkeypatch):
    def closed(*_, **__):
        raise BrokenPipeError

    work = progress.Progress(3, wait=lambda seconds: False)
    monkeypatch.setattr(work, "_print_line", closed)
    with work:
        work._thread.join(10)
        assert not work._thread.is_alive()  # its error would be a warning, and fail this test
