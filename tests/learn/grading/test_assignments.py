"""Assignments: clean notebooks of exercises, which run while nothing is written."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from exercise_answers import telling_lines, write_teachers_file

import microgpt as mg
from microgpt import learn
from microgpt.learn import registry
from microgpt.learn.grading.assignments import build_assignment, stub_source, write_assignment

EXERCISES = learn.exercises()
IDS = [exercise.id for exercise in EXERCISES]


def run_cells(notebook):
    """The names that the notebook's code binds."""
    names = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    return names


def test_an_assignment_is_a_clean_notebook(tmp_path):
    write_assignment(build_assignment(IDS), tmp_path / "hw.ipynb")
    notebook = nbformat.read(tmp_path / "hw.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tags = [tag for cell in code for tag in cell.metadata.get("tags", [])]
    assert [tag for tag in tags if tag.startswith("exercise:")] == [f"exercise:{id}" for id in IDS]
    assert [tag for tag in tags if tag.startswith("check:")] == [f"check:{id}" for id in IDS]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    lines = {line.strip() for cell in notebook.cells for line in cell.source.splitlines()}
    assert not any(lines & telling_lines(exercise) for exercise in EXERCISES)
    names = run_cells(notebook)
    assert learn.check("09.sample", names["sample"]).state == "not attempted"
    # A statement has at most 60 words; signature, shapes, example and minutes come on top.
    assert all(len(cell.source.split()) <= 120 for cell in notebook.cells)


def test_assignments_for_nbgrader_and_without_hints():
    notebook = build_assignment(["09.top_k"], hints=False, nbgrader=True)
    assert notebook == build_assignment(["09.top_k"], hints=False, nbgrader=True)
    sources = "\n".join(cell.source for cell in notebook.cells)
    assert "mg.learn.hint" not in sources
    assert "raise_if_wrong()" in sources
    assert "About 5 minutes." in sources
    metadata = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert [entry["solution"] for entry in metadata] == [True, False]
    assert [entry["grade"] for entry in metadata] == [False, True]
    assert all(re.fullmatch(r"[\w-]+", entry["grade_id"]) for entry in metadata)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_nbgraders_students_keep_the_signature(exercise):
    """What `generate_assignment` makes of a cell: its own stub for what is between the marks."""
    marks = r"( *)### BEGIN SOLUTION\n(.*\n)*? *### END SOLUTION"
    student = re.sub(marks, r"\1raise NotImplementedError()", stub_source(exercise, nbgrader=True))
    assert "todo" not in student
    if exercise.is_function:
        names = {}
        exec(student, names)
        assert learn.check(exercise, names[exercise.answer_name]).state == "not attempted"
    else:
        with pytest.raises(NotImplementedError):
            exec(student, {})


def test_an_assignment_of_a_teachers_exercises_loads_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write_teachers_file(tmp_path)
    learn.load(file)
    notebook = build_assignment(["week3.surprise"], exercises_file=file)
    (cell,) = [cell for cell in notebook.cells if "learn.load" in cell.source]
    assert cell.source == 'mg.learn.load("week3.py");'
    assert cell.metadata.tags == ["imports"]
    monkeypatch.setattr(registry, "_custom", {})  # as in a learner's kernel
    names = run_cells(notebook)
    assert learn.check("week3.surprise", names["surprise"]).state == "not attempted"


def test_no_notebook_holds_a_solution():
    folder = Path(__file__).parents[3] / "notebooks"
    sources = [*folder.rglob("*.ipynb"), *folder.rglob("*.py")]
    assert sources
    for path in sources:
        text = path.read_text("utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells)
        lines = {line.strip() for line in text.splitlines()}
        for exercise in EXERCISES:
            # Every kernel has some of a kernel's lines; together they are the solution.
            telling = telling_lines(exercise)
            allowed = len(telling) - 1 if exercise.is_kernel else 0
            assert len(lines & telling) <= allowed, f"{path}: {exercise.id}"


def test_an_exercise_is_handed_out_once():
    with pytest.raises(mg.SettingError, match="exercises must be listed once each"):
        build_assignment(["09.sample", "09.top_k", "09.sample"])


def test_an_assignment_of_kernels_brings_their_names():
    notebook = build_assignment(["14.add", "14.row_softmax"])
    (imports,) = (cell for cell in notebook.cells if cell.id == "imports")
    assert "import math" in imports.source
    assert "from microgpt.interpreter import cuda, float32" in imports.source
    statement = next(cell.source for cell in notebook.cells if cell.id == "statement-14-add")
    assert "Example: `add[2, 8](out, [1, 2, " in statement
    names = run_cells(notebook)
    assert learn.check("14.add", names["add"]).state == "not attempted"
    assert "interpreter" not in build_assignment(["09.top_k"]).cells[1].source
