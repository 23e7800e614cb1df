"""What is read of a notebook and of a Python file."""

import pytest
from exercise_answers import IMPORT_CELL, TOP_K_CODE, notebook_json

import microgpt as mg
from microgpt.learn.grading.submissions import read_submission
from microgpt.learn.registry import find_exercise


def write_notebook(folder, *cells):
    file = folder / "a.ipynb"
    file.write_text(notebook_json(*cells), "utf-8")
    return file


def test_tagged_cells_and_imports_are_read(tmp_path):
    file = write_notebook(
        tmp_path,
        ("x = 1",),
        IMPORT_CELL,
        ("import os", "imports"),
        ("y = 1", "imports"),
        ("!pip install x\na = 1\n%time b", "exercise:w.a"),
        ("c?", "exercise:w.a"),
    )
    submission = read_submission(file, [])
    assert submission.imports == "import os\ny = 1"
    assert submission.answers == {"w.a": "None\na = 1\nNone\nNone"}


def test_a_script_answers_by_the_names_it_binds(tmp_path):
    script = tmp_path / "a.py"
    script.write_text(
        "for sample in (1, 2): pass\nif 1:\n    from x import y as top_k\n"
        "def f(): temperature = 1\nx = [temperature for temperature in (1, 2)]\n"
        "for i in (1,):\n    def g():\n        temperature = 3\ntemperature: int\n"
    )
    exercises = [find_exercise(id) for id in ("09.temperature", "09.top_k", "09.sample")]
    assert list(read_submission(script, exercises).answers) == ["09.top_k", "09.sample"]


def test_a_name_with_a_type_is_bound_if_it_has_a_value(tmp_path):
    script, exercises = tmp_path / "a.py", [find_exercise("09.sample")]
    for line, binds in (("sample: object", False), ("sample: object = print", True)):
        script.write_text(line)
        assert bool(read_submission(script, exercises).answers) is binds


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_code(tmp_path, encoding):
    """Windows' editors write one."""
    script, notebook = tmp_path / "a.py", tmp_path / "a.ipynb"
    script.write_text("sample = 1", encoding)
    notebook.write_text(notebook_json(("a = 1", "exercise:w.a")), encoding)
    assert list(read_submission(script, [find_exercise("09.sample")]).answers) == ["09.sample"]
    assert read_submission(notebook, []).answers == {"w.a": "a = 1"}


QUESTION = TOP_K_CODE.replace("kept.sum()", "kept.sum()  # is that what renormalise means?")
PERCENT = 'name = ("top %d"\n        % 3)\n' + TOP_K_CODE
MAGIC = f"%matplotlib inline\nfiles = !ls\n{QUESTION}\ntop_k?"
TIMED = f"%%time\n{PERCENT}"


@pytest.mark.parametrize("cell", [QUESTION, PERCENT, MAGIC, TIMED])
def test_nothing_that_is_python_is_removed(tmp_path, cell):
    file = write_notebook(tmp_path, IMPORT_CELL, (cell, "exercise:09.top_k"))
    submission = read_submission(file, [])
    names = {}
    exec(submission.imports + "\n" + submission.answers["09.top_k"], names)
    assert mg.learn.check("09.top_k", names["top_k"])


def test_cells_that_are_no_python_stay_as_they_are(tmp_path):
    file = write_notebook(tmp_path, ("def f(:\n  '", "exercise:w.a"))
    with pytest.raises(SyntaxError):
        compile(read_submission(file, []).answers["w.a"], "a", "exec")


def test_imports_need_no_tag_and_no_cell_of_their_own(tmp_path):
    file = write_notebook(
        tmp_path,
        ("import sys\nx = 1",),
        ("import numpy as np\nraise SystemExit",),
        ("# an important word",),
        ("import os", "exercise:w.a"),
    )
    assert read_submission(file, []).imports == "import sys\nx = 1\nimport numpy as np"


def test_warnings_about_a_submission_are_not_the_teachers(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(r'sample = "\d"')
    assert list(read_submission(file, [find_exercise("09.sample")]).answers) == ["09.sample"]
