"""The command `microgpt exercises`: the list, and the self-test of a teacher's file."""

import json

import pytest
from exercise_answers import write_teachers_file

from microgpt import learn
from microgpt.cli import main
from microgpt.learn import registry


@pytest.fixture(autouse=True)
def no_custom_exercises(monkeypatch):
    """No exercises but those of the course."""
    monkeypatch.setattr(registry, "_custom", {})


def test_the_list(capsys):
    assert main(["exercises"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["09.sample", "10", "minutes", "difficulty", "3", "sample(logits,"] in [
        line[:6] for line in lines
    ]
    assert main(["exercises", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in listed] == [exercise.id for exercise in learn.exercises()]
    assert listed[0]["answer_name"] == "my_run"


def test_a_teachers_file_that_passes(tmp_path, capsys):
    assert main(["exercises", "--test", str(write_teachers_file(tmp_path))]) == 0
    assert capsys.readouterr().out == "week3.surprise: all is well\n"


def test_a_teachers_file_that_fails(tmp_path, capsys):
    mistake = 'CommonMistake("none", surprise, "Never.")'
    assert main(["exercises", "--test", str(write_teachers_file(tmp_path, mistake))]) == 1
    assert "the mistake 'none' is 'correct' with seed 0" in capsys.readouterr().out


@pytest.mark.parametrize("first", ["bad", "good"])
def test_one_bad_exercise_fails_the_file_wherever_it_stands(tmp_path, monkeypatch, capsys, first):
    file = write_teachers_file(tmp_path)
    text = file.read_text("utf-8")
    second = text.replace("week3.surprise", "week3.second").replace("EXERCISE =", "SECOND =")
    file.write_text(f"{text}\n{second}", "utf-8")
    bad = "week3.surprise" if first == "bad" else "week3.second"
    problems = {bad: [f"{bad}: the statement has 61 words"]}
    monkeypatch.setattr(learn, "self_test", lambda exercise: problems.get(exercise.id, []))
    assert main(["exercises", "--test", str(file)]) == 1
    said = capsys.readouterr().out.splitlines()
    good = "week3.second" if first == "bad" else "week3.surprise"
    assert sorted(said) == sorted([f"{good}: all is well", problems[bad][0]])


def test_files_that_do_not_come_to_their_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("microgpt.cli.exercises.TIME_LIMIT", 0.3)
    file = tmp_path / "endless.py"
    file.write_text("while True: pass")
    for path, message in [(file, "longer than 0.3 seconds"), (tmp_path, "is a folder")]:
        assert main(["exercises", "--test", str(path)]) == 1
        assert message in capsys.readouterr().err
