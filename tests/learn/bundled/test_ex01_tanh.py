"""01.tanh: what learners write for the backward rule of tanh, and what they are told."""

import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

ID = "01.tanh"


def by_the_library(x, dy):
    v = mg.Value(x)
    v.tanh().backward(dy)
    return v.grad


def by_exponentials(x, dy):
    e = math.exp(-2 * abs(x))
    y = (1 - e) / (1 + e)
    return (1 - y**2) * dy


@pytest.mark.parametrize(
    "answer",
    [
        by_the_library,
        by_exponentials,
        lambda x, dy: dy / np.cosh(x) ** 2,
        lambda x, dy: [dy * (1 - math.tanh(x)) * (1 + math.tanh(x))],
        lambda x, dy: np.float32((1 - np.tanh(x) ** 2) * dy),
    ],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def by_growing_exponentials(x, dy):
    y = (math.exp(2 * x) - 1) / (math.exp(2 * x) + 1)
    return (1 - y * y) * dy


def nan_when_large(x, dy):
    e = np.exp(2 * x)
    y = (e - 1) / (e + 1)
    return (1 - y * y) * dy


def measured_with(h):
    return lambda x, dy: dy * (math.tanh(x + h) - math.tanh(x - h)) / (2 * h)


@pytest.mark.parametrize("h", [1e-3, 5e-4, 2e-4, 1e-4, 1e-5, 1e-6, 1e-8])
def test_a_finite_difference_is_not_exact_enough(h):
    result = learn.check(ID, measured_with(h))
    assert result.state == "not yet"
    assert "A finite difference subtracts two numbers that are almost equal" in result.cause


OVERFLOW, UPSTREAM = "is too large for a float", "but dy was not used"


def one_when_large(x, dy):
    return dy if abs(x) > 300 else (1 - math.tanh(x) ** 2) * dy


def test_an_overflow_is_blamed_only_where_nothing_finite_came():
    result = learn.check(ID, one_when_large)
    assert result.state == "not yet"
    assert OVERFLOW not in result.cause


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda x, dy: (1 - math.tanh(math.tanh(x)) ** 2) * dy, "tanh was applied twice"),
        (lambda x, dy: (1 - x**2) * dy, "x was used where y belongs"),
        (lambda x, dy: 1 - math.tanh(x) ** 2, UPSTREAM),
        (lambda x, dy: 1 / math.cosh(x) ** 2, UPSTREAM),
        (lambda x, dy: 1 - math.tanh(x) ** 2 * dy, "Put 1 − y² in parentheses"),
        (lambda x, dy: (1 - math.tanh(x)) * dy, "lacks the square"),
        (lambda x, dy: math.tanh(x) * dy, "the height of the curve"),
        (lambda x, dy: math.tanh(x), "the result of the forward pass"),
        (lambda x, dy: math.tanh(x) ** 2 * dy, "was not taken from 1"),
        (lambda x, dy: (1 + math.tanh(x) ** 2) * dy, "The sign is wrong"),
        (lambda x, dy: (math.tanh(x) ** 2 - 1) * dy, "The sign is reversed"),
        (lambda x, dy: 1 - math.tanh(x) ** 2 + dy, "dy was added to it"),
        (lambda x, dy: math.tanh(x) * (1 - math.tanh(x)) * dy, "belongs to the sigmoid"),
        (lambda x, dy: dy, "dy came back as it was"),
        (lambda x, dy: (1 - math.tanh(dy) ** 2) * dy, "tanh was applied to dy"),
        (lambda x, dy: (1 - math.tanh(x * x)) * dy, "x was squared before tanh"),
        (lambda x, dy: dy / math.cosh(x), "1 / cosh(x) lacks the square"),
        (lambda x, dy: dy / (1 - x**2), "belongs to the inverse function"),
        (lambda x, dy: (1 - math.tanh(x) ** 2) * dy**2, "dy was used twice"),
        (lambda x, dy: (1 - math.tanh(x) ** 2) / dy, "was divided by dy"),
        (lambda x, dy: dy * 4 / (math.exp(x) + math.exp(-x)) ** 2, OVERFLOW),
        (lambda x, dy: dy / math.cosh(x) ** 2, OVERFLOW),
        (by_growing_exponentials, OVERFLOW),
        (nan_when_large, OVERFLOW),
        (lambda x, dy: (1 - np.tanh(x) ** 2, dy), "asks for one number"),
        (lambda x, dy: (1 - x.tanh() ** 2) * dy, "(AttributeError)"),
        (lambda x, dy: (1 - tanh(x) ** 2) * dy, "(NameError)"),  # noqa: F821
        (lambda dy, x: (1 - math.tanh(x) ** 2) * dy, "in another order than in the signature"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    for seed in range(2):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause
