"""03.cross_entropy and its gradient: what learners write, and what they are told."""

import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

LOSS, BACKWARD = "03.cross_entropy", "03.cross_entropy_backward"


def probs(z, axis=-1):
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def at_targets(array, targets):
    return array[np.arange(len(targets)), targets]


def one_hot(z, t):
    return np.eye(z.shape[1])[t]


def right(z, t):
    return (np.logaddexp.reduce(z, axis=-1) - at_targets(z, t)).mean()


def right_gradient(z, t):
    return (probs(z) - one_hot(z, t)) / len(t)


def in_lists(z, t):
    total = 0.0
    for row, target in zip(z.tolist(), t.tolist(), strict=True):
        m = max(row)
        total += m + math.log(sum(math.exp(x - m) for x in row)) - row[target]
    return total / len(t)


@pytest.mark.parametrize(
    "answer",
    [
        right,
        in_lists,
        lambda z, t: [right(z, t)],
        lambda z, t: np.float32(right(z, t)),
        lambda z, t: mg.ops.cross_entropy(mg.Tensor(z), t),
    ],
)
def test_right_losses_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(LOSS, answer, seed)


def in_python_without_maximum(z, t):
    total = 0.0
    for row, target in zip(z, t, strict=True):
        e = [math.exp(x) for x in row]
        total -= math.log(e[target] / sum(e))
    return total / len(t)


def returns_in_the_loop(z, t):
    total = 0.0
    for row, target in zip(z, t, strict=True):
        total += np.logaddexp.reduce(row) - row[target]
        return total / len(t)
    return None


def changes_logits(z, t):
    z -= z.max(-1, keepdims=True)
    return right(z, t)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda z, t: -np.log(at_targets(probs(z), t)).mean(), "infinite instead of 1000"),
        (lambda z, t: (np.log(np.exp(z).sum(-1)) - at_targets(z, t)).mean(), "e^1000 is too large"),
        (in_python_without_maximum, "e^1000 overflows"),
        (lambda z, t: -np.log(at_targets(probs(z), t) + 1e-12).mean(), "small number was added"),
        (lambda z, t: -np.log(at_targets(probs(z), t).clip(1e-9)).mean(), "was clipped"),
        (lambda z, t: -(one_hot(z, t) * np.log(probs(z))).sum() / len(t), "is nan"),
        (lambda z, t: -np.log(at_targets(probs(z), t)).sum(), "grows with N"),
        (lambda z, t: right(z, t) / z.shape[1], "too small by V"),
        (lambda z, t: np.logaddexp.reduce(z, axis=-1) - at_targets(z, t), "loss of each row"),
        (lambda z, t: right(z, t) / np.log(2), "in bits"),
        (lambda z, t: -np.log(probs(z).max(-1)).mean(), "the model's favourite"),
        (lambda z, t: -np.log(probs(z)[:, t]).mean(), "every target in every row"),
        (lambda z, t: -np.log(probs(z)[t]).mean(), "takes whole rows"),
        (lambda z, t: -right(z, t), "The sign is reversed"),
        (lambda z, t: at_targets(probs(z), t).mean(), "the mean probability"),
        (lambda z, t: -np.log(at_targets(probs(z), t).mean()), "averaged before the logarithm"),
        (lambda z, t: np.exp(right(z, t)), "That is the perplexity"),
        (lambda z, t: -at_targets(z, t).mean(), "minus the target's logit"),
        (lambda z, t: -np.log(at_targets(probs(z, 0), t)).mean(), "along the columns"),
        (lambda z, t: right(probs(z), t), "Softmax was applied twice"),
        (lambda z, t: ((probs(z) - one_hot(z, t)) ** 2).mean(), "mean squared error"),
        (lambda z, t: -np.log(probs(z)[0, t[0]]), "Only the first row was scored"),
        (returns_in_the_loop, "`return` stands inside the loop"),
        (lambda z, t: round(right(z, t), 2), "rounded to 2 digits"),
        (changes_logits, "changed an argument"),
        (lambda targets, logits: right(logits, targets), "another order"),
        (lambda z, t: None, "a `return` is missing"),
    ],
)
def test_the_cause_of_a_wrong_loss_is_named(answer, cause):
    result = learn.check(LOSS, answer)
    assert result.state == "not yet"
    assert cause in result.cause


