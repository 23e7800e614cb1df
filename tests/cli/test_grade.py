"""The command `microgpt grade`: its limits, its messages, and the file it writes."""

import csv
import json
import os
from pathlib import Path

import pytest

from microgpt.cli import main
from microgpt.learn.grading import worker
from microgpt.learn.grading.runner import Grader


@pytest.fixture
def work_dir(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake_worker(monkeypatch):
    """Replaces the worker process by a function that writes notes; its exit status, its notes."""

    def replace(status=1, notes=(worker.MEMORY_UNLIMITED,), others=("nonsense", "[1]")):
        def run(grader, request, work_dir, seconds):
            lines = [*(json.dumps({"note": note}) for note in notes), *others]
            Path(json.loads(request)["out"]).write_text("".join(line + "\n" for line in lines))
            return status

        monkeypatch.setattr(Grader, "_run_worker", run)
        return run

    return replace


def grade(*arguments):
    return main(["grade", *map(str, arguments), "--seed", "1"])


def test_the_help_says_that_it_is_no_sandbox(capsys):
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    assert "no sandbox" in capsys.readouterr().out


def test_nothing_to_grade(work_dir, capsys):
    assert grade(".") == 1
    assert "notebooks or Python files" in capsys.readouterr().err
    assert grade("absent") == 1
    assert "absent, which does not exist" in capsys.readouterr().err
    assert not Path("grades.csv").exists()
    Path("plain.py").write_text("x = 1")
    assert grade("plain.py") == 0
    (row,) = csv.DictReader(Path("grades.csv").read_text().splitlines())
    assert row["state"] == "broken"
    assert "no answer's name" in row["message"]


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300", "-1", "0"])
def test_limits_of_time_out_of_range(work_dir, capsys, seconds):
    assert grade(".", "--limit-seconds", seconds) == 1
    error = capsys.readouterr().err
    assert "--limit-seconds" in error
    assert error.count("\n") == 1


def test_limits_are_passed_on(work_dir, monkeypatch):
    """Memory is given in MB, each of 2^20 bytes."""
    Path("a.py").write_text("sample = 1")
    limits = []

    def run(grader, request, work_dir, seconds):
        limits.append((grader.limits.seconds, json.loads(request)["memory_bytes"]))
        return 1

    monkeypatch.setattr(Grader, "_run_worker", run)
    assert grade(".") == 0
    assert grade(".", "--limit-seconds", "2.5", "--limit-memory", "300") == 0
    assert limits[0] == (60.0, 4096 * 2**20)
    assert limits[-1] == (2.5, 300 * 2**20)


def test_limits_of_memory_out_of_range(work_dir, capsys):
    Path("a.py").write_text("sample = 1")
    assert grade(".", "--limit-memory", "9" * 20) == 1
    assert "--limit-memory" in capsys.readouterr().err


def test_memory_that_cannot_be_limited_is_mentioned(work_dir, capsys, fake_worker):
    fake_worker()
    Path("a.py").write_text("sample = 1")
    assert grade("a.py") == 0
    printed = capsys.readouterr()
    assert printed.err.count("this system cannot limit memory") == 1
    assert printed.out.startswith("1 file; answers: 1 broken; ")


@pytest.mark.parametrize(
    ("status", "notes", "blamed"),
    [
        (-9, [], True),
        (-9, [worker.MEMORY_UNLIMITED], False),
        (1, [worker.OUT_OF_MEMORY], True),
        (1, [], False),
    ],
)
def test_memory_is_blamed_only_where_it_may_be_the_cause(
    work_dir, fake_worker, status, notes, blamed
):
    fake_worker(status, notes, others=())
    Path("a.py").write_text("sample = 1")
    assert grade("a.py") == 0
    gradebook = Path("grades.csv").read_text()
    assert f"with status {status}" in gradebook
    assert ("perhaps it needed more memory" in gradebook) is blamed


def test_files_of_several_folders_are_told_apart(work_dir, fake_worker):
    fake_worker()
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "hw.py").write_text("sample = 1")
    assert grade("a", "b") == 0
    rows = csv.DictReader(Path("grades.csv").read_text().splitlines())
    assert [row["file"] for row in rows] == ["a/hw.py", "b/hw.py"]


def test_a_gradebook_that_cannot_be_written_is_found_before_the_work(work_dir, monkeypatch, capsys):
    def never(*arguments):
        raise AssertionError("it was graded")

    monkeypatch.setattr(Grader, "_run_worker", never)
    Path("a.py").write_text("sample = 1")
    for target in (Path("nowhere", "g.csv"), work_dir):
        assert grade(".", "--csv", target) == 1
        assert capsys.readouterr().err.startswith(f"microgpt: {target}: ")


def test_a_gradebook_never_overwrites_work(work_dir, capsys, fake_worker):
    fake_worker()
    files = {"a.py": "sample = 1", "notes.txt": "mine", "grades.csv": "name,room\nanna,3\n"}
    for name, text in files.items():
        Path(name).write_text(text)
    os.link("a.py", "b.csv")
    for options, message in [
        (["--csv", "a.py"], "is one of the files to grade"),
        (["--csv", "b.csv"], "is one of the files to grade"),
        (["--csv", "notes.txt"], "ends in .csv"),
        ([], "does not begin with a gradebook's header"),
    ]:
        assert grade("a.py", *options) == 1
        assert message in capsys.readouterr().err
    assert {name: Path(name).read_text() for name in files} == files
    for _ in range(2):  # a gradebook is replaced
        assert grade("a.py", "--csv", "mine.csv") == 0


def test_an_interrupt_keeps_what_is_graded(work_dir, monkeypatch, capsys, fake_worker):
    for name in ("a", "b", "c"):
        Path(f"{name}.py").write_text("sample = 1")
    run, calls = fake_worker(), []

    def interrupted_at_second(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run(*arguments)

    monkeypatch.setattr(Grader, "_run_worker", interrupted_at_second)
    assert grade(".") == 130
    rows = csv.DictReader(Path("grades.csv").read_text().splitlines())
    assert [row["file"] for row in rows] == ["a.py"]
    assert "interrupted; 1 of 3 files written: grades.csv" in capsys.readouterr().err
