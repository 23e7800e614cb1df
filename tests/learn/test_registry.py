"""Exercises by id, and a teacher's own file of them."""

import numpy as np
import pytest
from exercise_answers import IN_BITS, TEACHERS_FILE, write_teachers_file

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise


def test_a_teachers_exercise_is_known_everywhere(tmp_path):
    file = write_teachers_file(tmp_path)
    (exercise,) = learn.load(file)
    assert learn.exercises()[-1] is exercise
    assert learn.check("week3.surprise", exercise.solution)
    assert learn.check("week3.surprise", lambda p: -np.log2(p)).cause == "That is in bits."
    assert str(learn.hint("week3.surprise", 2)) == "Surprises add."
    assert "def surprise" in learn.solution("week3.surprise")
    assert learn.load(file)[0] is find_exercise("week3.surprise"), "loading again replaces"


def test_files_that_cannot_be_loaded(tmp_path):
    with pytest.raises(mg.FormatError, match="no file"):
        learn.load(tmp_path / "absent.py")
    file = tmp_path / "broken.py"
    for text, message in [
        ("def", "cannot be run: SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(4)", "SystemExit: 4"),
        ("x = 1", "no Exercise"),
    ]:
        file.write_text(text)
        with pytest.raises(mg.FormatError, match=message):
            learn.load(file)


def test_ids_are_never_used_twice(tmp_path):
    file = tmp_path / "taken.py"
    text = TEACHERS_FILE.replace("{mistakes}", IN_BITS)
    file.write_text(text.replace("week3.surprise", "09.sample"), "utf-8")
    with pytest.raises(mg.SettingError, match=r"no other exercise has; got '09\.sample'"):
        learn.load(file)
    learn.load(write_teachers_file(tmp_path))
    with pytest.raises(mg.SettingError, match="no other exercise has"):
        learn.load(write_teachers_file(tmp_path, name="week4.py"))


def test_a_file_that_is_loaded_again_replaces_its_exercises(tmp_path):
    file = write_teachers_file(tmp_path)
    learn.load(file)
    other = write_teachers_file(tmp_path, name="week4.py")
    other.write_text(other.read_text("utf-8").replace("week3.", "week4."), "utf-8")
    learn.load(other)
    file.write_text(file.read_text("utf-8").replace("week3.surprise", "week3.other"), "utf-8")
    learn.load(file)
    ids = [exercise.id for exercise in learn.exercises() if exercise.id.startswith("week")]
    assert sorted(ids) == ["week3.other", "week4.surprise"]
    learn.load(file)  # its own ids are not taken
    with pytest.raises(mg.SettingError, match=r"got 'week3\.surprise'"):
        find_exercise("week3.surprise")


def test_a_file_with_a_taken_id_registers_nothing(tmp_path):
    file = write_teachers_file(tmp_path)
    text = file.read_text("utf-8")
    second = text.replace("week3.surprise", "09.sample").replace("EXERCISE =", "SECOND =")
    file.write_text(f"{text}\n{second}", "utf-8")
    with pytest.raises(mg.SettingError, match=r"got '09\.sample'"):
        learn.load(file)
    assert not any(exercise.id.startswith("week") for exercise in learn.exercises())