def by_rows(z, t):
    p = probs(z).tolist()
    for row, target in zip(p, t, strict=True):
        row[target] -= 1
    return [[x / len(t) for x in row] for row in p]


def by_measuring(z, t):
    gradient = np.zeros_like(z)
    for index in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[index] += 1e-4
        down[index] -= 1e-4
        gradient[index] = (right(up, t) - right(down, t)) / 2e-4
    return gradient


@pytest.mark.parametrize(
    "answer",
    [by_rows, by_measuring, lambda z, t: right_gradient(np.float32(z), t).astype(np.float32)],
)
def test_right_gradients_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(BACKWARD, answer, seed)


def subtracts_in_all_rows(z, t):
    p = probs(z)
    p[:, t] -= 1
    return p / len(t)


def subtracts_rows(z, t):
    p = probs(z)
    p[t] -= 1
    return p / len(t)


def divides_first(z, t):
    p = probs(z) / len(t)
    p[np.arange(len(t)), t] -= 1
    return p


def naive_gradient(z, t):
    return (np.exp(z) / np.exp(z).sum(-1, keepdims=True) - one_hot(z, t)) / len(t)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda z, t: -right_gradient(z, t), "signs are reversed"),
        (lambda z, t: one_hot(z, t) - probs(z), "divided by N"),
        (lambda z, t: probs(z) - one_hot(z, t), "too large by N"),
        (lambda z, t: probs(z) * (1 - probs(z)), "with its own logit"),
        (lambda z, t: probs(z) * (1 - probs(z)) / len(t), "with its own logit"),
        (lambda z, t: -one_hot(z, t) / probs(z) / len(t), "−1 / p"),
        (lambda z, t: -one_hot(z, t) / probs(z), "−1 / p"),
        (lambda z, t: probs(z) / len(t), "1 has to be subtracted first"),
        (lambda z, t: probs(z), "1 has to be subtracted first"),
        (lambda z, t: right_gradient(z, t) / z.shape[1], "too small by V"),
        (lambda z, t: (probs(z) - one_hot(z, t)) / z.shape[1], "divided by V"),
        (lambda z, t: z - one_hot(z, t), "subtracted from the logits"),
        (lambda z, t: (probs(z) - 1) / len(t), "subtracted everywhere"),
        (lambda z, t: (probs(z) - 1) * one_hot(z, t), "other logits have no gradient"),
        (lambda z, t: (probs(z) - t[:, None]) / len(t), "The ids themselves"),
        (lambda z, t: 2 * right_gradient(z, t), "a factor of 2"),
        (lambda z, t: (probs(z, 0) - one_hot(z, t)) / len(t), "along the columns"),
        (subtracts_in_all_rows, "in every row at every target"),
        (subtracts_rows, "from whole rows"),
        (divides_first, "Only p was divided"),
        (naive_gradient, "e^1000 is too large"),
        (lambda z, t: right_gradient(z, t).round(3), "not exact"),
        (lambda z, t: right_gradient(z, t).mean(0), "instead of numbers of the shape (1, 3)"),
        (lambda z, t: right_gradient(z, t).T, "numbers of the shape (3, 1)"),
        (lambda z, t: right(z, t), "That is the loss"),
        (changes_logits, "changed an argument"),
        (lambda z, t: None, "a `return` is missing"),
    ],
)
def test_the_cause_of_a_wrong_gradient_is_named(answer, cause):
    result = learn.check(BACKWARD, answer)
    assert result.state == "not yet"
    assert cause in result.cause


@pytest.mark.parametrize(
    ("id", "answer", "cause"),
    [
        (LOSS, lambda z, t: -np.log(probs(z)).mean(), "averaged over all cells"),
        (LOSS, lambda z, t: -np.log(probs(z)).sum() / len(t), "added up over all of each row"),
        (LOSS, lambda z, t: right(np.clip(z, -700, 700), t), "a logit was clipped"),
        (BACKWARD, lambda z, t: one_hot(z, t) - probs(z) / len(t), "only p was divided by N"),
        (BACKWARD, lambda z, t: one_hot(z, t) / len(t) - probs(z), "only the 1 at the target"),
        (BACKWARD, lambda z, t: right_gradient(np.clip(z, -700, 700), t), "they were clipped"),
    ],
)
def test_forgotten_targets_half_a_mean_and_clipped_logits_are_named(id, answer, cause):
    assert cause in learn.check(id, answer).cause
