"""`self_test` passes every exercise of the course, and finds the problems of others."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from exercise_answers import write_teachers_file

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise

README = Path(__file__).parents[2] / "notebooks" / "README.md"


# More than two seconds: trainings, large graphs, long texts, and many mistakes.
LONG = {"00.first_change", "01.backward", "03.cross_entropy", "04.encode", "04.merge", "09.sample"}
LONG |= {"14.add", "14.guarded_map", "14.block_sum", "14.tiled_matmul", "14.row_softmax"}
LONG |= {"06.attention_head", "06.many_heads", "07.layer_norm", "07.rms_norm", "08.adamw_step"}
EXERCISES = [
    pytest.param(exercise, marks=[pytest.mark.slow] * (exercise.id in LONG), id=exercise.id)
    for exercise in learn.exercises()
]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_exercise_of_the_course_passes(exercise):
    with mg.using("numpy"):
        assert learn.self_test(exercise) == []


def test_problems_are_found(tmp_path):
    mistakes = """CommonMistake("none", surprise, "Never."),
        CommonMistake("two", lambda p: 2.0, "Two.", times_out=True)"""
    (exercise,) = learn.load(write_teachers_file(tmp_path, mistakes))
    problems = "\n".join(learn.self_test(exercise))
    assert "the mistake 'none' is 'correct' with seed 0" in problems
    assert "the mistake 'two' gets another cause" in problems


def test_missing_parts_are_found():
    exercise = replace(
        find_exercise("09.temperature"),
        statement="word " * 61,
        alternative_solutions=(lambda *arguments: arguments[0],),
        common_mistakes=(),
    )
    problems = "\n".join(learn.self_test(exercise))
    for part in ("has 61 words", "alternative solution 1 is rejected", "no common_mistakes"):
        assert part in problems
    problems = "\n".join(learn.self_test(replace(exercise, alternative_solutions=())))
    assert "in another way than the solution may be rejected" in problems


def test_the_example_in_the_readme_is_complete(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (tmp_path / "week3.py").write_text(code, "utf-8")
    (exercise,) = learn.load(tmp_path / "week3.py")
    assert learn.self_test(exercise) == []
