"""Grading: one row a file and exercise, the same for everybody, whatever the files do."""

import csv
import json
import os
import subprocess
import sys

import pytest
from exercise_answers import (
    IMPORT_CELL,
    SAMPLE_CODE,
    TEMPERATURE_CODE,
    TOP_K_CODE,
    notebook_json,
    write_teachers_file,
)

from microgpt import learn
from microgpt.learn.grading.runner import Grader, ResourceLimits

COLUMNS = ["file", "exercise", "state", "property", "message", "version", "seconds"]
KEEPS_TIES = "def top_k(p, k):\n    q = np.where(p >= np.sort(p)[-min(k, len(p))], p, 0)\n    return q / q.sum()"  # noqa: E501


@pytest.fixture
def folder(tmp_path):
    """A folder for submissions."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


def write_notebook(folder, *cells, name="a.ipynb"):
    (folder / name).write_text(notebook_json(*cells), "utf-8")
    return folder / name


def grade(path, **options):
    """The rows of a file or a folder, as (file, exercise) -> row."""
    rows = [row for rows in Grader([path], seed=2731, **options) for row in rows]
    return {(row.file, row.exercise): row for row in rows}


def states(rows):
    return {exercise: row.state for (_, exercise), row in rows.items()}


def grade_by_command(folder, target, *options, **environment):
    """The rows in the gradebook that the command writes."""
    command = [sys.executable, "-m", "microgpt", "grade", str(folder), "--seed", "2731",
               "--csv", str(target), *options]  # fmt: skip
    run = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=200
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    assert "x" * 10 not in run.stdout
    return list(csv.DictReader(target.read_text("utf-8").splitlines()))


@pytest.mark.slow
def test_every_file_gets_a_row_for_every_exercise(folder, tmp_path):
    (folder / ".ipynb_checkpoints").mkdir()
    files = {
        "anna.ipynb": notebook_json(
            IMPORT_CELL, (SAMPLE_CODE, "exercise:09.sample"), (TOP_K_CODE, "exercise:09.top_k")
        ),
        "bo.ipynb": notebook_json(
            IMPORT_CELL,
            ("raise SystemExit  # an untagged cell is never run",),
            ("def sample(*_):\n    return mg.learn.todo()", "exercise:09.sample"),
            ("%matplotlib inline\n" + KEEPS_TIES, "exercise:09.top_k"),
        ),
        "cleo.py": f"import numpy as np\n{SAMPLE_CODE}\nprint('x' * 10)\n"
        "if __name__ == '__main__':\n    1 / 0\n",
        "dan.ipynb": "{nonsense",
        "eve.ipynb": notebook_json(
            IMPORT_CELL, ("def sample(:", "exercise:09.sample"), (TOP_K_CODE, "exercise:09.top_k")
        ),
        "finn.ipynb": notebook_json(
            IMPORT_CELL, ("def sample(*_):\n    while True: pass", "exercise:09.sample")
        ),
        "gus.py": "def broken(:",
        "ida.ipynb": notebook_json(
            IMPORT_CELL,
            (f"import os\n{SAMPLE_CODE}\nopen('here', 'w').close()", "exercise:09.sample"),
            ("import os\nos._exit(7)", "exercise:09.top_k"),
        ),
        "jo.ipynb": notebook_json(IMPORT_CELL, ("samples = 3", "exercise:09.sample")),
        "kim.ipynb": notebook_json((SAMPLE_CODE, "exercise:09.sample")),
        "=lee.ipynb": notebook_json(
            IMPORT_CELL, ("def sample(*_):\n    return '=1+1'", "exercise:09.sample")
        ),
        ".ipynb_checkpoints/anna.ipynb": "{",
        "notes.txt": "not looked at",
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    rows = grade_by_command(folder, tmp_path / "grades.csv")
    assert list(rows[0]) == COLUMNS
    states = {(row["file"], row["exercise"].partition(".")[2]): row["state"] for row in rows}
    assert states == {
        ("'=lee.ipynb", "top_k"): "not attempted", ("'=lee.ipynb", "sample"): "not yet",
        ("anna.ipynb", "top_k"): "correct", ("anna.ipynb", "sample"): "correct",
        ("bo.ipynb", "top_k"): "not yet", ("bo.ipynb", "sample"): "not attempted",
        ("cleo.py", "top_k"): "not attempted", ("cleo.py", "sample"): "correct",
        ("dan.ipynb", "top_k"): "broken", ("dan.ipynb", "sample"): "broken",
        ("eve.ipynb", "top_k"): "correct", ("eve.ipynb", "sample"): "not yet",
        ("finn.ipynb", "top_k"): "not attempted", ("finn.ipynb", "sample"): "not yet",
        ("gus.py", "top_k"): "broken", ("gus.py", "sample"): "broken",
        ("ida.ipynb", "top_k"): "broken", ("ida.ipynb", "sample"): "correct",
        ("jo.ipynb", "top_k"): "not attempted", ("jo.ipynb", "sample"): "not yet",
        ("kim.ipynb", "top_k"): "not attempted", ("kim.ipynb", "sample"): "not yet",
    }  # fmt: skip
    messages = {(row["file"], row["exercise"]): row["message"] for row in rows}
    assert "More than k stayed" in messages["bo.ipynb", "09.top_k"]
    assert "SyntaxError" in messages["eve.ipynb", "09.sample"]
    assert "status 7" in messages["ida.ipynb", "09.top_k"]
    assert "not a notebook" in messages["dan.ipynb", "09.sample"]
    assert "NameError: name 'np'" in messages["kim.ipynb", "09.sample"]
    assert "only the import cell" in messages["kim.ipynb", "09.sample"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_the_same_grades_on_other_machines(folder, tmp_path):
    """NumPy and Numba, one thread and two, idle and busy: the same gradebook but for seconds."""
    run = ("my_run = mg.Trainer(mg.GPT(), mg.load_corpus('names-mini'), "
           "mg.TrainConfig(steps=20))\nmy_run.run()")  # fmt: skip
    multiplied = "def temperature(logits, T):\n    return (mg.Tensor(logits) * T).softmax()"
    write_notebook(
        folder,
        IMPORT_CELL,
        (run, "exercise:00.first_change"),
        (SAMPLE_CODE, "exercise:09.sample"),
        (KEEPS_TIES, "exercise:09.top_k"),
        (multiplied, "exercise:09.temperature"),
    )
    one_thread, two_threads = (
        {"NUMBA_NUM_THREADS": threads, "OMP_NUM_THREADS": threads} for threads in "12"
    )
    first = grade_by_command(folder, tmp_path / "1.csv", MICROGPT_BACKEND="numpy", **one_thread)
    assert [row["state"] for row in first] == ["correct", "not yet", "not yet", "correct"]
    busy_loop = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(busy_loop) for _ in range(os.cpu_count() or 1)]
    try:
        again = grade_by_command(folder, tmp_path / "2.csv", "--backend", "numba", **two_threads)
    finally:
        for other in others:
            other.kill()
            other.wait()
    for row in (*first, *again):
        row.pop("seconds", None)
    assert again == first


@pytest.mark.slow
def test_time_and_memory_are_limited(folder):
    (folder / "long.py").write_text("sample = 1\nwhile True: pass")
    greedy = "import numpy as np\nsample = np.ones((300, 1024, 1024))"
    (folder / "greedy.py").write_text(greedy)
    rows = grade(folder, limits=ResourceLimits(seconds=3, memory_bytes=1500 << 20))
    long = rows["long.py", "09.sample"]
    assert long.state == "broken"
    assert long.message == "It ran longer than 3 seconds and was stopped."
    greedy = rows["greedy.py", "09.sample"]
    assert greedy.state == "not yet"
    assert "MemoryError" in greedy.message


def test_a_teachers_exercises_are_graded(folder, tmp_path):
    (folder / "a.py").write_text("import math\ndef surprise(p): return -math.log2(p)\nsample = 1")
    (row,) = grade(folder, exercises_file=write_teachers_file(tmp_path)).values()
    assert (row.exercise, row.state, row.message) == (
        "week3.surprise", "not yet", "That is in bits.",
    )  # fmt: skip


def test_exercises_that_are_not_known(folder):
    (folder / "a.py").write_text("sample = 1")
    write_notebook(folder, IMPORT_CELL, ("f = 1", "exercise:week9.other"), name="b.ipynb")
    rows = grade(folder)
    assert {exercise for _, exercise in rows} == {"09.sample", "week9.other"}
    assert any("--exercises" in row.message for row in rows.values() if row.state == "broken")


HELPED_SAMPLE = """def sample(logits, T, k, u):
    order = np.argsort(-logits, kind="stable")
    if T == 0:
        return int(order[0])
    p = temperature(logits, T)[order[:k]]
    rank = int(np.searchsorted(np.cumsum(p / p.sum()), u, side="right"))
    return int(order[min(rank, len(p) - 1)])"""


@pytest.mark.slow
def test_a_cell_costs_only_its_own_exercise(folder):
    """One ends the process, one never ends; what the others bind is there all the same."""
    write_notebook(
        folder,
        IMPORT_CELL,
        (TEMPERATURE_CODE, "exercise:09.temperature"),
        ("import os\nos._exit(1)", "exercise:09.top_k"),
        (HELPED_SAMPLE, "exercise:09.sample"),
        ("while True: pass", "exercise:00.first_change"),
    )
    rows = grade(folder, limits=ResourceLimits(seconds=12))
    assert states(rows) == {
        "00.first_change": "not yet", "09.temperature": "correct",
        "09.top_k": "broken", "09.sample": "correct",
    }  # fmt: skip
    timed_out = rows["a.ipynb", "00.first_change"].message
    assert "its share of the time, and was stopped" in timed_out
    assert "status 1" in rows["a.ipynb", "09.top_k"].message


def test_a_file_that_ends_the_process_is_broken_for_every_exercise(folder):
    file = write_notebook(
        folder,
        ("import os\nos._exit(3)",),
        (SAMPLE_CODE, "exercise:09.sample"),
        (TOP_K_CODE, "exercise:09.top_k"),
    )
    rows = grade(file)
    assert states(rows) == {"09.top_k": "broken", "09.sample": "broken"}
    assert all("status 3" in row.message for row in rows.values())


def test_files_that_crash_are_broken_with_their_error(folder):
    (folder / "ends.py").write_text("import os\nsample = 1\nos._exit(7)")
    (folder / "crash.py").write_text("raise ValueError('on purpose')")
    rows = grade(folder)
    ends, crash = rows["ends.py", "09.sample"], rows["crash.py", "09.sample"]
    assert ends.message == "It ended its process early, with status 7."
    assert crash.state == "broken"
    assert crash.message == "ValueError: on purpose"


def test_a_corpus_beside_the_submission_is_found(folder):
    (folder / "towns.txt").write_text("\n".join(f"{a}ton" for a in "abcdefghij"))
    write_notebook(
        folder,
        (*IMPORT_CELL, "imports"),
        ("mine = mg.load_corpus('towns.txt')", "imports"),
        (
            "towns = mine.documents\n"
            + SAMPLE_CODE.replace("np.asarray", "(towns, np.asarray)[1]"),
            "exercise:09.sample",
        ),
    )
    assert states(grade(folder)) == {"09.sample": "correct"}


def test_answers_in_cells_without_a_tag_are_mentioned(folder):
    message = "found top_k in a cell without the tag exercise:09.top_k"
    write_notebook(folder, IMPORT_CELL, (TOP_K_CODE,))
    (row,) = grade(folder).values()
    assert message in row.message
    write_notebook(folder, IMPORT_CELL, (TOP_K_CODE, "exercise:09.top_k"), name="b.ipynb")
    first, second = grade(folder).values()
    assert (first.state, second.state) == ("not attempted", "correct")
    assert message in first.message


def test_a_notebook_that_loads_the_exercises_is_graded_on_the_teachers(folder, tmp_path):
    """What a learner makes of their copy of the file changes nothing."""
    load = ('mg.learn.load("week3.py");\nbase = 2', "imports")
    answer = ("import math\ndef surprise(p): return -math.log(p, base)", "exercise:week3.surprise")
    file = write_notebook(folder, (*IMPORT_CELL, "imports"), load, answer)
    (folder / "week3.py").write_text("raise SystemExit")
    (row,) = grade(file, exercises_file=write_teachers_file(tmp_path)).values()
    assert row.message == "That is in bits."


def test_a_worker_starts_without_nbformat(folder):
    """The runner has parsed the notebook; `import nbformat` alone takes seconds of CPU time."""
    check = "import sys\nassert 'nbformat' not in sys.modules\n"
    write_notebook(folder, IMPORT_CELL, (check + TOP_K_CODE, "exercise:09.top_k"))
    assert states(grade(folder)) == {"09.top_k": "correct"}


def test_exercises_come_in_the_order_of_the_course_and_then_by_name(folder):
    others = [f"week{number}.x" for number in range(12)]
    write_notebook(
        folder,
        *(("a = 1", f"exercise:{id}") for id in reversed(others)),
        *(("a = 1", f"exercise:{exercise.id}") for exercise in reversed(learn.exercises())),
    )
    expected = [*(exercise.id for exercise in learn.exercises()), *sorted(others)]
    assert Grader([folder], seed=0).exercise_ids == expected


def test_hidden_files_are_no_submissions_and_folders_are_part_of_names(folder, tmp_path):
    for name in ("hw.py", "b/hw.py", ".git/hw.py", ".hw.py", "__pycache__/hw.py", "b/.x/hw.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("sample = 1")
    assert [name for name, _ in Grader([folder], seed=0).files] == ["b/hw.py", "hw.py"]
    second = tmp_path / "second"
    second.mkdir()
    (second / "hw.py").write_text("sample = 1")
    names = [name for name, _ in Grader([folder, second], seed=0).files]
    assert names == [f"{folder}/b/hw.py", f"{folder}/hw.py", f"{second}/hw.py"]


def reporting(expression):
    """A cell whose answer is wrong for drawn logits, where it is this expression as a text."""
    code = SAMPLE_CODE.replace("def sample(", "def right(")
    return (
        f"{code}\ndef sample(logits, T, k, u):\n"
        "    by_hand = np.array_equal(logits, np.round(logits, 1))\n"
        f"    return right(logits, T, k, u) if by_hand else str({expression})"
    )


def message_of(folder, code, seed=2731):
    file = write_notebook(folder, IMPORT_CELL, (code, "exercise:09.sample"))
    ((row,),) = Grader([file], seed=seed)
    assert row.state == "not yet"
    return row.message


def test_the_inputs_follow_from_the_seed(folder):
    messages = [message_of(folder, reporting("logits.sum()"), seed) for seed in (1, 1, 2)]
    assert messages[0] == messages[1] != messages[2]


def test_an_answer_that_depends_on_the_order_of_a_set_is_graded_alike(folder):
    code = reporting("[*{str(number) for number in range(30)}]")
    assert len({message_of(folder, code) for _ in range(3)}) == 1


def test_files_outside_the_folder_of_a_submission_are_not_copied(folder):
    """Names in the code decide what is copied, but never to where."""
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "towns.txt").write_text("aton")
    code = "import os\n" + reporting(
        "[os.path.exists(name) for name in ('towns.txt', '../secret.txt', 'none.txt')]"
    )
    assert "[True, False, False]" in message_of(folder, code)


def test_an_answer_is_what_its_own_cell_binds(folder):
    write_notebook(
        folder,
        IMPORT_CELL,
        (f"{TOP_K_CODE}\n{SAMPLE_CODE}", "exercise:09.top_k"),
        ("pass", "exercise:09.sample"),
    )
    rows = grade(folder)
    assert states(rows) == {"09.top_k": "correct", "09.sample": "not yet"}
    assert rows["a.ipynb", "09.sample"].property == "The exercise's cell defines sample."


def test_lines_that_a_submission_writes_among_the_rows_are_no_rows(folder):
    row = {"exercise": "09.other", "state": "correct", "property": "", "message": "",
           "version": "", "seconds": 0.0}  # fmt: skip
    lines = [json.dumps(row), json.dumps({"note": "09.other"}), "[]", "{", '{"exercise": 3}']
    forged = "\n".join(lines)
    code = f"import os\nopen('../rows', 'a').write({forged!r} + chr(10))\nos._exit(3)"
    rows = grade(write_notebook(folder, IMPORT_CELL, (code, "exercise:09.sample")))
    assert states(rows) == {"09.sample": "broken"}


KERNEL = "def add(out, a, b):\n    i = cuda.{index}\n    out[i] = a[i] + b[i]\n"


def test_kernels_are_read_from_notebooks_and_scripts(folder):
    imports = ("from microgpt.interpreter import cuda, float32", "imports")
    right, wrong = KERNEL.format(index="grid(1)"), KERNEL.format(index="threadIdx.x")
    write_notebook(folder, imports, (right, "exercise:14.add"), name="anna.ipynb")
    write_notebook(folder, imports, ("\n" + wrong, "exercise:14.add"), name="bo.ipynb")
    script = "from microgpt.interpreter import cuda\n\n\n" + right
    (folder / "cleo.py").write_text(script, "utf-8")
    rows = grade(folder)
    assert {file: row.state for (file, _), row in rows.items()} == {
        "anna.ipynb": "correct", "bo.ipynb": "not yet", "cleo.py": "correct"
    }  # fmt: skip
    message = rows["bo.ipynb", "14.add"].message
    assert message.startswith("The block is forgotten")
    assert "In line 4 thread 0 of block 0 and thread 0 of block 1 both write out[0]" in message
