"""Properties and their tests: what they may return, and mistakes of their authors."""

import re
from dataclasses import replace

import numpy as np
import pytest
from exercise_answers import TEMPERATURE

import microgpt as mg
from microgpt import learn
from microgpt.learn.case_runner import iter_cases
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


def test_an_answer_may_not_change_its_arguments():
    def sorts_afterwards(logits, T):
        probs = TEMPERATURE(logits, T)
        logits.sort()
        return probs

    result = learn.check("09.temperature", sorts_afterwards)
    assert result.state == "not yet"
    np.testing.assert_array_equal(result.input["logits"], [2.0, 1.0, 0.1, -1.0])


def test_a_test_that_changes_its_arguments_changes_no_other_case():
    seen, inputs = [], np.array([1.0, 2.0])

    def test(answer, logits, T):
        seen.append(logits.copy())
        logits[...] = -1

    exercise = with_property(lambda rng: [(inputs, 1.0), (inputs, 1.0)], test)
    assert learn.check(exercise, TEMPERATURE)
    np.testing.assert_array_equal(seen, [[1.0, 2.0]] * 2)
    np.testing.assert_array_equal(inputs, [1.0, 2.0])


def test_inputs_follow_from_the_seed_the_exercise_and_the_property():
    def drawn(seed, id="09.temperature", properties=1):
        def inputs(rng):
            yield (rng.normal(size=3), 1.0)

        prop = learn.Property("It holds.", inputs)
        exercise = replace(find_exercise("09.temperature"), id=id, properties=(prop,) * properties)
        return [tuple(case.arguments[0]) for case in iter_cases(exercise, seed)][1:]

    assert drawn(3) == drawn(3)
    several = [*drawn(3, properties=2), *drawn(4, properties=2), *drawn(3, "09.other", 2)]
    assert len(set(several)) == 6


def test_numbers_count_to_five_digits():
    (arguments,) = one_case(None)
    example = learn.Example(arguments, TEMPERATURE(*arguments))
    exercise = replace(with_property(one_case), example=example)
    assert exercise.tolerance == 1e-5
    assert learn.check(exercise, lambda *args: TEMPERATURE(*args) + 5e-6)
    assert not learn.check(exercise, lambda *args: TEMPERATURE(*args) + 5e-5)


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
