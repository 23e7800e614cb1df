"""`Exercise` and `Property` raise for what would fail only before a learner."""

import re
from dataclasses import replace

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise

EXERCISE = find_exercise("09.temperature")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("id", "Temperature", "id must be like '06.attention_head'"),
        ("id", 3, "id must be like '06.attention_head'"),
        ("hints", ("one",), "must be 3 strings; got ('one',)"),
        ("hints", "abc", "hints of 09.temperature must be a tuple of strings"),
        ("prerequisites", "softmax", "prerequisites of 09.temperature must be a tuple of strings"),
        ("difficulty", 99, "difficulty of 09.temperature must be an integer from 1 to 5"),
        ("importance", True, "importance of 09.temperature must be an integer"),
        ("properties", (), "must be at least 1 Property; got ()"),
        ("properties", learn.Property("One."), "a tuple of Property objects, with a comma"),
        ("common_mistakes", (3,), "must be a tuple of CommonMistakes"),
        ("alternative_solutions", (3,), "must be a tuple of functions"),
        ("solution", 3, "must be a function; got 3"),
        ("statement", None, "must be a string"),
        ("example", None, "must be an Example, which is the first test; got None"),
        ("signature", "f(x -> y", "must be like f(x, y) -> z; got 'f(x -> y'"),
        ("signature", "(x)", "must be a string that begins with the answer's name"),
    ],
)
def test_a_field_of_another_type_raises(field, value, message):
    with pytest.raises(mg.SettingError, match=re.escape(message)):
        replace(EXERCISE, **{field: value})


def test_a_property_is_made_of_functions():
    def inputs(rng):
        return [(np.ones(2), 1.0)]

    for parts, message in [(([(1.0,)],), "inputs of a property must be a function"),
                           ((inputs, 3), "test of a property must be a function")]:  # fmt: skip
        with pytest.raises(mg.SettingError, match=message):
            learn.Property("It holds.", *parts)


def test_parameters_are_parsed_as_python_does():
    def parameter_names(signature):
        return replace(EXERCISE, signature=signature).parameter_names

    assert parameter_names("f(x, axis=(0, 1), *, eps=1e-5) -> y") == ["x", "axis", "eps"]
    assert parameter_names("f() -> (a, b)") == []
    assert parameter_names("my_run") == []
