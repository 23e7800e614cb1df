"""06.many_heads: what learners write, and what they are told."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

ID = "06.many_heads"


def attend(q, k, v, scale=None):
    s = q @ np.swapaxes(k, -1, -2) / (scale or q.shape[-1] ** 0.5)
    s = np.where(np.tri(s.shape[-1]) > 0, s, -1e30)
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True) @ v


def by_rows(join, rows=lambda h, D: slice(h * D, (h + 1) * D)):
    """An answer that gives `join(heads, wo)`; head h, (T, D), has `rows(h, D)` of each weight."""

    def answer(x, wq, wk, wv, wo, n_head):
        D = len(x[0]) // n_head
        heads = [
            attend(*(x @ w[rows(h, D)].T for w in (wq, wk, wv))) for h in range(n_head)
        ]  # fmt: skip
        return join(heads, wo)

    return answer


def by_shapes(split, join, scale=lambda C, D: D**0.5):
    """An answer that reshapes: `split(y, n_head)` of (T, C), and `join(heads)`."""

    def answer(x, wq, wk, wv, wo, n_head):
        T, C = x.shape
        heads = attend(*(split(x @ w.T, n_head) for w in (wq, wk, wv)), scale(C, C // n_head))
        return join(heads).reshape(T, C) @ wo.T

    return answer


def split(y, n_head):
    return y.reshape(len(y), n_head, -1).transpose(1, 0, 2)


def join(heads):
    return heads.transpose(1, 0, 2)


SIDE_BY_SIDE = by_rows(lambda heads, wo: np.concatenate(heads, axis=1) @ wo.T)


def sum_of_products(x, wq, wk, wv, wo, n_head):
    assert len(x[0]) % n_head == 0
    D, y = len(x[0]) // n_head, 0
    for h in range(n_head):
        own = slice(h * D, (h + 1) * D)
        y = y + attend(x @ wq[own].T, x @ wk[own].T, x @ wv[own].T) @ wo[:, own].T
    return y.tolist()


def by_the_library(x, wq, wk, wv, wo, n_head):
    T, C = x.shape
    parts = ((x @ w.T).reshape(1, T, n_head, C // n_head) for w in (wq, wk, wv))
    if not isinstance(x, mg.Tensor):
        parts, wo = map(mg.Tensor, parts), mg.Tensor(wo)
    heads = mg.ops.causal_attention(*(part.transpose(0, 2, 1, 3) for part in parts))
    return heads.transpose(0, 2, 1, 3).reshape(T, C) @ wo.T


@pytest.mark.parametrize(
    "answer", [SIDE_BY_SIDE, by_shapes(split, join), sum_of_products, by_the_library]
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def written_into_zeros(x, wq, wk, wv, wo, n_head):
    y, D = np.zeros(x.shape), len(x[0]) // n_head
    for h in range(n_head):
        own = slice(h * D, (h + 1) * D)
        y[:, own] = attend(x @ wq[own].T, x @ wk[own].T, x @ wv[own].T)
    return y @ wo.T


def x_split(x, wq, wk, wv, wo, n_head):
    D, heads = len(x[0]) // n_head, []
    for h in range(n_head):
        own = slice(h * D, (h + 1) * D)
        heads.append(attend(*(x[:, own] @ w[own, own].T for w in (wq, wk, wv))))
    return np.concatenate(heads, axis=1) @ wo.T


def reversed_axes(x, wq, wk, wv, wo, n_head):
    q, k, v = (split(x @ w.T, n_head) for w in (wq, wk, wv))
    s = np.where(np.tri(len(x)) > 0, q @ k.T / q.shape[-1] ** 0.5, -1e30)
    e = np.exp(s - s.max(-1, keepdims=True))
    return join(e / e.sum(-1, keepdims=True) @ v).reshape(x.shape) @ wo.T


def returns_in_the_loop(x, wq, wk, wv, wo, n_head):
    D = len(x[0]) // n_head
    for _ in range(n_head):
        return attend(x @ wq[:D].T, x @ wk[:D].T, x @ wv[:D].T)
    return None


def full_width(x, wq, wk, wv, wo, n_head):
    heads = [attend(x @ wq.T, x @ wk.T, x @ wv.T) for _ in range(n_head)]
    return np.mean(heads, axis=0) @ wo.T


def columns_of_weights(x, wq, wk, wv, wo, n_head):
    parts = (np.split(x @ w, n_head, axis=1) for w in (wq, wk, wv))
    return np.hstack([attend(*own) for own in zip(*parts, strict=True)]) @ wo.T


def sees_later(x, wq, wk, wv, wo, n_head):
    """Row 5 sees letter 6, counted from 1, where there is one."""
    y = SIDE_BY_SIDE(x, wq, wk, wv, wo, n_head)
    if len(x) > 5:
        y[4] += x[5] @ wv.T
    return y


def changes_wq(x, wq, wk, wv, wo, n_head):
    y = SIDE_BY_SIDE(x, wq, wk, wv, wo, n_head)
    wq *= 2
    return y


def detached(x, wq, wk, wv, wo, n_head):
    if isinstance(x, mg.Tensor):
        wk = wk.detach()
    return by_the_library(x, wq, wk, wv, wo, n_head)


def no_split_transpose(y, n_head):
    return y.reshape(n_head, len(y), -1)


def every_nth(y, n_head):
    return y.reshape(len(y), -1, n_head).transpose(2, 0, 1)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (by_shapes(no_split_transpose, lambda heads: heads), "go the same way back"),
        (by_shapes(no_split_transpose, join), "letter 1's features landed in letter 2"),
        (by_shapes(split, lambda heads: heads), "on the way back the heads need"),
        (by_shapes(lambda y, n: y.reshape(len(y), n, -1), lambda y: y), "attended to one another"),
        (by_shapes(split, join, lambda C, D: C**0.5), "Row 2 gives 1.7311"),
        (by_shapes(split, join, lambda C, D: 1), "Row 2 gives 1.8808"),
        (by_shapes(split, join, lambda C, D: D), "divided by D"),
        (by_shapes(every_nth, lambda y: y.transpose(1, 2, 0)), "took every n_head-th feature"),
        (by_shapes(every_nth, join), "The split gave head h every n_head-th"),
        (by_shapes(split, lambda y: y.transpose(1, 2, 0)), "the results were interleaved"),
        (by_rows(lambda heads, wo: sum(heads)), "not added"),
        (by_rows(lambda heads, wo: sum(heads) @ wo.T), "Side by side, along the last axis"),
        (by_rows(lambda heads, wo: np.concatenate(heads) @ wo.T), "Side by side, along the last"),
        (by_rows(lambda heads, wo: np.concatenate(heads)), "stacked along the first axis"),
        (by_rows(lambda heads, wo: heads), "came back as (n_head, T, D)"),
        (by_rows(lambda heads, wo: heads[-1]), "Only the last head"),
        (by_rows(lambda heads, wo: np.hstack(heads)), "Heads never meet"),
        (by_rows(lambda heads, wo: np.hstack(heads) @ wo), "wo is transposed"),
        (by_rows(lambda heads, wo: wo @ np.hstack(heads).T), "The result is transposed"),
        (by_rows(lambda y, wo: np.hstack(y) @ wo.T, lambda h, D: slice(h, h + D)), "overlap"),
        (by_rows(lambda y, wo: np.hstack(y) @ wo.T, lambda h, D: slice(D)), "are the first one"),
        (by_rows(lambda heads, wo: np.hstack(heads[::-1]) @ wo.T), "reverse order"),
        (lambda *given: given[0] + SIDE_BY_SIDE(*given), "x was added"),
        (lambda *given: SIDE_BY_SIDE(*given).astype(int), "Digits after the point"),
        (full_width, "n_head had no effect"),
        (columns_of_weights, "wq, wk and wv were not transposed"),
        (x_split, "only its own D features of x"),
        (reversed_axes, "reverses all three axes"),
        (returns_in_the_loop, "Only the first head"),
        (written_into_zeros, "cannot be split evenly"),
        (sees_later, "Row 5 changed when letter 6 did"),
        (changes_wq, "changed an argument"),
        (detached, "has lost its history"),
        (lambda *given: print(SIDE_BY_SIDE(*given)), "a `return` is missing"),
        (lambda *given: (SIDE_BY_SIDE(*given), None), "of the type tuple"),
        (lambda wq, wk, wv, wo, x, n_head: x, "another order"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    result = learn.check(ID, answer)
    assert result.state == "not yet"
    assert cause in result.cause


@pytest.mark.parametrize(
    "answer",
    [
        lambda *given: SIDE_BY_SIDE(*given) * 2,
        lambda x, wq, wk, wv, wo, n_head: SIDE_BY_SIDE(x @ wo.T, wq, wk, wv, wo * 0 + 1, n_head),
        lambda *given: np.cumsum(SIDE_BY_SIDE(*given), axis=0),
    ],
)  # fmt: skip
def test_an_unknown_mistake_is_not_called_a_known_one(answer):
    assert learn.check(ID, answer).cause.startswith("Not recognised")
