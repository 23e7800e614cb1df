"""The page for tutors: complete, current, and without a line of any solution."""

import json
from dataclasses import replace

import pytest
from course import build_command, percent_source, tutor_pack
from course.rules import exercises as rule
from notebook_sources import write_source
from shipped_notebooks import json_strings

from microgpt import learn

EXERCISES = learn.exercises()
COMMITTED = percent_source.NOTEBOOKS / tutor_pack.FILE_NAME


def test_the_committed_page_is_current():
    assert tutor_pack.is_current(percent_source.NOTEBOOKS), "run make notebooks"


def test_the_head_is_short():
    head = COMMITTED.read_text("utf-8").partition("\n# Notebook")[0]
    assert head.rstrip() == tutor_pack.HEAD.rstrip()
    assert len(head.splitlines()) <= 40


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_it_has_all_of_an_exercise_but_the_solution(exercise):
    page = tutor_pack.tutor_pack([exercise]).partition("\n# Notebook ")[2]
    assert f"## Exercise {exercise.id}\n\n{exercise.statement}\n" in page
    texts = [*exercise.hints, *(goal.description for goal in exercise.properties)]
    texts += [text for wrong in exercise.common_mistakes for text in (wrong.name, wrong.cause)]
    for text in texts:
        if not rule.given_away(exercise, [text]):
            assert text in page
    order = ["**Ask first.**", "1. *A nudge.*", "2. *The method.*", "3. *Nearly the code.*"]
    positions = [page.index(text) for text in [*order, "**Wrong answers", "**Ask next.**"]]
    assert positions == sorted(positions)
    assert rule.given_away(exercise, [page]) == []


def doubled(x):
    return x + x * 1.0 + 0.0


def test_lines_of_solutions_are_masked():
    hints = ("Double it.", "Add it to itself.", "Write return x + x * 1.0 + 0.0")
    exercise = next(one for one in EXERCISES if one.id == "09.temperature")
    page = tutor_pack.tutor_pack([replace(exercise, hints=hints, solution=doubled)])
    assert "3. *Nearly the code.* Write … (`mg.learn.hint(" in page
    assert "x * 1.0" not in page


PAGES = [COMMITTED, *sorted(percent_source.NOTEBOOKS.glob("*.ipynb"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_solution_is_committed(path):
    text = path.read_text("utf-8")
    texts = json_strings(json.loads(text)) if path.suffix == ".ipynb" else [text]
    assert len(" ".join(texts)) > 1000
    for exercise in EXERCISES:
        assert rule.given_away(exercise, texts) == [], exercise.id


def test_the_build_writes_and_compares_it(tmp_path, capsys, monkeypatch):
    folder = write_source(tmp_path)
    monkeypatch.setattr(build_command, "build", lambda name, folder: folder / f"{name}.ipynb")
    monkeypatch.setattr(build_command, "find_difference", lambda name, folder: None)
    assert build_command.main(["00"], folder) == 0
    assert not (folder / "TUTOR.md").exists()
    assert build_command.main(["--check"], folder) == 1
    assert "TUTOR.md is not what the catalogue makes now; run make notebooks" in (
        capsys.readouterr().err
    )
    assert build_command.main([], folder) == 0
    assert build_command.main(["--check"], folder) == 0
    (folder / "TUTOR.md").write_text("old", "utf-8")
    assert build_command.main(["--check"], folder) == 1
    assert build_command.main(["00", "--check"], folder) == 0
