"""09.sample: what learners write, in NumPy, plain Python and lists, and what they are told."""

import math

import numpy as np
import pytest
from exercise_answers import softmax, stable_order

import microgpt as mg
from microgpt import learn

ID = "09.sample"


def in_plain_python(logits, T, k, u):
    ids = sorted(range(len(logits)), key=lambda id: (-logits[id], id))[:k]
    if T == 0:
        return ids[0]
    weights = [math.exp((logits[id] - max(logits)) / T) for id in ids]
    cumulative = 0.0
    for id, weight in zip(ids, weights, strict=True):
        cumulative += weight
        if cumulative > u * sum(weights):
            return id
    return ids[-1]


def by_argmax_of_a_comparison(logits, T, k, u):
    if T == 0:
        return np.argmax(logits)
    order = stable_order(logits)[:k]
    return order[np.argmax(np.cumsum(softmax(logits[order] / T)) > u)]


def by_steps(logits, T, k, u):
    """Temperature on all, then the cut, as the statement says; an array of one token."""
    probs = softmax(logits / T) if T else np.eye(len(logits))[np.argmax(logits)]
    order = stable_order(probs)
    kept = np.where(np.arange(len(probs)) < k, probs[order], 0)
    return order[[np.searchsorted(np.cumsum(kept / kept.sum()), u, side="right")]]


