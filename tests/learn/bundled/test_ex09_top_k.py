"""09.top_k: what learners write, in NumPy, plain Python and lists, and what they are told."""

import numpy as np
import pytest
from exercise_answers import stable_order

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise

ID = "09.top_k"


def keep(probabilities, ids):
    kept = np.zeros(len(probabilities))
    kept[ids] = np.asarray(probabilities)[ids]
    return kept


def normalised(kept):
    return kept / kept.sum()


def in_plain_python(probabilities, k):
    ids = sorted(range(len(probabilities)), key=lambda id: -probabilities[id])[:k]
    total = sum(probabilities[id] for id in ids)
    return [probabilities[id] / total if id in ids else 0 for id in range(len(probabilities))]


def in_float32(probabilities, k):
    kept = np.array(probabilities, np.float32)
    kept[stable_order(kept)[k:]] = 0
    return tuple(normalised(kept))


def by_rank(probabilities, k):
    rank = np.empty(len(probabilities), int)
    rank[stable_order(probabilities)] = np.arange(len(probabilities))
    return normalised(np.where(rank < k, probabilities, 0))


@pytest.mark.parametrize(
    "answer",
    [
        in_plain_python,
        in_float32,
        by_rank,
        lambda p, k: mg.next_token(np.log(p), 1.0, min(k, len(p))).probabilities,
    ],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def test_the_example_is_the_statements_and_the_first_case():
    example = find_exercise(ID).example
    assert example.arguments[0].tolist() == [0.5, 0.3, 0.2]
    assert (example.arguments[1], example.result.tolist()) == (2, [0.625, 0.375, 0.0])
    result = learn.check(ID, lambda probabilities, k: probabilities)
    assert result.input["probabilities"].tolist() == [0.5, 0.3, 0.2]


def values_as_a_list(probabilities, k):
    values = sorted(probabilities, reverse=True)[:k]
    return [value / sum(values) for value in values]


def values_in_the_order_of_ids(probabilities, k):
    return normalised(probabilities[np.sort(stable_order(probabilities)[:k])])


def compares_with_the_kth(probabilities, k):
    kth = sorted(probabilities)[-k]  # an IndexError for k above V
    kept = [p if p >= kth else 0 for p in probabilities]
    return [p / sum(kept) for p in kept]


def is_above_the_kth(probabilities, k):
    kth = np.sort(probabilities)[::-1][k - 1]
    return normalised(np.where(probabilities > kth, probabilities, 0))


def finds_by_value(probabilities, k):
    kept = [0.0] * len(probabilities)
    for value in sorted(probabilities, reverse=True)[:k]:
        kept[list(probabilities).index(value)] = value
    return [p / sum(kept) for p in kept]


def sets_minus_infinity(probabilities, k):
    kept = np.array(probabilities)
    kept[stable_order(kept)[k:]] = -np.inf
    return normalised(kept)


def takes_k_times_the_largest(probabilities, k):
    left, kept = list(probabilities), [0.0] * len(probabilities)
    for _ in range(k):  # more often than there are any, for k above V
        id = left.index(max(left))
        kept[id], left[id] = left[id], 0.0
    return [p / sum(kept) for p in kept]


def changes_its_argument(probabilities, k):
    probabilities[stable_order(probabilities)[k:]] = 0
    return normalised(probabilities)


VALUES, HIGHER = "Only the kept values came back", "your function keeps the higher token id"
STABLE = 'kind="stable"'
AS_BEFORE = "What stays is as large as before"


def other_ids_of_equals(probabilities, k):
    return np.argsort(probabilities)[::-1][:k]


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda p, k: normalised(np.sort(p)[::-1][:k]), VALUES),
        (lambda p, k: np.sort(p)[-k:], VALUES),
        (values_as_a_list, VALUES),
        (values_in_the_order_of_ids, VALUES),
        (lambda p, k: stable_order(p)[:k], "These are the token ids that stay"),
        (lambda p, k: sorted(range(len(p)), key=lambda id: -p[id])[:k], "These are the token ids"),
        (lambda p, k: normalised(keep(p, np.argsort(p)[:k])), "The k smallest stayed"),
        (lambda p, k: normalised(keep(p, np.argsort(p, kind="stable")[::-1][:k])), HIGHER),
        (lambda p, k: normalised(keep(p, np.argsort(p, kind="stable")[-k:])), HIGHER),
        (lambda p, k: normalised(keep(p, np.argsort(p)[::-1][:k])), STABLE),
        (lambda p, k: np.sort(by_rank(p, k))[::-1], "came back sorted"),
        (lambda p, k: sorted(in_plain_python(p, k), reverse=True), "came back sorted"),
        (lambda p, k: normalised(keep(p, np.arange(len(p))[:k])), "The first k token ids stayed"),
        (compares_with_the_kth, "More than k stayed"),
        (finds_by_value, ".index(…) always finds the first"),
        (is_above_the_kth, "Only k - 1 stayed"),
        (lambda p, k: normalised(keep(p, stable_order(p)[: k - 1])), "Only k - 1 stayed"),
        (lambda p, k: normalised(keep(p, stable_order(p)[: k + 1])), "k + 1 stayed"),
        (lambda p, k: keep(p, stable_order(p)[:k]), AS_BEFORE),
        (lambda p, k: keep(p, np.argsort(p)[::-1][:k]), AS_BEFORE),
        (lambda p, k: keep(p, np.argsort(p)[-k:]), AS_BEFORE),
        (lambda p, k: np.where(p >= np.sort(p)[-min(k, len(p))], p, 0), AS_BEFORE),
        (lambda p, k: [x if x >= sorted(p)[::-1][:k][-1] else 0 for x in p], AS_BEFORE),
        (lambda p, k: keep(p, np.arange(len(p))[:k]), AS_BEFORE),
        (lambda p, k: keep(p, other_ids_of_equals(p, k)) / k, "divided by k"),
        (lambda p, k: normalised(keep(p, other_ids_of_equals(p, k)) > 0), "old proportions"),
        (lambda p, k: normalised(keep(p, np.argsort(-p)[:k])), STABLE),
        (lambda p, k: normalised(keep(p, np.argpartition(-p, min(k, len(p)) - 1)[:k])), STABLE),
        (lambda p, k: keep(p, stable_order(p)[:k]) / k, "divided by k"),
        (lambda p, k: normalised(by_rank(p, k) > 0), "not in their old proportions"),
        (lambda p, k: normalised(np.exp(keep(p, stable_order(p)[:k]))), "Softmax was applied"),
        (sets_minus_infinity, "-inf is for logits"),
        (takes_k_times_the_largest, "k is larger than the vocabulary here"),
        (changes_its_argument, "changed an argument"),
        (lambda p, k: {0: 0.5}, "a value of the type dict, where the signature asks for an array"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    for seed in range(3):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause
