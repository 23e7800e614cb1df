"""Properties and their tests: what they may return, and mistakes of their authors."""

import re
from dataclasses import replace

import numpy as np
import pytest
from exercise_answers import TEMPERATURE

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise


def with_property(*parts):
    """An exercise with one property of those parts."""
    prop = learn.Property("It holds.", *parts)
    return replace(find_exercise("09.temperature"), properties=(prop,))


def one_case(rng):
    return [(np.array([1.0, 2.0]), 1.0)]


def test_a_test_may_return_a_bool():
    exercise = with_property(one_case, lambda answer, *arguments: answer(*arguments)[0] > 0)
    assert learn.check(exercise, TEMPERATURE)
    for false in (False, np.False_):
        exercise = with_property(one_case, lambda *_, false=false: false)
        result = learn.check(exercise, TEMPERATURE)
        assert (result.state, result.property) == ("not yet", "It holds.")
        assert (result.got, result.expected) == (None, None)


@pytest.mark.parametrize(
    ("inputs", "test", "message"),
    [
        (one_case, lambda *_: "no", "must be None if it holds, or a Mismatch(got, expected)"),
        (lambda rng: rng.normal(size=(2, 2)), None, "must be tuples of arguments, such as (x,)"),
        (lambda rng: 1 / 0, None, "got ZeroDivisionError"),
        (lambda: [], None, "got TypeError"),
    ],
)
def test_mistakes_in_a_property_are_its_authors(inputs, test, message):
    exercise = with_property(inputs, test)
    with pytest.raises(mg.SettingError, match=re.escape(message)):
        learn.check(exercise, exercise.solution)
