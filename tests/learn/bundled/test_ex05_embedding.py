"""05.embedding and its backward rule: what learners write, and what they are told."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

LOOKUP, BACKWARD = "05.embedding", "05.embedding_backward"


@pytest.mark.parametrize(
    "answer",
    [
        lambda ids, weight: weight[ids],
        lambda ids, weight: weight.take(ids, 0).tolist(),
        lambda ids, weight: np.eye(len(weight), dtype=weight.dtype)[ids] @ weight,
        lambda ids, weight: weight[ids].astype(np.float32),
        lambda ids, weight: mg.ops.embedding(ids, mg.Tensor(weight)),
        lambda ids, weight: np.array([weight[id] for id in ids.ravel()]).reshape(*ids.shape, -1),
    ],
)
def test_right_lookups_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(LOOKUP, answer, seed)


def test_a_lookup_of_float32_that_became_float64_is_told():
    result = learn.check(LOOKUP, lambda ids, weight: np.eye(len(weight))[ids] @ weight)
    assert not result
    assert "weight[ids] keeps the dtype" in str(result)


def loops(ids, weight):
    y = np.zeros((len(ids), weight.shape[1]))
    for i in range(len(ids)):
        y[i] = weight[ids[i]]
    return y


def one_hot_of_one_axis(ids, weight):
    one_hot = np.zeros((len(ids), len(weight)))
    one_hot[np.arange(len(ids)), ids] = 1
    return one_hot @ weight


def changes_the_table(ids, weight):
    weight *= 2
    return weight[ids] / 2


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda ids, weight: weight[:, ids], "Columns were taken"),
        (lambda ids, weight: weight.T[ids], "exchanges rows and columns"),
        (lambda ids, weight: np.take(weight, ids), "without an axis"),
        (lambda ids, weight: weight[ids.ravel()], "The shape of ids was lost"),
        (lambda ids, weight: np.eye(ids.max() + 1)[ids] @ weight, "The width is V"),
        (lambda ids, weight: np.eye(ids.size)[ids] @ weight, "as wide as ids is long"),
        (lambda ids, weight: weight[int(ids)] if ids.ndim == 0 else weight[ids], "is a view"),
        (lambda ids, weight: [weight[id] for id in ids], "cannot be looped over"),
        (loops, "only the length of ids"),
        (one_hot_of_one_axis, "made for ids of one axis"),
        (lambda ids, weight: ids[..., None] * weight[0], "used as quantities"),
        (lambda ids, weight: weight[ids - 1], "The row before each one"),
        (lambda ids, weight: weight[np.unique(ids)], "Repeated ids"),
        (lambda ids, weight: weight, "The whole table"),
        (lambda ids, weight: weight[ids].sum(0), "The rows were added up"),
        (lambda ids, weight: weight[ids].mean(0), "The rows were averaged"),
        (lambda ids, weight: np.eye(len(weight))[ids], "These are the one-hot rows"),
        (lambda ids, weight: weight[ids].T, "The result is transposed"),
        (lambda ids, weight: weight[ids].reshape(-1), "laid side by side"),
        (lambda ids, weight: weight[ids] * weight.shape[1] ** 0.5, "The rows were scaled"),
        (changes_the_table, "changed an argument"),
        (lambda weight, ids: weight[ids], "another order"),
        (lambda ids, weight: None, "a `return` is missing"),
        (lambda ids, weight: str(weight[ids]), "of the type str"),
    ],
)
def test_the_cause_of_a_wrong_lookup_is_named(answer, cause):
    result = learn.check(LOOKUP, answer)
    assert result.state == "not yet"
    assert cause in result.cause


def zeros(dy, n_rows):
    return np.zeros((n_rows, dy.shape[-1]), dy.dtype)


def right(dy, ids, n_rows):
    dweight = zeros(dy, n_rows)
    np.add.at(dweight, ids, dy)
    return dweight


def flat_loop(dy, ids, n_rows):
    dweight, rows = zeros(dy, n_rows), dy.reshape(-1, dy.shape[-1])
    for i, id in enumerate(ids.reshape(-1)):
        dweight[id] += rows[i]
    return dweight


def by_masks(dy, ids, n_rows):
    return np.array([dy[ids == row].sum(0) for row in range(n_rows)])


def by_the_library(dy, ids, n_rows):
    weight = mg.Tensor(zeros(dy, n_rows), requires_grad=True)
    (mg.ops.embedding(ids, weight) * mg.Tensor(dy)).sum().backward()
    return weight.grad


@pytest.mark.parametrize("answer", [right, flat_loop, by_masks, by_the_library])
def test_right_backward_rules_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(BACKWARD, answer, seed)


def indexed_addition(dy, ids, n_rows):
    dweight = zeros(dy, n_rows)
    dweight[ids] += dy
    return dweight


def assignment(dy, ids, n_rows):
    dweight = zeros(dy, n_rows)
    for i, id in enumerate(ids):
        dweight[id] = dy[i]
    return dweight


def loop_over_one_axis(dy, ids, n_rows):
    dweight = zeros(dy, n_rows)
    for i, id in enumerate(ids):
        dweight[id] += dy[i]
    return dweight


def exchanged(dy, ids, n_rows):
    dweight = zeros(dy, n_rows)
    for i, id in enumerate(ids):
        dweight[i] += dy[id]
    return dweight


def one_list_many_times(dy, ids, n_rows):
    dweight = [[0.0] * dy.shape[-1]] * n_rows
    for row, id in zip(dy.reshape(-1, dy.shape[-1]), ids.reshape(-1), strict=True):
        for c, number in enumerate(row):
            dweight[id][c] += number
    return dweight


def table_of_ints(dy, ids, n_rows):
    dweight = np.zeros((n_rows, dy.shape[-1]), int)
    for i, id in enumerate(ids):
        dweight[id] = dweight[id] + dy[i]
    return dweight


def returns_in_the_loop(dy, ids, n_rows):
    dweight = zeros(dy, n_rows)
    for i, id in enumerate(ids):
        dweight[id] += dy[i]
        return dweight
    return None


def changes_dy(dy, ids, n_rows):
    dy *= 2
    return right(dy, ids, n_rows) / 2


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (indexed_addition, "row 2 got [2, 1] and not [3, 1]"),
        (assignment, "row 2 got [2, 1] and not [3, 1]"),
        (lambda dy, ids, n: by_masks(dy, ids, n) / max(1, ids.size), "by the number of ids"),
        (lambda dy, ids, n: right(dy, ids, n)[np.unique(ids)], "(n_rows, C)"),
        (lambda dy, ids, n: right(dy, ids, ids.max() + 1), "the last ones may be 0"),
        (lambda dy, ids, n: right(dy, ids, n)[ids], "a row for each id"),
        (lambda dy, ids, n: dy, "dy came back as it was"),
        (lambda dy, ids, n: dy[ids], "another lookup"),
        (loop_over_one_axis, "right for ids of one axis"),
        (exchanged, "Position and id are exchanged"),
        (one_list_many_times, "is one list, n_rows times"),
        (table_of_ints, "made of ints"),
        (returns_in_the_loop, "`return` stands inside the loop"),
        (lambda dy, ids, n: np.eye(n)[ids].T @ dy, "make them flat first"),
        (lambda dy, ids, n: np.eye(n)[ids] @ dy, "have to be transposed"),
        (lambda dy, ids, n: right(np.ones_like(dy), ids, n), "how often each id occurs"),
        (lambda dy, ids, n: right(dy, ids, n).T, "The result is transposed"),
        (lambda dy, ids, n: right(dy, ids, n).sum(-1), "Keep the C numbers apart"),
        (lambda dy, ids, n: -right(dy, ids, n), "signs are reversed"),
        (lambda dy, ids, n: right(dy, ids - 1, n), "one row too early"),
        (lambda dy, ids, n: zeros(dy, n), "nothing was added"),
        (lambda dy, ids, n: right(dy.astype(float), ids, n), "float32 became float64"),
        (lambda dy, ids, n: np.eye(n)[ids.ravel()].T @ dy.reshape(ids.size, -1), "float64"),
        (lambda dy, ids, n: np.add.at(zeros(dy, n), ids, dy), "a `return` is missing"),
        (changes_dy, "changed an argument"),
        (lambda ids, dy, n_rows: right(dy, ids, n_rows), "another order"),
    ],
)
def test_the_cause_of_a_wrong_backward_rule_is_named(answer, cause):
    result = learn.check(BACKWARD, answer)
    assert result.state == "not yet"
    assert cause in result.cause