@pytest.mark.parametrize(
    "answer",
    [
        in_plain_python,
        by_argmax_of_a_comparison,
        by_steps,
        lambda logits, T, k, u: mg.next_token(logits, T, min(k, len(logits)), u=u).token,
    ],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def walk(order=stable_order, scaled=lambda logits, T: logits / T, cut=lambda order, k: order[:k],
         normalise=True, compare=lambda total, u: total > u, result=lambda id, rank: id,
         at_zero=lambda logits, order: order[0]):  # fmt: skip
    """A sampler with one stage replaced; `at_zero` None leaves T = 0 to the division."""

    def answer(logits, T, k, u):
        ids = order(logits)
        if T == 0 and at_zero is not None:
            return at_zero(logits, ids)
        kept = cut(ids, k)
        probs = softmax(scaled(logits, T)[kept] if normalise else scaled(logits, T))
        probs = probs if normalise else probs[kept]
        total = 0.0
        for rank, id in enumerate(kept):
            total += probs[rank]
            if compare(total, u):
                return result(int(id), rank)
        return None

    return answer


def in_order_of_ids(logits, T, k, u):
    probs = [math.exp(logit) for logit in logits]  # without T, cut and T = 0, too
    total = 0.0
    for id, prob in enumerate(probs):
        total += prob / sum(probs)
        if total > u:
            return id
    return None


def in_order_of_kept_ids(logits, T, k, u):
    if T == 0:
        return int(np.argmax(logits))
    kept = np.zeros(len(logits))
    ids = stable_order(logits)[:k]
    kept[ids] = softmax(logits[ids] / T)
    return int(np.searchsorted(np.cumsum(kept), u, side="right"))


def compares_before_it_adds(logits, T, k, u):
    if T == 0:
        return int(np.argmax(logits))
    ids, total = stable_order(logits)[:k], 0.0
    for id, prob in zip(ids, softmax(logits[ids] / T), strict=True):
        if total > u:
            return int(id)
        total += prob
    return None


def compares_each_alone(logits, T, k, u):
    if T == 0:
        return int(np.argmax(logits))
    ids = stable_order(logits)[:k]
    for id, prob in zip(ids, softmax(logits[ids] / T), strict=True):
        if prob > u:
            return int(id)
    return int(ids[-1])


def compares_with_the_kth(logits, T, k, u):
    if T == 0:
        return int(np.argmax(logits))
    kth = sorted(logits, reverse=True)[min(k, len(logits)) - 1]
    probs = softmax(np.where(logits >= kth, logits, -np.inf) / T)
    order = stable_order(probs)
    return int(order[np.searchsorted(np.cumsum(probs[order]), u, side="right")])


def finds_by_value(logits, T, k, u):
    id = in_plain_python(logits, T, k, u)
    return list(logits).index(logits[id])


def argmax_of_the_kept(logits, T, k, u):
    kept = np.sort(logits)[::-1][:k]
    return int(np.argmax(kept)) if T == 0 else in_plain_python(logits, T, k, u)


def divides_by_zero(logits, T, k, u):
    return in_plain_python([logit / T for logit in logits], 1, k, u)


def counts_over_k(logits, T, k, u):
    order = sorted(range(len(logits)), key=lambda id: -logits[id])
    return in_plain_python(logits, T, len([order[rank] for rank in range(k)]), u)


def draws(logits, T, k, u):
    if T == 0:
        return int(np.argmax(logits))
    ids = stable_order(logits)[:k]
    return int(np.random.default_rng().choice(ids, p=softmax(logits[ids] / T)))


def without_sum_after_the_cut(logits, T, k, u):
    if T == 0:
        return int(np.argmax(logits))
    order = stable_order(logits)
    cumulative = np.cumsum(softmax(logits[order] / T)[:k])
    return int(order[np.searchsorted(cumulative, u, side="right")])


ZERO = "T = 0 must take the most probable token"
ID_ORDER, ASCENDING = (
    "lays the probabilities end to end in the order of the token ids",
    "begins with the least probable token",
)
RANK, TIES = "That is the token's place in the sorted order", "takes the higher token id first"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (in_order_of_ids, ID_ORDER),
        (in_order_of_kept_ids, ID_ORDER),
        (lambda logits, T, k, u: in_order_of_ids(logits[:k], T, k, u), ID_ORDER),
        (walk(order=lambda logits: np.argsort(logits, kind="stable")), ASCENDING),
        (walk(order=lambda logits: np.argsort(logits), cut=lambda order, k: order[-k:]), ASCENDING),
        (walk(order=lambda logits: np.argsort(logits, kind="stable")[::-1]), TIES),
        (finds_by_value, ".index(…) always finds the first"),
        (compares_with_the_kth, "More than k tokens stayed"),
        (walk(at_zero=lambda logits, order: None), ZERO),
        (walk(at_zero=lambda logits, order: int(float("nan"))), "stopped with an error"),
        (walk(at_zero=lambda logits, order: max(logits)), "At T = 0 your function returns max("),
        (
            walk(at_zero=lambda logits, order: 0),
            "At T = 0 your function returns 0, the first place",
        ),
        (argmax_of_the_kept, "At T = 0 your function returns 0, the first place"),
        (lambda logits, T, k, u: max(logits), "max(logits) is the largest logit itself"),
        (lambda logits, T, k, u: sorted(logits)[-1], "max(logits) is the largest logit itself"),
        (lambda *args: args[0][in_plain_python(*args)], "That is the logit of a token"),
        (walk(result=lambda id, rank: 1 / (2 + rank)), "a value of the type float"),
        (lambda logits, T, k, u: float(softmax(logits / (T or 1))[0]), "That is a probability"),
        (walk(result=lambda id, rank: rank), RANK),
        (walk(result=lambda id, rank: rank, at_zero=lambda logits, order: 0), RANK),
        (lambda logits, T, k, u: int(np.argmax(logits)), "The dart u has no effect"),
        (walk(scaled=lambda logits, T: logits * T), "The logits were multiplied by T"),
        (walk(scaled=lambda logits, T: logits), "T has no effect"),
        (walk(scaled=lambda logits, T: logits, at_zero=None), "T has no effect"),
        (walk(cut=lambda order, k: order), "k has no effect"),
        (walk(cut=lambda order, k: order[: max(1, k - 1)]), "Only k - 1 tokens stayed"),
        (walk(cut=lambda order, k: order[: k + 1]), "k + 1 tokens stayed"),
        (walk(normalise=False), "add up to less than 1"),
        (without_sum_after_the_cut, "add up to less than 1"),
        (walk(compare=lambda total, u: total >= u), "not one whose sum equals it"),
        (walk(compare=lambda total, u: total < u), "The comparison points the wrong way"),
        (compares_before_it_adds, "The comparison comes before the addition"),
        (compares_each_alone, "Each probability is compared with u on its own"),
        (counts_over_k, "k is larger than the vocabulary here"),
        (walk(order=lambda logits: np.argsort(-logits)), "in a stable order"),
        (draws, "Called again with the same input, your function gave another result"),
        (lambda logits, T, k, u: float(in_plain_python(logits, T, k, u)), "the type float"),
        (lambda u, k, T, logits: 0, "stand in another order than in the signature"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    for seed in range(2):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause


@pytest.mark.parametrize("exp", [np.exp, lambda scaled: np.array([math.exp(x) for x in scaled])])
@pytest.mark.parametrize("find", [np.searchsorted, lambda edges, u, side: np.argmax(edges > u)])
def test_a_softmax_that_overflows_is_named(exp, find):
    def answer(logits, T, k, u):
        if T == 0:
            return int(np.argmax(logits))
        ids = stable_order(logits)[:k]
        weights = exp(logits[ids] / T)
        return ids[find(np.cumsum(weights / weights.sum()), u, side="right")]

    assert learn.check(ID, answer).cause.startswith("e^1000 is too large for a float")
