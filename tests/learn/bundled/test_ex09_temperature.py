"""09.temperature: what learners write, in NumPy, plain Python and lists, and what they are told."""

import math

import numpy as np
import pytest
from exercise_answers import softmax

import microgpt as mg
from microgpt import learn

ID = "09.temperature"


def plain_softmax(logits):
    largest = max(logits)
    exponentials = [math.exp(logit - largest) for logit in logits]
    return [exponential / sum(exponentials) for exponential in exponentials]


def in_plain_python(logits, T):
    return plain_softmax([logit / T for logit in logits])


def in_float32(logits, T):
    scaled = np.asarray(logits, np.float32) / T
    exponentials = np.exp(scaled - scaled.max())
    return tuple(exponentials / exponentials.sum())


def by_powers_of_probabilities(logits, T):
    powers = softmax(logits) ** (1 / T)
    return powers / powers.sum()


@pytest.mark.parametrize(
    "answer",
    [
        in_plain_python,
        in_float32,
        by_powers_of_probabilities,
        lambda logits, T: mg.Tensor(logits / T).softmax(),
        lambda logits, T: mg.next_token(logits, T).probabilities,
    ],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def divides_after_the_exponential(logits, T):
    exponentials = np.exp(logits - logits.max()) / T
    return exponentials / exponentials.sum()


def misses_parentheses(logits, T):
    exponentials = [math.exp(logit - max(logits) / T) for logit in logits]
    return [exponential / sum(exponentials) for exponential in exponentials]


def multiplies_without_maximum(logits, T):
    exponentials = np.exp(logits * T)
    return exponentials / exponentials.sum()


def twice_in_two_ways(logits, T):
    powers = softmax(logits / T) ** (1 / T)
    return powers / powers.sum()


def without_maximum(logits, T):
    exponentials = [math.exp(logit / T) for logit in logits]
    return [exponential / sum(exponentials) for exponential in exponentials]


def without_maximum_in_float32(logits, T):
    with np.errstate(over="ignore", invalid="ignore"):
        exponentials = np.exp((logits / T).astype(np.float32))
        return exponentials / exponentials.sum()


def gives_up_on_large_logits(logits, T):
    scaled = np.asarray(logits) / T
    return softmax(scaled) if scaled.max() < 100 else np.linspace(0.9, 0.1, len(scaled))


NO_EFFECT, NOT_ONE = "T has no effect", "they do not add up to 1"
OVERFLOW = "too large for a float. Subtract the largest logit"
CLIPPED = "they were clipped to the same number. Subtract the largest logit"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda logits, T: softmax(logits * T), "The logits were multiplied by T"),
        (lambda logits, T: plain_softmax([x * T for x in logits]), "multiplied by T"),
        (multiplies_without_maximum, "The logits were multiplied by T"),
        (lambda logits, T: softmax(logits) / T, "T was applied after softmax"),
        (lambda logits, T: [p / T for p in plain_softmax(logits)], "T was applied after softmax"),
        (lambda logits, T: softmax(logits), NO_EFFECT),
        (lambda logits, T: softmax(logits - T), NO_EFFECT),
        (divides_after_the_exponential, NO_EFFECT),
        (misses_parentheses, NO_EFFECT),
        (lambda logits, T: softmax(logits / T**2), "T was applied twice"),
        (twice_in_two_ways, "T was applied twice"),
        (lambda logits, T: softmax(softmax(logits) / T), "Softmax was applied twice"),
        (lambda logits, T: logits / T, "softmax still has to turn them into probabilities"),
        (lambda logits, T: logits / T / np.sum(logits / T), "without the exponential"),
        (lambda logits, T: np.log(softmax(logits / T)), "np.exp is missing at the end"),
        (lambda logits, T: softmax(logits // T), "Divide with a single /"),
        (lambda logits, T: [round(p, 3) for p in in_plain_python(logits, T)], "were rounded"),
        (lambda logits, T: np.exp(logits / T), NOT_ONE),
        (lambda logits, T: np.exp((logits - max(logits)) / T), NOT_ONE),
        (lambda logits, T: softmax(logits) ** (1 / T), NOT_ONE),
        (without_maximum, OVERFLOW),
        (lambda logits, T: np.exp(logits / T) / np.exp(logits / T).sum(), OVERFLOW),
        (without_maximum_in_float32, OVERFLOW),
        (lambda logits, T: softmax(np.clip(logits / T, -700, 700)), CLIPPED),
        (lambda logits, T: softmax(np.minimum(logits / T, 50)), CLIPPED),
        (lambda logits, T: int(np.argmax(logits)), "returned one number instead of 4 numbers"),
        (lambda T, logits: softmax(logits / T), "stand in another order than in the signature"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    for seed in range(3):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause


def test_an_overflow_is_blamed_only_where_nothing_finite_came():
    result = learn.check(ID, gives_up_on_large_logits)
    assert result.property == "Large logits give probabilities, with no overflow."
    assert "too large for a float" not in result.cause
    assert "clipped" not in result.cause
