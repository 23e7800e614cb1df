"""Grading: one row a file and exercise, the same for everybody, whatever the files do."""

import csv
import json
import os
import subprocess
import sys

import pytest

from microgpt.cli import main
from microgpt.learn.grading import Row, write_table
from microgpt.learn.notes import source
from microgpt.learn.registry import find
from microgpt.learn.submissions import read

COLUMNS = ["file", "exercise", "state", "property", "message", "version", "seconds"]


def notebook(*cells):
    """A notebook as JSON; a cell is its code and its tags."""
    listed = [
        {"cell_type": "code", "execution_count": None, "metadata": {"tags": list(tags)},
         "outputs": [], "source": code}
        for code, *tags in cells
    ]  # fmt: skip
    return json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


IMPORTS = ("import numpy as np\nimport microgpt as mg",)
SAMPLE = source(find("09.sample")).partition("\n\n")[2]
TOP_K = source(find("09.top_k")).partition("\n\n")[2]
TIES = "def top_k(p, k):\n    q = np.where(p >= np.sort(p)[-min(k, len(p))], p, 0)\n    return q / q.sum()"  # noqa: E501


@pytest.fixture
def folder(tmp_path):
    """Twelve submissions of every kind."""
    place = tmp_path / "submissions"
    (place / ".ipynb_checkpoints").mkdir(parents=True)
    files = {
        "anna.ipynb": notebook(
            IMPORTS, (SAMPLE, "exercise:09.sample"), (TOP_K, "exercise:09.top_k")
        ),
        "bo.ipynb": notebook(
            IMPORTS,
            ("raise SystemExit  # an untagged cell is never run",),
            ("def sample(*_):\n    return mg.learn.todo()", "exercise:09.sample"),
            ("%matplotlib inline\n" + TIES, "exercise:09.top_k"),
        ),
        "cleo.py": f"import numpy as np\n{SAMPLE}\nprint('x' * 10)\nif __name__ == '__main__':\n    1 / 0\n",  # noqa: E501
        "dan.ipynb": "{nonsense",
        "eve.ipynb": notebook(
            IMPORTS, ("def sample(:", "exercise:09.sample"), (TOP_K, "exercise:09.top_k")
        ),
        "finn.ipynb": notebook(
            IMPORTS, ("def sample(*_):\n    while True: pass", "exercise:09.sample")
        ),
        "gus.py": "def broken(:",
        "hal.ipynb": notebook(
            IMPORTS, ("def sample(*_):\n    return '=1+1'", "exercise:09.sample")
        ),
        "ida.ipynb": notebook(
            IMPORTS,
            (f"import os\n{SAMPLE}\nopen('here', 'w').close()", "exercise:09.sample"),
            ("import os\nos._exit(7)", "exercise:09.top_k"),
        ),
        "jo.ipynb": notebook(IMPORTS, ("samples = 3", "exercise:09.sample")),
        "kim.ipynb": notebook((SAMPLE, "exercise:09.sample")),
        "=lee.ipynb": notebook(IMPORTS, (SAMPLE, "exercise:09.sample")),
        ".ipynb_checkpoints/anna.ipynb": "{",
        "notes.txt": "not looked at",
    }
    for name, text in files.items():
        (place / name).write_text(text, "utf-8")
    return place


def graded(folder, out, *options, **environment):
    """The table that the command writes, as text."""
    command = [sys.executable, "-m", "microgpt", "grade", str(folder), "--seed", "2731",
               "--csv", str(out), *options]  # fmt: skip
    run = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=200
    )
    assert run.returncode == 0, run.stderr
    assert "x" * 10 not in run.stdout
    return out.read_text("utf-8")


def without_seconds(text):
    return [row[:-1] for row in csv.reader(text.splitlines())]


@pytest.mark.slow
def test_every_file_gets_a_row_for_every_exercise(folder, tmp_path):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    text = graded(folder, tmp_path / "grades.csv")
    rows = list(csv.DictReader(text.splitlines()))
    assert list(rows[0]) == COLUMNS
    states = {(row["file"], row["exercise"].partition(".")[2]): row["state"] for row in rows}
    assert states == {
        ("'=lee.ipynb", "top_k"): "not attempted", ("'=lee.ipynb", "sample"): "correct",
        ("anna.ipynb", "top_k"): "correct", ("anna.ipynb", "sample"): "correct",
        ("bo.ipynb", "top_k"): "not yet", ("bo.ipynb", "sample"): "not attempted",
        ("cleo.py", "top_k"): "not attempted", ("cleo.py", "sample"): "correct",
        ("dan.ipynb", "top_k"): "broken", ("dan.ipynb", "sample"): "broken",
        ("eve.ipynb", "top_k"): "correct", ("eve.ipynb", "sample"): "not yet",
        ("finn.ipynb", "top_k"): "not attempted", ("finn.ipynb", "sample"): "not yet",
        ("gus.py", "top_k"): "broken", ("gus.py", "sample"): "broken",
        ("hal.ipynb", "top_k"): "not attempted", ("hal.ipynb", "sample"): "not yet",
        ("ida.ipynb", "top_k"): "broken", ("ida.ipynb", "sample"): "correct",
        ("jo.ipynb", "top_k"): "not attempted", ("jo.ipynb", "sample"): "not yet",
        ("kim.ipynb", "top_k"): "not attempted", ("kim.ipynb", "sample"): "not yet",
    }  # fmt: skip
    said = {(row["file"], row["exercise"]): row["message"] for row in rows}
    assert "More than k stayed" in said["bo.ipynb", "09.top_k"]
    assert "SyntaxError" in said["eve.ipynb", "09.sample"]
    assert "status 7" in said["ida.ipynb", "09.top_k"]
    assert "not a notebook" in said["dan.ipynb", "09.sample"]
    assert "NameError: name 'np'" in said["kim.ipynb", "09.sample"]
    assert "only the import cell" in said["kim.ipynb", "09.sample"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_the_same_grades_on_other_machines(tmp_path):
    """Two thread counts, NumPy and Numba, loaded and idle: the same table but for seconds."""
    place = tmp_path / "submissions"
    place.mkdir()
    run = ("my_run = mg.Trainer(mg.GPT(), mg.load_corpus('names-mini'), "
           "mg.TrainConfig(steps=20))\nmy_run.run()")  # fmt: skip
    multiplied = "def temperature(logits, T):\n    return (mg.Tensor(logits) * T).softmax()"
    cells = {
        "exercise:00.first_change": run,
        "exercise:09.sample": SAMPLE,
        "exercise:09.top_k": TIES,
        "exercise:09.temperature": multiplied,
    }
    (place / "a.ipynb").write_text(
        notebook(IMPORTS, *((code, tag) for tag, code in cells.items())), "utf-8"
    )
    first = graded(place, tmp_path / "1.csv", MICROGPT_BACKEND="numpy")
    states = [row["state"] for row in csv.DictReader(first.splitlines())]
    assert states == ["correct", "not yet", "not yet", "correct"]
    burn = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(burn) for _ in range(os.cpu_count() or 1)]
    try:
        for threads in ("1", "2"):
            again = graded(place, tmp_path / "2.csv", "--backend", "numba",
                           NUMBA_NUM_THREADS=threads, OMP_NUM_THREADS=threads)  # fmt: skip
            assert without_seconds(again) == without_seconds(first)
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_time_and_memory_are_limited(tmp_path):
    place = tmp_path / "submissions"
    place.mkdir()
    (place / "long.py").write_text("sample = 1\nwhile True: pass")
    greedy = "import numpy as np\nsample = np.ones((300, 1024, 1024))"
    (place / "greedy.py").write_text(greedy)
    text = graded(place, tmp_path / "g.csv", "--limit-seconds", "3", "--limit-memory", "1500")
    greedy, long = csv.DictReader(text.splitlines())
    assert long["state"] == "broken"
    assert long["message"] == "It ran longer than 3 seconds and was stopped."
    assert greedy["state"] == "not yet"
    assert "MemoryError" in greedy["message"]


def test_own_exercises_are_graded_too(tmp_path):
    from test_exercises import BITS, own

    place = tmp_path / "submissions"
    place.mkdir()
    (place / "a.py").write_text("import math\ndef surprise(p): return -math.log2(p)\nsample = 1")
    text = graded(place, tmp_path / "g.csv", "--exercises", str(own(tmp_path, BITS)))
    (row,) = csv.DictReader(text.splitlines())
    assert (row["exercise"], row["state"], row["message"]) == (
        "week3.surprise", "not yet", "That is bits.",
    )  # fmt: skip
    (place / "b.ipynb").write_text(notebook(IMPORTS, ("f = 1", "exercise:week9.other")), "utf-8")
    rows = list(csv.DictReader(graded(place, tmp_path / "g.csv").splitlines()))
    assert {row["exercise"] for row in rows} == {"09.sample", "week9.other"}
    assert any("--exercises" in row["message"] for row in rows if row["state"] == "broken")


def test_files_and_empty_folders(tmp_path, capsys):
    table = tmp_path / "g.csv"
    assert main(["grade", str(tmp_path), "--seed", "1", "--csv", str(table)]) == 1
    assert "no notebook and no Python file" in capsys.readouterr().err
    assert main(["grade", str(tmp_path / "absent"), "--seed", "1"]) == 1
    assert "there is no file" in capsys.readouterr().err
    assert main(["grade", str(tmp_path), "--seed", "1", "--limit-seconds", "0"]) == 1
    assert not table.exists()
    (tmp_path / "plain.py").write_text("x = 1")
    assert main(["grade", str(tmp_path / "plain.py"), "--seed", "1", "--csv", str(table)]) == 0
    (row,) = csv.DictReader(table.read_text().splitlines())
    assert row["state"] == "broken"
    assert "no answer's name" in row["message"]


def test_a_table_is_harmless_in_a_spreadsheet(tmp_path):
    table = tmp_path / "g.csv"
    cells = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "a\nb, c"]
    write_table([Row(*cells, "0.1", 1.5)], table)
    (row,) = csv.DictReader(table.read_text().splitlines())
    assert list(row.values()) == [
        "'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)", "a b, c", "0.1", "1.5",
    ]  # fmt: skip
    with pytest.raises(OSError, match="nowhere"):
        write_table([], tmp_path / "nowhere" / "g.csv")


def test_what_a_submission_is_read_as(tmp_path):
    file = tmp_path / "a.ipynb"
    tagged = notebook(
        ("x = 1",),
        IMPORTS,
        ("import os", "imports"),
        ("y = 1", "imports"),
        ("!pip install x\na = 1\n%time b", "exercise:w.a"),
        ("c?", "exercise:w.a"),
    )
    file.write_text(tagged, "utf-8")
    found = read(file, [])
    assert found.imports == "import os\ny = 1"
    assert found.answers == {"w.a": "\na = 1\n\n"}
    script = tmp_path / "a.py"
    script.write_text(
        "for sample in (1, 2): pass\nfrom x import y as top_k\ndef f(): temperature = 1"
    )
    known = [find(id) for id in ("09.temperature", "09.top_k", "09.sample")]
    assert list(read(script, known).answers) == ["09.top_k", "09.sample"]


def test_the_help_says_that_it_is_no_sandbox(capsys):
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    assert "no sandbox" in capsys.readouterr().out
