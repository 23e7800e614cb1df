"""01.mul: what learners write for the backward rule of a product, and what they are told."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

ID = "01.mul"


def by_a_loop(a, b, dy):
    grads = []
    for other in (b, a):
        total = 0.0
        total += other * dy
        grads.append(total)
    return grads


def by_the_library(a, b, dy):
    x, y = mg.Value(a), mg.Value(b)
    (x * y).backward(dy)
    return x.grad, y.grad


@pytest.mark.parametrize(
    "answer",
    [
        by_a_loop,
        by_the_library,
        lambda a, b, dy: np.array([b, a]) * dy,
        lambda a, b, dy: (np.float32(b * dy), np.float32(a * dy)),
        lambda a, b, dy: (dy * ((a + b) - a), dy * ((a + b) - b)),
        lambda x, y, upstream: (y * upstream, x * upstream),
    ],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def divides_by_the_factor(a, b, dy):
    y = a * b
    return y / a * dy, y / b * dy


def changes_dy(a, b, dy):
    da = b * dy
    dy = da
    return da, a * dy


EXCHANGED, UPSTREAM = "The two are exchanged", "but dy was not used"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda a, b, dy: (a * dy, b * dy), EXCHANGED),
        (lambda a, b, dy: [dy * a, dy * b], EXCHANGED),
        (lambda a, b, dy: (b, a), UPSTREAM),
        (lambda a, b, dy: (1 * b, 1 * a), UPSTREAM),
        (lambda a, b, dy: (a, b), "a's local gradient is b, not a, and b's is a"),
        (lambda a, b, dy: (dy, dy), "the rule of a + b"),
        (lambda a, b, dy: (1, 1), "1 is the local gradient of a sum"),
        (lambda a, b, dy: (b * dy,) * 2, "db is the same as da"),
        (lambda a, b, dy: (a * dy,) * 2, "da is the same as db"),
        (lambda a, b, dy: (a * b * dy,) * 2, "The product a · b itself"),
        (lambda a, b, dy: (a * b,) * 2, "the result of the forward pass"),
        (lambda a, b, dy: (b + dy, a + dy), "dy was added to them"),
        (lambda a, b, dy: (dy / b, dy / a), "dy was divided by the other factor"),
        (lambda a, b, dy: (b / dy, a / dy), "were divided by dy"),
        (lambda a, b, dy: (b * dy, a), "db was not multiplied by dy"),
        (lambda a, b, dy: (b, a * dy), "da was not multiplied by dy"),
        (lambda a, b, dy: (-b * dy, -a * dy), "both signs are reversed"),
        (lambda a, b, dy: (int(b * dy), int(a * dy)), "rounded to whole numbers"),
        (lambda a, b, dy: (abs(b * dy), abs(a * dy)), "The signs are lost"),
        (lambda a, b, dy: (0, 0), "Both gradients are 0"),
        (divides_by_the_factor, "must not divide by it"),
        (changes_dy, "Not recognised"),
        (lambda a, b, dy: b * dy, "a tuple of exactly 2 plain numbers"),
        (lambda a, b, dy: (b * dy, a * dy, dy), "a tuple of exactly 2 plain numbers"),
        (lambda a, b, dy: {"da": b * dy, "db": a * dy}, "a tuple of exactly 2 plain numbers"),
        (lambda a, b, dy: (mg.Value(b * dy), mg.Value(a * dy)), "exactly 2 plain numbers"),
        (lambda a, b, dy: ((b * dy, a * dy), dy), "a tuple of exactly 2 plain numbers"),
        (lambda a, b, dy: (b.data * dy, a.data * dy), "(AttributeError)"),
        (lambda dy, a, b: (b * dy, a * dy), "in another order than in the signature"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    for seed in range(2):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause
