"""02.matmul_backward: what learners write for a matrix product, and what they are told."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

ID = "02.matmul_backward"


def by_loops(dy, x, w):
    B, inputs, outputs = len(x), len(w), len(w[0])
    dx = [
        [sum(dy[b][o] * w[i][o] for o in range(outputs)) for i in range(inputs)] for b in range(B)
    ]
    dw = [
        [sum(x[b][i] * dy[b][o] for b in range(B)) for o in range(outputs)] for i in range(inputs)
    ]
    return dx, dw


def by_the_library(dy, x, w):
    left, right = (mg.Tensor(part, requires_grad=True, dtype="float64") for part in (x, w))
    (left @ right).backward(dy)
    return left.grad, right.grad


@pytest.mark.parametrize(
    "answer",
    [
        by_loops,
        by_the_library,
        lambda dy, x, w: (np.einsum("bo,io->bi", dy, w), np.einsum("bi,bo->io", x, dy)),
        lambda dy, x, w: [np.dot(dy, w.transpose()), np.tensordot(x, dy, (0, 0))],
        lambda dy, x, w: ((w @ dy.T).T, (dy.T @ x).T),
        lambda dy, x, w: (mg.Tensor(dy @ w.T), mg.Tensor(x.T @ dy)),
    ],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(2):
        assert learn.check(ID, answer, seed)


def scales_in_place(dy, x, w):
    dy /= len(dy)
    return dy @ w.T, x.T @ dy


def last_row_only(dy, x, w):
    for b in range(len(x)):
        dw = np.outer(x[b], dy[b])
    return dy @ w.T, dw


SQUARE = "fits only where the sizes happen to agree"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda dy, x, w: (dy @ w, x.T @ dy), "right shape only where w is square"),
        (lambda dy, x, w: (w @ dy, x.T @ dy), f"w @ dy {SQUARE}"),
        (lambda dy, x, w: (w.T @ dy, x.T @ dy), f"w.T @ dy {SQUARE}"),
        (lambda dy, x, w: (dy @ w.T, dy @ x.T), f"dy @ x.T {SQUARE}"),
        (lambda dy, x, w: (dy @ w.T, x @ dy), f"x @ dy {SQUARE}"),
        (lambda dy, x, w: (dy @ w.T, dy @ x), f"dy @ x {SQUARE}"),
        (lambda dy, x, w: (dy @ w, x @ dy), "Neither matrix is transposed"),
        (lambda dy, x, w: (w @ dy, dy @ x), "stand in the other order"),
        (lambda dy, x, w: (dy * w, x * dy), "* multiplies cell by cell"),
        (lambda dy, x, w: (dy * w.T, x.T * dy), "The transposes are right; write @"),
        (lambda dy, x, w: (dy @ w.T, dy.T @ x), "dw has the shape (O, I)"),
        (lambda dy, x, w: (w @ dy.T, x.T @ dy), "dx has the shape (I, B)"),
        (lambda dy, x, w: (w @ dy.T, dy.T @ x), "Both results are transposed"),
        (lambda dy, x, w: (dy @ w.T, x.T @ dy / len(x)), "dw is too small by the number of rows"),
        (lambda dy, x, w: (dy @ w.T / len(x), x.T @ dy / len(x)), "Both are too small"),
        (lambda dy, x, w: (x.T @ dy, dy @ w.T), "first dx, then dw"),
        (lambda dy, x, w: (w.T, x.T), "w.T and x.T are the local gradients"),
        (lambda dy, x, w: (w, x), "w and x came back as they are"),
        (lambda dy, x, w: (x, w), "x and w came back as they are"),
        (lambda dy, x, w: (np.ones_like(dy) @ w.T, x.T @ np.ones_like(dy)), "dy was not used"),
        (lambda dy, x, w: (x @ w, x @ w), "the result of the forward pass"),
        (lambda dy, x, w: (-dy @ w.T, -x.T @ dy), "The signs are reversed"),
        (lambda dy, x, w: (dy @ w.T, np.outer(x[0], dy[0])), "Only the first row of x"),
        (scales_in_place, "changed an argument"),
        (last_row_only, ""),
        (lambda dy, x, w: dy @ w.T, "a tuple of exactly 2 arrays"),
        (lambda dy, x, w: (dy @ w.T, x.T @ dy, dy), "a tuple of exactly 2 arrays"),
        (lambda dy, x, w: {"dx": dy @ w.T, "dw": x.T @ dy}, "a tuple of exactly 2 arrays"),
        (lambda dy, x, w: ((dy @ w.T).sum(0), x.T @ dy), "instead of numbers of the shape"),
        (lambda dy, x, w: (dy @ w.t(), x.t() @ dy), "(AttributeError)"),
        (lambda x, w, dy: (dy @ w.T, x.T @ dy), "in another order than in the signature"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    for seed in range(2):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause
        assert result.cause
