"""Grading: one row a file and exercise, the same for everybody, whatever the files do."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import microgpt as mg
from microgpt.cli import main
from microgpt.learn.grading import worker
from microgpt.learn.grading.gradebook import GradeRow, write_csv
from microgpt.learn.grading.submissions import read
from microgpt.learn.hints import source
from microgpt.learn.registry import find

pytestmark = pytest.mark.slow  # each file is graded in a process of its own

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
    assert "Traceback" not in run.stderr
    assert "x" * 10 not in run.stdout
    return out.read_text("utf-8")


def without_seconds(text):
    return [row[:-1] for row in csv.reader(text.splitlines())]


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
    write_csv([GradeRow(*cells, "0.1", 1.5)], table)
    (row,) = csv.DictReader(table.read_text().splitlines())
    assert list(row.values()) == [
        "'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)", "a b, c", "0.1", "1.5",
    ]  # fmt: skip
    with pytest.raises(OSError, match="nothing can be saved in"):
        write_csv([], table / "g.csv")  # in a file


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
    assert found.answers == {"w.a": "None\na = 1\nNone\nNone"}
    script = tmp_path / "a.py"
    script.write_text(
        "for sample in (1, 2): pass\nif 1:\n    from x import y as top_k\n"
        "def f(): temperature = 1\nx = [temperature for temperature in (1, 2)]\n"
        "for i in (1,):\n    def g():\n        temperature = 3\ntemperature: int\n"
    )
    known = [find(id) for id in ("09.temperature", "09.top_k", "09.sample")]
    assert list(read(script, known).answers) == ["09.top_k", "09.sample"]


def test_the_help_says_that_it_is_no_sandbox(capsys):
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    assert "no sandbox" in capsys.readouterr().out


def states(text):
    return {row["exercise"]: row["state"] for row in csv.DictReader(text.splitlines())}


QUESTION = TOP_K.replace("kept.sum()", "kept.sum()  # is that what renormalise means?")
PERCENT = 'name = ("top %d"\n        % 3)\n' + TOP_K
MAGIC = f"%matplotlib inline\nfiles = !ls\n{QUESTION}\ntop_k?"
TIMED = f"%%time\n{PERCENT}"


@pytest.mark.parametrize("cell", [QUESTION, PERCENT, MAGIC, TIMED])
def test_nothing_that_is_python_is_taken_out(tmp_path, cell):
    file = tmp_path / "a.ipynb"
    file.write_text(notebook(IMPORTS, (cell, "exercise:09.top_k")), "utf-8")
    names = {}
    exec(read(file, []).imports + "\n" + read(file, []).answers["09.top_k"], names)
    assert mg.learn.check("09.top_k", names["top_k"])


def test_cells_that_nobody_can_read_stay_as_they_are(tmp_path):
    file = tmp_path / "a.ipynb"
    file.write_text(notebook(("def f(:\n  '", "exercise:w.a")), "utf-8")
    with pytest.raises(SyntaxError):
        compile(read(file, []).answers["w.a"], "a", "exec")


def test_imports_need_no_tag_and_no_cell_of_their_own(tmp_path):
    file = tmp_path / "a.ipynb"
    cells = [("import sys\nx = 1",), ("import numpy as np\nraise SystemExit",),
             ("# an important word",), ("import os", "exercise:w.a")]  # fmt: skip
    file.write_text(notebook(*cells), "utf-8")
    assert read(file, []).imports == "import sys\nx = 1\nimport numpy as np"


def test_warnings_about_a_submission_are_not_the_teachers(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(r'sample = "\d"')
    assert list(read(file, [find("09.sample")]).answers) == ["09.sample"]


HELPED = """def sample(logits, T, k, u):
    order = np.argsort(-logits, kind="stable")
    if T == 0:
        return int(order[0])
    p = temperature(logits, T)[order[:k]]
    rank = int(np.searchsorted(np.cumsum(p / p.sum()), u, side="right"))
    return int(order[min(rank, len(p) - 1)])"""
TEMPERATURE = source(find("09.temperature")).partition("\n\n")[2]


def test_a_cell_costs_only_its_own_exercise(tmp_path):
    """One ends the process, one never ends; what the others bind is there all the same."""
    place = tmp_path / "submissions"
    place.mkdir()
    (place / "a.ipynb").write_text(
        notebook(
            IMPORTS,
            (TEMPERATURE, "exercise:09.temperature"),
            ("import os\nos._exit(1)", "exercise:09.top_k"),
            (HELPED, "exercise:09.sample"),
            ("while True: pass", "exercise:00.first_change"),
        ),
        "utf-8",
    )
    text = graded(place, tmp_path / "g.csv", "--limit-seconds", "20")
    assert states(text) == {
        "00.first_change": "not yet", "09.temperature": "correct",
        "09.top_k": "broken", "09.sample": "correct",
    }  # fmt: skip
    said = {row["exercise"]: row["message"] for row in csv.DictReader(text.splitlines())}
    assert "its share of the time, and was stopped" in said["00.first_change"]
    assert "status 1" in said["09.top_k"]


def test_a_file_that_ends_the_process_is_broken_as_a_whole(tmp_path):
    file = tmp_path / "a.ipynb"
    cells = [
        ("import os\nos._exit(3)",),
        (SAMPLE, "exercise:09.sample"),
        (TOP_K, "exercise:09.top_k"),
    ]
    file.write_text(notebook(*cells), "utf-8")
    text = graded(file, tmp_path / "g.csv")
    assert states(text) == {"09.top_k": "broken", "09.sample": "broken"}
    assert text.count("status 3") == 2


def test_a_corpus_beside_the_submission_is_found(tmp_path):
    place = tmp_path / "submissions"
    place.mkdir()
    (place / "towns.txt").write_text("\n".join(f"{a}ton" for a in "abcdefghij"))
    cells = [(*IMPORTS, "imports"), ("mine = mg.load_corpus('towns.txt')", "imports"),
             ("towns = mine.documents\n" + SAMPLE.replace("np.asarray", "(towns, np.asarray)[1]"),
              "exercise:09.sample")]  # fmt: skip
    (place / "a.ipynb").write_text(notebook(*cells), "utf-8")
    assert states(graded(place, tmp_path / "g.csv")) == {"09.sample": "correct"}


def test_memory_that_cannot_be_limited_is_said_and_stops_nothing(tmp_path, monkeypatch, capsys):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (100, 200))
    asked = []
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: asked.append(limits))
    assert worker._limit_memory(500)
    assert asked == [(200, 200)]

    def refuses(kind, limits):
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuses)
    assert not worker._limit_memory(500)
    monkeypatch.setattr("microgpt.learn.grading.runner.Grading._run", _writes_only_the_note)
    (tmp_path / "a.py").write_text("sample = 1")
    table = tmp_path / "g.csv"
    assert main(["grade", str(tmp_path / "a.py"), "--seed", "1", "--csv", str(table)]) == 0
    said = capsys.readouterr()
    assert said.err.count("this system cannot limit memory") == 1
    assert said.out.startswith("1 file; answers: 1 broken; ")


def _writes_only_the_note(grading, request, desk, seconds):
    with open(json.loads(request)["out"], "w", encoding="utf-8") as out:
        out.write(json.dumps({"note": worker.UNLIMITED}) + "\nnonsense\n[1]\n")
    return 1


def test_folders_of_the_same_names_are_told_apart(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hw.py").write_text("sample = 1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("microgpt.learn.grading.runner.Grading._run", _writes_only_the_note)
    assert main(["grade", "a", "b", "--seed", "1", "--csv", "g.csv"]) == 0
    rows = list(csv.DictReader((tmp_path / "g.csv").read_text().splitlines()))
    assert [row["file"] for row in rows] == ["a/hw.py", "b/hw.py"]


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300", "-1"])
def test_limits_that_are_none(tmp_path, capsys, seconds):
    assert main(["grade", str(tmp_path), "--seed", "1", "--limit-seconds", seconds]) == 1
    said = capsys.readouterr().err
    assert "--limit-seconds must be above 0 and at most 86,400" in said
    assert said.count("\n") == 1


def test_a_table_that_cannot_be_written_is_said_before_the_work(tmp_path, monkeypatch, capsys):
    def never(*arguments):
        raise AssertionError("it was graded")

    monkeypatch.setattr("microgpt.learn.grading.runner.Grading._run", never)
    (tmp_path / "a.py").write_text("sample = 1")
    for target in (tmp_path / "nowhere" / "g.csv", tmp_path):
        assert main(["grade", str(tmp_path), "--seed", "1", "--csv", str(target)]) == 1
        assert capsys.readouterr().err.startswith(f"microgpt: {target}: ")


def test_a_table_never_takes_the_place_of_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("microgpt.learn.grading.runner.Grading._run", _writes_only_the_note)
    monkeypatch.chdir(tmp_path)
    work = {"a.py": "sample = 1", "notes.txt": "mine", "grades.csv": "name,room\nanna,3\n"}
    for name, text in work.items():
        (tmp_path / name).write_text(text)
    os.link("a.py", "b.csv")
    for options, message in [
        (["--csv", "a.py"], "is one of the files to grade"),
        (["--csv", "b.csv"], "is one of the files to grade"),
        (["--csv", "notes.txt"], "must end in .csv"),
        ([], "does not begin as a table of grades does"),
    ]:
        assert main(["grade", "a.py", "--seed", "1", *options]) == 1
        assert message in capsys.readouterr().err
    assert {name: (tmp_path / name).read_text() for name in work} == work
    for _ in range(2):  # a table of ours is replaced
        assert main(["grade", "a.py", "--seed", "1", "--csv", "mine.csv"]) == 0


def test_memory_beyond_all_sense_is_refused(tmp_path, capsys):
    (tmp_path / "a.py").write_text("sample = 1")
    much = ["--limit-memory", "9" * 20]
    assert main(["grade", str(tmp_path), "--seed", "1", *much]) == 1
    assert "--limit-memory 256 to 1,048,576, in MB" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "notes", "blamed"),
    [
        (-9, [], True),
        (-9, [worker.UNLIMITED], False),
        (1, [worker.STARVED], True),
        (1, [], False),
    ],
)
def test_memory_is_blamed_only_where_it_may_be_the_cause(
    tmp_path, monkeypatch, status, notes, blamed
):
    def ends(grading, request, desk, seconds):
        lines = [json.dumps({"note": note}) + "\n" for note in notes]
        Path(json.loads(request)["out"]).write_text("".join(lines))
        return status

    monkeypatch.setattr("microgpt.learn.grading.runner.Grading._run", ends)
    (tmp_path / "a.py").write_text("sample = 1")
    table = tmp_path / "g.csv"
    assert main(["grade", str(tmp_path / "a.py"), "--seed", "1", "--csv", str(table)]) == 0
    assert f"with status {status}" in table.read_text()
    assert ("perhaps it needed more memory" in table.read_text()) is blamed


def test_files_that_crash_are_broken_with_their_error(tmp_path):
    place = tmp_path / "submissions"
    place.mkdir()
    (place / "ends.py").write_text("import os\nsample = 1\nos._exit(7)")
    (place / "crash.py").write_text("raise ValueError('on purpose')")
    text = graded(place, tmp_path / "g.csv")
    found = {row["file"]: row for row in csv.DictReader(text.splitlines())}
    assert found["ends.py"]["message"] == "It ended its process early, with status 7."
    assert found["crash.py"]["state"] == "broken"
    assert found["crash.py"]["message"] == "ValueError: on purpose"


def test_answers_in_cells_without_a_tag_are_mentioned(tmp_path):
    place = tmp_path / "submissions"
    place.mkdir()
    (place / "a.ipynb").write_text(notebook(IMPORTS, (TOP_K,)), "utf-8")
    said = "found top_k in a cell without the tag exercise:09.top_k"
    assert said in graded(place, tmp_path / "g.csv")
    (place / "b.ipynb").write_text(notebook(IMPORTS, (TOP_K, "exercise:09.top_k")), "utf-8")
    first, second = csv.DictReader(graded(place, tmp_path / "g.csv").splitlines())
    assert (first["state"], second["state"]) == ("not attempted", "correct")
    assert said in first["message"]


def test_a_notebook_that_loads_the_exercises_is_graded_on_the_teachers(tmp_path):
    """What a learner makes of their copy of the file changes nothing."""
    from test_exercises import BITS, own

    place = tmp_path / "submissions"
    place.mkdir()
    loads = ('mg.learn.load("week3.py");\nbase = 2', "imports")
    answer = ("import math\ndef surprise(p): return -math.log(p, base)", "exercise:week3.surprise")
    (place / "a.ipynb").write_text(notebook((*IMPORTS, "imports"), loads, answer), "utf-8")
    (tmp_path / "week3.py").write_text("raise SystemExit")
    (tmp_path / "real").mkdir()
    teachers = own(tmp_path / "real", BITS)
    text = graded(place / "a.ipynb", tmp_path / "g.csv", "--exercises", str(teachers))
    assert "That is bits." in text


def test_an_interrupt_keeps_what_is_graded(tmp_path, monkeypatch, capsys):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.py").write_text("sample = 1")
    calls = []

    def second_is_interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return _writes_only_the_note(*arguments)

    monkeypatch.setattr("microgpt.learn.grading.runner.Grading._run", second_is_interrupted)
    table = tmp_path / "g.csv"
    assert main(["grade", str(tmp_path), "--seed", "1", "--csv", str(table)]) == 130
    assert [row["file"] for row in csv.DictReader(table.read_text().splitlines())] == ["a.py"]
    assert f"interrupted; 1 of 3 files written: {table}" in capsys.readouterr().err
