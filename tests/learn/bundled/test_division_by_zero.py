"""Samplers without a case for T = 0: whatever NaN makes of them, the division is named."""

import math

import numpy as np
import pytest
from exercise_answers import softmax, stable_order

from microgpt import learn

ID = "09.sample"


def tokens_of_scaled(logits, T, k):
    """Token ids and edges of a NumPy answer that sorts after it has divided by T."""
    probs = softmax(logits / T)
    ids = stable_order(probs)[:k]
    return ids, np.cumsum(probs[ids] / probs[ids].sum())


def edges_of_sorted(logits, T, k):
    """Token ids and edges of a NumPy answer that divides after it has sorted."""
    ids = stable_order(logits)[:k]
    return ids, np.cumsum(softmax(logits[ids] / T))


def by_a_loop(ids, edges, u, at_end=None):
    for id, edge in zip(ids, edges, strict=True):
        if edge > u:
            return int(id)
    return at_end


def by_a_while_loop(ids, edges, u):
    place = 0
    while not edges[place] > u:
        place += 1
    return ids[place]


def in_lists(logits, T, k, u):
    probs = softmax(logits / T).tolist()
    ids = sorted(range(len(probs)), key=lambda id: (-probs[id], id))[:k]
    total = 0.0
    for id in ids:
        total += probs[id] / sum(probs[id] for id in ids)
        if total > u:
            return id
    return ids[-1]


def weights_in_plain_python(logits, T, k, u):
    ids = sorted(range(len(logits)), key=lambda id: -logits[id])[:k]
    weights = [math.exp((logits[id] - max(logits)) / T) for id in ids]
    return by_a_loop(ids, np.cumsum(weights) / sum(weights), u)


def floats_in_plain_python(logits, T, k, u):
    return weights_in_plain_python([float(logit) / T for logit in logits], 1, k, u)


def masks_the_cut(logits, T, k, u):
    probs = softmax(logits / T)
    order = stable_order(probs)
    kept = np.where(np.arange(len(probs)) < k, probs[order], 0)
    return int(order[np.argmax(np.cumsum(kept / kept.sum()) > u)])


def by(find, distribution):
    return lambda logits, T, k, u: find(*distribution(logits, T, k), u)


@pytest.mark.parametrize(
    "answer",
    [
        in_lists,
        weights_in_plain_python,
        floats_in_plain_python,
        masks_the_cut,
        by(lambda ids, edges, u: ids[np.argmax(edges > u)], tokens_of_scaled),
        by(lambda ids, edges, u: ids[np.searchsorted(edges, u, "right")], tokens_of_scaled),
        by(lambda ids, edges, u: ids[(edges <= u).sum()], tokens_of_scaled),
        by(lambda ids, edges, u: ids[(~(edges > u)).sum()], edges_of_sorted),  # IndexError
        by(lambda ids, edges, u: ids[np.nonzero(edges > u)[0][0]], edges_of_sorted),
        by(lambda ids, edges, u: next(id for id, edge in zip(ids, edges, strict=True) if edge > u),
           edges_of_sorted),  # StopIteration
        by(by_a_while_loop, edges_of_sorted),
        by(by_a_loop, tokens_of_scaled),
        by(lambda ids, edges, u: by_a_loop(ids, edges, u, int(ids[-1])), edges_of_sorted),
        by(lambda ids, edges, u: ids[int(np.interp(u, edges, np.arange(len(ids))))]
           if np.isnan(edges).any() else by_a_loop(ids, edges, u), edges_of_sorted),
    ],
)  # fmt: skip
def test_a_division_by_zero_is_named_whatever_comes_of_it(answer):
    for seed in range(2):
        result = learn.check(ID, answer, seed)
        assert result.property.startswith("At T = 0")
        assert result.cause.startswith("At T = 0 your function divides by 0")


def test_an_answer_that_divides_by_zero_and_still_takes_the_most_probable_is_right():
    def answer(logits, T, k, u):
        greedy = np.eye(len(logits))[np.argmax(logits)]
        probs = np.where(T == 0, greedy, softmax(logits / np.float64(T)))
        order = stable_order(probs)[:k]
        edges = np.cumsum(probs[order] / probs[order].sum())
        return order[np.searchsorted(edges, u, "right")]

    assert learn.check(ID, answer)
