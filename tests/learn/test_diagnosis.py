"""The usual cause of a wrong answer: a common mistake that explains it, or what else is known."""

import functools
import itertools
from dataclasses import replace

import numpy as np
import pytest
from exercise_answers import SAMPLE, TEMPERATURE, TOP_K

from microgpt import learn
from microgpt.learn.registry import find_exercise


def with_properties(*properties, mistakes=()):
    """The temperature exercise with other properties and common mistakes."""
    exercise = find_exercise("09.temperature")
    return replace(exercise, properties=properties, common_mistakes=tuple(mistakes))


def numbered(count, T=1.0):
    """Inputs (x, T) with x[0] = 0, 1, …"""
    return lambda rng: ((np.array([float(i), 0.0]), T) for i in range(count))


def wrong_from(first, until=np.inf, error=1.0):
    """An answer that is wrong by `error` for x[0] from `first` on, and right from `until` on."""
    return lambda x, T: TEMPERATURE(x, T) + error * (first <= x[0] < until)


def mistake_from(first, **parts):
    return learn.CommonMistake(f"from {first}", wrong_from(first), f"From {first} on.", **parts)


# Common mistakes.


def test_a_mistake_is_named_only_if_it_fails_on_nearly_the_same_cases():
    exercise = with_properties(
        learn.Property("It holds.", numbered(50)), mistakes=[mistake_from(10)]
    )
    assert learn.check(exercise, wrong_from(10)).cause == "From 10 on."
    # First wrong where the mistake is, in the same way, but right again after some cases.
    half = learn.check(exercise, wrong_from(10, until=35))
    assert half.state == "not yet"
    assert half.cause != "From 10 on."
    # Wrong where the mistake is, and in more cases before.
    assert learn.check(exercise, wrong_from(8)).cause != "From 10 on."


def test_of_an_answer_with_two_mistakes_the_first_is_named():
    def answer(x, T):
        return wrong_from(3, error=1.0 if T == 1 else 5.0)(x, T)

    def exercise(count):
        return with_properties(
            learn.Property("It holds.", numbered(count)),
            learn.Property("It holds at T = 2.", numbered(30, T=2.0)),
            mistakes=[mistake_from(2), mistake_from(4), mistake_from(3)],
        )

    assert learn.check(exercise(6), answer).cause == "From 3 on."
    # Two failures in the first property are too few to tell.
    assert learn.check(exercise(5), answer).cause != "From 3 on."


def test_of_two_mistakes_that_explain_the_beginning_the_one_that_explains_more_is_named():
    def right_from(limit, error):
        return lambda x, T: wrong_from(3, error=1.0 if limit > T else error)(x, T)

    properties = [learn.Property(f"It holds at {T}.", numbered(9, T)) for T in (1.0, 2.0, 3.0, 4.0)]
    shorter = learn.CommonMistake("shorter", right_from(2, 7.0), "Shorter.")
    longer = learn.CommonMistake("longer", right_from(4, 8.0), "Longer.")
    exercise = with_properties(*properties, mistakes=[shorter, longer, mistake_from(5)])
    assert learn.check(exercise, right_from(3, 9.0)).cause == "Longer."


def test_a_mistake_of_many_forms_is_recognised_by_its_results():
    def is_too_large(result, x, T):
        return (result > 1).any()

    exercise = with_properties(
        learn.Property("It holds.", numbered(20)),
        mistakes=[mistake_from(5, matches=is_too_large)],
    )
    for error in (1.0, 2.0, 3.5):
        answer = wrong_from(5, error=error)
        assert learn.check(exercise, answer).cause == "From 5 on."
        assert learn.check(exercise, lambda x, T, f=answer: list(f(x, T))).cause == "From 5 on."
    for other in (wrong_from(5, error=-1.0), wrong_from(5, until=7), wrong_from(8)):
        assert learn.check(exercise, other).cause != "From 5 on."
    # An answer without a result, and one of another shape, on which `matches` raises.
    assert learn.check(exercise, lambda x, T: None).cause != "From 5 on."
    assert learn.check(exercise, lambda x, T: {}).cause != "From 5 on."


def test_a_result_of_a_wrong_type_is_compared_by_its_number():
    exercise = find_exercise("09.sample")
    half = learn.CommonMistake("half", lambda *arguments: 0.5, "Half.")
    exercise = replace(exercise, common_mistakes=(half,))
    assert learn.check(exercise, lambda *arguments: np.float64(0.5)).cause == "Half."
    assert "the type float" in learn.check(exercise, lambda *arguments: 0.25).cause


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("09.sample", lambda logits, T, k, u: 1),
        ("09.sample", lambda logits, T, k, u: len(logits) - 1),
        ("09.sample", lambda logits, T, k, u: int(u * len(logits))),
        ("09.sample", lambda logits, T, k, u: SAMPLE(-logits, T, k, u)),
        ("09.sample", lambda logits, T, k, u: SAMPLE(np.exp(logits), T, k, u)),
        ("09.sample", lambda logits, T, k, u: SAMPLE(logits, T, max(1, k - 2), u)),
        ("09.sample", lambda logits, T, k, u: SAMPLE(logits, T**2, k, u)),
        ("09.temperature", lambda logits, T: TEMPERATURE(logits, 2 * T)),
        ("09.temperature", lambda logits, T: 1 - TEMPERATURE(logits, T)),
        ("09.temperature", lambda logits, T: np.zeros(len(logits))),
        ("09.top_k", lambda probabilities, k: TOP_K(probabilities, 1)),
        ("09.top_k", lambda probabilities, k: TOP_K(probabilities, max(1, k - 2))),
        ("09.top_k", lambda probabilities, k: probabilities),
    ],
)
def test_another_mistake_gets_no_common_mistakes_cause(id, answer):
    exercise = find_exercise(id)
    for seed in range(3):
        result = learn.check(id, answer, seed)
        assert result.state == "not yet"
        assert result.cause not in [mistake.cause for mistake in exercise.common_mistakes]


# A property's own cause.


def raises(error):
    def answer(x, T):
        if x[0] >= 3:
            raise error("on purpose")
        return TEMPERATURE(x, T)

    return answer


def changes_its_argument(x, T):
    x[0] += x[0] >= 3
    return TEMPERATURE(x, T)


@pytest.mark.parametrize(
    ("answer", "explained"),
    [
        (wrong_from(3), True),
        (raises(ZeroDivisionError), True),
        (raises(IndexError), True),
        (lambda x, T: TEMPERATURE(x, T) if x[0] < 3 else None, True),
        (lambda x, T: TEMPERATURE(x, T) if x[0] < 3 else "much", True),
        (raises(NameError), False),
        (raises(TypeError), False),
        (raises(AttributeError), False),
        (changes_its_argument, False),
    ],
)
def test_a_propertys_cause_explains_what_its_input_brings_about(answer, explained):
    exercise = with_properties(learn.Property("It holds.", numbered(9), cause="Large x."))
    assert (learn.check(exercise, answer).cause == "Large x.") == explained


def test_the_cause_of_a_property_with_a_test_explains_no_exception():
    def test(answer, x, T):
        return answer(x, T)[0] < 2

    exercise = with_properties(learn.Property("It holds.", numbered(9), test, "Too large."))
    assert learn.check(exercise, wrong_from(3, error=9.0)).cause == "Too large."
    assert "IndexError" in learn.check(exercise, raises(IndexError)).cause


# What is known without the exercise.


def test_an_error_is_shown_with_the_line_that_raised_it():
    def helper(numbers):
        return numbers.absent  # inside of what the answer calls

    def answer(logits, T):
        return helper(logits)

    cause = learn.check("09.temperature", answer).cause
    assert cause.endswith("(AttributeError) in the line: return numbers.absent  # inside of what "
                          "the answer calls")  # fmt: skip
    library = learn.check("09.temperature", lambda logits, T: np.linalg.inv(logits)).cause
    assert "np.linalg.inv(logits)" in library, "the learner's line, not the library's"
    unknown = eval("lambda logits, T: 1 / 0")  # code without a file
    assert "Call it with the input above" in learn.check("09.temperature", unknown).cause


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda probs: probs[0], "one number instead of 4 numbers"),
        (lambda probs: probs[:3], "3 numbers instead of 4 numbers"),
        (lambda probs: probs[None], "numbers of the shape (1, 4) instead of 4 numbers"),
    ],
)
def test_a_result_of_another_size_says_so(result, message):
    def answer(logits, T):
        return result(TEMPERATURE(logits, T))

    assert f"Your function returned {message}" in learn.check("09.temperature", answer).cause


def test_an_answer_that_changes_from_call_to_call_is_named():
    rng, calls = np.random.default_rng(0), itertools.count()
    for answer in (
        lambda logits, T: rng.random(len(logits)),
        lambda logits, T: TEMPERATURE(logits, T) + next(calls),
    ):
        result = learn.check("09.temperature", answer)
        assert "Called again with the same input, your function gave another" in result.cause


def test_an_answer_with_other_parameters_is_not_called():
    @functools.wraps(TEMPERATURE)
    def decorated(*arguments, **settings):
        return TEMPERATURE(*arguments, **settings)

    result = learn.check("09.temperature", lambda logits: logits)
    assert (result.got, result.property) == (
        "temperature(logits)", "Your function takes the arguments of the signature.",
    )  # fmt: skip
    assert not learn.check("09.temperature", lambda logits, T, k: TEMPERATURE(logits, T))
    for right in (decorated, lambda *arguments: TEMPERATURE(*arguments),
                  lambda x, temperature, axis=-1: TEMPERATURE(x, temperature)):  # fmt: skip
        assert learn.check("09.temperature", right)


def test_parameters_in_another_order_are_named_if_the_answer_is_wrong():
    cause = learn.check("09.temperature", lambda T, logits: TEMPERATURE(logits, T)).cause
    assert "in another order than in the signature, temperature(logits, T)" in cause
    assert learn.check("09.temperature", lambda T, logits: TEMPERATURE(T, logits))


def test_an_answer_that_is_no_function_says_what_to_hand_over():
    result = learn.check("09.temperature", np.array([0.5, 0.5]))
    assert result.got == "temperature of the type ndarray"
    assert 'mg.learn.check("09.temperature", temperature)' in result.cause
