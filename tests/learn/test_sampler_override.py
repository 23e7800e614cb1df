"""`generate` samples with a learner's functions: right ones as the library, wrong ones differ."""

import pytest
from exercise_answers import SAMPLE, TEMPERATURE, TOP_K
from override_models import sample_names

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise


@pytest.fixture(scope="module")
def library_names():
    return sample_names()


@pytest.mark.parametrize("id", ["09.sample", "09.temperature", "09.top_k"])
def test_a_right_answer_samples_what_the_library_samples(id, library_names):
    exercise = find_exercise(id)
    with learn.using(**{exercise.answer_name: exercise.solution}) as report:
        assert sample_names() == library_names
    assert report.matches_library
    assert report.calls[exercise.answer_name] == len(report.tokens) > 20
    assert f"Your {exercise.answer_name} ran {len(report.tokens)} times" in repr(report)
    assert "tokens are the library's" in report._repr_html_().replace("&#x27;", "'")


def test_afterwards_the_library_samples_again(library_names):
    with learn.using(sample=lambda *_: 0):
        sample_names()
    assert sample_names() == library_names


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("09.sample", "T after softmax"),
        ("09.sample", "not normalised"),
        ("09.sample", "id order"),
        ("09.temperature", "T after softmax"),
        ("09.temperature", "a power, not normalised"),
        ("09.temperature", "multiplied by T"),
        ("09.top_k", "not normalised"),
        ("09.top_k", "the first k ids"),
    ],
)
def test_a_wrong_answer_is_noticed(id, name):
    exercise = find_exercise(id)
    (mistake,) = (mistake for mistake in exercise.common_mistakes if mistake.name == name)
    with learn.using(**{exercise.answer_name: mistake.function}) as report:
        sample_names()
    assert not report.matches_library
    assert "differ" in str(report)


def test_temperature_and_top_k_together(library_names):
    with learn.using(temperature=TEMPERATURE, top_k=TOP_K) as report:
        assert sample_names() == library_names
    assert report.matches_library
    assert set(report.calls) == {"temperature", "top_k"}


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"sample": lambda *_: "a"}, "must be a whole number"),
        ({"sample": lambda *_: 99}, "a token from 0 to 26; got 99"),
        ({"temperature": lambda *_: None}, "must be an array"),
        ({"top_k": lambda *_: [0.5, 0.5]}, r"shape \(27,\); got \(2,\)"),
    ],
)
def test_results_of_another_type_raise(functions, message):
    with pytest.raises(mg.MicrogptError, match=message), learn.using(**functions):
        sample_names()


def test_top_p_and_min_p_are_not_for_exercises():
    with pytest.raises(mg.SettingError, match="top_p"), learn.using(sample=SAMPLE):
        sample_names(top_p=0.5)
