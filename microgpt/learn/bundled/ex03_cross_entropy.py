"""03.cross_entropy: the mean negative log-likelihood of the targets, from logits."""

import math

import numpy as np

from microgpt.learn.bundled.cross_entropy_mistakes import common_mistakes
from microgpt.learn.exercise import Example, Exercise, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import number


def cross_entropy(logits, targets):
    m = logits.max(axis=-1, keepdims=True)
    log_sums = m[:, 0] + np.log(np.exp(logits - m).sum(axis=-1))
    return (log_sums - logits[np.arange(len(targets)), targets]).mean()


def _by_loops(logits, targets):
    total = 0.0
    for row, target in zip(logits, targets, strict=True):
        largest = max(row)
        total += largest + math.log(sum(math.exp(x - largest) for x in row)) - row[target]
    return total / len(targets)


def _by_one_hot(logits, targets):
    log_probs = logits - logits.max(-1, keepdims=True)
    log_probs = log_probs - np.log(np.exp(log_probs).sum(-1, keepdims=True))
    return -(np.eye(logits.shape[1])[targets] * log_probs).sum() / len(logits)


def _by_logaddexp(logits, targets):
    losses = [np.logaddexp.reduce(x) - x[t] for x, t in zip(logits, targets, strict=True)]
    return sum(losses) / len(losses)


def _random_case(rng, N, V):
    return np.round(rng.normal(size=(N, V)) * 2, 1), rng.integers(0, V, N)


def _equal_logits(rng):
    yield np.zeros((2, 2)), np.array([1, 0])
    for V in (2, 3, 27):
        yield np.zeros((1, V)), np.array([V - 1])
    yield np.full((2, 4), 1.5), np.array([0, 3])


def _shifted(rng):
    for c in (10.0, -10.0):
        yield np.array([[2.0, 1.0, 0.1]]) + c, np.array([1])


def _mean(rng):
    for N, V in ((2, 2), (2, 3), (4, 3), (3, 3), (8, 5)):
        yield _random_case(rng, N, V)


def _permuted(rng):
    logits, targets = _random_case(rng, 3, 4)
    for order in ([0, 1, 2], [2, 0, 1], [1, 0, 2]):
        yield logits[order], targets[order]


def _far_apart(rng):
    yield np.array([[1000.0, 0.0]]), np.array([1])
    yield np.array([[1000.0, 0.0]]), np.array([0])
    yield np.array([[0.0, -1000.0]]), np.array([0])
    yield np.array([[-1000.0, -2000.0]]), np.array([0])
    yield np.array([[1000.0, 0.0], [0.0, 1.0]]), np.array([0, 0])


_texts = message_section("03.cross_entropy")
_descriptions, _causes = _texts["properties"], _texts["causes"]

CROSS_ENTROPY = Exercise(
    id="03.cross_entropy",
    signature="cross_entropy(logits, targets) -> loss",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((np.array([[2.0, 1.0, 0.1]]), np.array([1])), 1.41703),
    difficulty=3,
    importance=5,
    minutes=6,
    prerequisites=("softmax", "negative_log_likelihood"),
    hints=tuple(_texts["hints"]),
    solution=cross_entropy,
    alternative_solutions=(_by_loops, _by_one_hot, _by_logaddexp),
    properties=(
        Property(_descriptions["equal_logits"], _equal_logits),
        Property(_descriptions["mean"], _mean),
        Property(_descriptions["shifted"], _shifted),
        Property(_descriptions["permuted"], _permuted),
        Property(_descriptions["far_apart"], _far_apart, cause=_causes["far_apart"]),
    ),
    common_mistakes=common_mistakes(cross_entropy),
    parse=number,
)
