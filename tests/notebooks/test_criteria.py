"""The metadata of an exercise's cell: its goals, with ids."""

import json

import pytest
from course import criteria, notebook_diff, percent_source
from notebook_sources import FILE_NAME, edit_source, write_source

from microgpt import learn
from microgpt.learn import messages

EXERCISES = learn.exercises()


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_every_goal_has_an_id_and_its_sentence(exercise):
    goals = criteria.criteria(exercise)
    texts = [goal["text"] for goal in goals]
    assert texts[-len(exercise.properties) :] == [goal.description for goal in exercise.properties]
    assert len({goal["id"] for goal in goals}) == len(goals)
    assert (goals[0]["id"] == f"{exercise.id}.worked_example") is (exercise.example is not None)
    section = messages.message_section(exercise.id)["properties"]
    for goal in goals[exercise.example is not None :]:
        assert section[goal["id"].removeprefix(f"{exercise.id}.")] == goal["text"]


def test_a_goal_outside_the_catalogue_has_a_number(monkeypatch):
    monkeypatch.setattr(messages, "message_section", lambda section: {"worked_example": "Works."})
    exercise = next(exercise for exercise in EXERCISES if exercise.id == "09.top_k")
    assert criteria.criteria(exercise)[1]["id"] == "09.top_k.goal_1"


def test_only_cells_of_exercises_have_it():
    assert criteria.cell_metadata(["varies", "check:09.top_k", "exercise:00.unknown"]) == {}
    (found,) = criteria.cell_metadata(["exercise:09.top_k"]).values()
    assert found["exercise"] == "09.top_k"


def test_a_changed_sentence_is_a_difference(tmp_path):
    folder = write_source(tmp_path)
    edit_source(folder, 'tags=["varies"]', 'tags=["exercise:09.top_k"]')
    source = percent_source.read_source(folder / "src" / FILE_NAME)
    committed = percent_source.read_source(folder / "src" / FILE_NAME)
    assert notebook_diff.source_difference(committed, source) is None
    committed.cells[-1].metadata.microgpt["criteria"][1]["text"] = "What stays adds up to one."
    difference = notebook_diff.source_difference(committed, source)
    assert difference == "cell 6 ('exercise-09-top_k') differs from its source in its criteria"


def test_the_committed_notebooks_have_it():
    found = {}
    for path in percent_source.NOTEBOOKS.glob("*.ipynb"):
        for cell in json.loads(path.read_bytes())["cells"]:
            for tag in cell["metadata"].get("tags", []):
                if tag.startswith("exercise:"):
                    found[tag.partition(":")[2]] = cell["metadata"]["microgpt"]["criteria"]
    assert set(found) >= {"00.first_change", "09.sample"}
    for exercise in EXERCISES:
        if exercise.id in found:
            assert found[exercise.id] == criteria.criteria(exercise)
