"""`generate` samples with a learner's functions: right ones as the library, wrong ones differ."""

import numpy as np
import pytest
from exercise_answers import SAMPLE, TEMPERATURE, TOP_K
from override_models import sample_names

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise
from microgpt.learn.sampler_override import SamplerOverride
from microgpt.learn.usage_report import CallStats, UsageReport


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
    assert "tokens sampled equal the library's" in report._repr_html_().replace("&#x27;", "'")


def test_afterwards_the_library_samples_again(library_names):
    with learn.using(sample=lambda *_: 0):
        sample_names()
    assert sample_names() == library_names


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("09.sample", "no temperature"),
        ("09.sample", "not normalised"),
        ("09.sample", "id order"),
        ("09.temperature", "after softmax"),
        ("09.temperature", "not normalised"),
        ("09.temperature", "multiplied"),
        ("09.top_k", "not normalised"),
        ("09.top_k", "first ids"),
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


@pytest.mark.parametrize("settings", [{"top_p": 0.5}, {"min_p": 0.1}, {"top_p": 0.5, "min_p": 0.1}])
def test_top_p_and_min_p_are_not_for_exercises(settings):
    with pytest.raises(mg.SettingError, match="top_p and min_p"), learn.using(sample=SAMPLE):
        sample_names(**settings)


def test_top_p_and_min_p_without_effect_are_accepted(library_names):
    with learn.using(sample=SAMPLE):
        assert sample_names(top_p=1.0, min_p=0.0) == library_names


def test_an_answer_that_changes_the_logits_changes_no_later_token(library_names):
    def sample(logits, T, k, u):
        token = SAMPLE(logits, T, k, u)
        logits[...] = 0
        return token

    with learn.using(sample=sample) as report:
        assert sample_names() == library_names
    assert report.matches_library


@pytest.mark.parametrize("name", ["sample", "temperature", "top_k"])
def test_the_logits_stay_as_they_are(name):
    def spoil(vector, *_):
        vector[...] = 0
        return 0 if name == "sample" else np.full(3, 1 / 3)

    logits = np.log([0.5, 0.25, 0.25])
    override = SamplerOverride({name: spoil}, UsageReport({name: CallStats()}))
    override.choose(logits, temperature=1.0, top_k=2, top_p=None, min_p=0.0, u=0.3)
    np.testing.assert_array_equal(logits, np.log([0.5, 0.25, 0.25]))


@pytest.mark.parametrize(("u", "token"), [(0.0, 0), (0.4999, 0), (0.5, 1), (0.7499, 1), (0.75, 2)])
def test_the_first_rank_whose_sum_exceeds_u_is_taken(u, token):
    """The same rule as `next_token`, at the edges too."""
    logits = np.log([0.5, 0.25, 0.25])
    report = UsageReport({"temperature": CallStats()})
    override = SamplerOverride({"temperature": lambda x, T: [0.5, 0.25, 0.25]}, report)
    settings = {"top_k": None, "top_p": None, "min_p": 0.0, "u": u}
    assert override.choose(logits, temperature=1.0, **settings) == token
