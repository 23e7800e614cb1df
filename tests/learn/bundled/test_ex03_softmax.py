"""03.softmax: what learners write, and what they are told."""

import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

ID = "03.softmax"


def exponentials(x):
    return np.exp(x - x.max(-1, keepdims=True))


def right(x):
    return exponentials(x) / exponentials(x).sum(-1, keepdims=True)


def in_lists(x):
    def row(numbers):
        if isinstance(numbers[0], list):
            return [row(one) for one in numbers]
        e = [math.exp(number - max(numbers)) for number in numbers]
        return [one / sum(e) for one in e]

    return row(x.tolist())


def filling_an_array(x):
    y = np.empty_like(x)
    y[...] = right(x)
    return y


@pytest.mark.parametrize(
    "answer",
    [in_lists, filling_an_array, lambda x: mg.Tensor(x).softmax(), lambda x: right(x[None])[0]],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def single_row_in_python(x):
    largest = max(x)
    e = [math.exp(number - largest) for number in x]
    return [one / sum(e) for one in e]


def loops_over_rows(x):
    rows = []
    for row in x:
        e = [math.exp(number - max(row)) for number in row]
        rows.append([one / sum(e) for one in e])
    return rows


def loops_over_two_axes(x):
    y = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = np.exp(x[i, j]) / np.exp(x[i]).sum()
    return y


def changes_x(x):
    x -= x.max(-1, keepdims=True)
    return right(x)


def makes_float64(x):
    y = np.zeros(x.shape)
    y[...] = right(x)
    return y


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda x: np.exp(x), "These are the exponentials"),
        (exponentials, "the largest of which is 1"),
        (lambda x: np.exp(x) / np.exp(x).sum(), "All rows together add up to 1"),
        (lambda x: np.exp(x) / np.exp(x).sum(0), "Columns add up to 1"),
        (lambda x: np.exp(x) / sum(np.exp(x)), "Columns add up to 1"),
        (lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True), "axis=1 is the second axis"),
        (lambda x: exponentials(x) / exponentials(x).sum(-1), "The sum lost its axis"),
        (lambda x: np.exp(x) / np.exp(x).sum(-1), "subtract each row's largest number"),
        (lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True), "e^1000 is too large"),
        (lambda x: right(np.clip(x, -700, 700)), "they were clipped"),
        (lambda x: right(np.maximum(x, -50)), "they were clipped"),
        (
            lambda x: (
                np.exp(np.minimum(x, 700)) / np.exp(np.minimum(x, 700)).sum(-1, keepdims=True)
            ),
            "they were clipped",
        ),
        (
            lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(-1, keepdims=True),
            "each row's own maximum",
        ),
        (lambda x: x / x.sum(-1, keepdims=True), "negative logits gave negative numbers"),
        (lambda x: x / sum(x), "the sums of its columns"),
        (lambda x: x / x.sum(), "the sum of all its numbers"),
        (lambda x: 1 / (1 + np.exp(-x)), "treats each number alone"),
        (lambda x: right(-x), "The sign is reversed"),
        (lambda x: np.log(right(x)), "np.exp is missing at the end"),
        (lambda x: right(right(x)), "Softmax was applied twice"),
        (lambda x: right(x).round(3), "rounded to 3 digits"),
        (lambda x: right(x * np.log(2)), "Powers of 2"),
        (lambda x: np.abs(x) / np.abs(x).sum(-1, keepdims=True), "abs() gives"),
        (lambda x: right(x) * x.shape[-1], "divided by its mean"),
        (single_row_in_python, "takes a single row"),
        (loops_over_rows, "expects a table"),
        (loops_over_two_axes, "expects a table"),
        (changes_x, "changed an argument"),
        (makes_float64, "float32 became float64"),
        (lambda x: right(x.astype(float)), "float32 became float64"),
        (lambda x: int(np.argmax(x)), "one number instead of 3 numbers"),
        (lambda x: None, "a `return` is missing"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    result = learn.check(ID, answer)
    assert result.state == "not yet"
    assert cause in result.cause


def test_row_sums_are_tested_before_values():
    result = learn.check(ID, lambda x: np.exp(x) / np.exp(x).sum(0))
    assert result.property == "Each row adds up to 1."
