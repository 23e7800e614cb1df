"""02.unbroadcast: what learners write to undo a broadcast, and what they are told."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

ID = "02.unbroadcast"


def by_the_library(dy, shape):
    x = mg.Tensor(np.zeros(shape), requires_grad=True)
    mg.ops.broadcast_to(x, dy.shape).backward(dy)
    return x.grad


def by_padding(dy, shape):
    padded = (1,) * (dy.ndim - len(shape)) + tuple(shape)
    axes = tuple(axis for axis, size in enumerate(padded) if size == 1)
    return dy.sum(axis=axes, keepdims=True).reshape(shape).copy()


def with_lists(dy, shape):
    dx = np.zeros(shape)
    source = np.broadcast_to(np.arange(dx.size).reshape(shape), dy.shape)
    for index, gradient in zip(source.ravel(), dy.ravel(), strict=True):
        dx.reshape(-1)[index] += gradient
    return dx.tolist()


@pytest.mark.parametrize("answer", [by_the_library, by_padding, with_lists])
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def from_the_right(dy, shape):
    while dy.ndim > len(shape):
        dy = dy.sum(-1)
    for axis, size in enumerate(shape):
        if size == 1:
            dy = dy.sum(axis, keepdims=True)
    return dy


def without_keepdims(dy, shape):
    while dy.ndim > len(shape):
        dy = dy.sum(0)
    return dy.sum(axis=tuple(axis for axis, size in enumerate(shape) if size == 1))


def without_a_copy(dy, shape):
    while dy.ndim > len(shape):
        dy = dy.sum(0)
    for axis, size in enumerate(shape):
        if size == 1 and dy.shape[axis] > 1:
            dy = dy.sum(axis, keepdims=True)
    return dy


def missing_only(dy, shape):
    while dy.ndim > len(shape):
        dy = dy.sum(0)
    return dy.copy()


def ones_only(dy, shape):
    for axis, size in enumerate(shape):
        if size == 1:
            dy = dy.sum(axis + dy.ndim - len(shape), keepdims=True)
    return dy.copy()


def mean(dy, shape):
    return by_padding(dy, shape) * np.prod(shape) / dy.size


def clears_dy(dy, shape):
    dx = by_padding(dy, shape)
    dy[...] = 0
    return dx


SUM_ALL, ALWAYS = "Add up what all", "whatever `shape` is"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (from_the_right, "only a square hides the difference"),
        (without_keepdims, "keepdims=True, so that (2, 1) does not become (2,)"),
        (without_a_copy, "whoever changes dx later would change dy"),
        (missing_only, "axes of size 1 in `shape` were copied as well"),
        (ones_only, "but the missing ones on the left are not"),
        (mean, "The mean was taken"),
        (lambda dy, shape: dy.mean(axis=0), "The mean over the first axis was taken"),
        (clears_dy, "dy was changed"),
        (lambda dy, shape: dy.sum(0), f"The first axis is always summed, {ALWAYS}"),
        (lambda dy, shape: dy.sum(0, keepdims=True), "always summed and kept"),
        (lambda dy, shape: dy.sum(-1), f"The last axis is always summed, {ALWAYS}"),
        (lambda dy, shape: dy.sum(), "Everything was added up to one number"),
        (lambda dy, shape: np.full(shape, dy.sum()), "Every cell holds the sum of everything"),
        (lambda dy, shape: dy.copy(), "dy came back as it was"),
        (lambda dy, shape: dy, "dy came back as it was"),
        (lambda dy, shape: dy.reshape(shape), ""),
        (lambda dy, shape: np.broadcast_to(dy, shape).copy(), ""),
        (lambda dy, shape: np.resize(dy, shape), "np.resize cuts the array off"),
        (lambda dy, shape: np.zeros(shape), "Every gradient is 0"),
        (lambda dy, shape: np.ones(shape), "Every gradient is 1"),
        (lambda dy, shape: np.max(dy), ""),
        (lambda dy, shape: shape, "instead of 3 numbers"),
        (lambda dy, shape: dy.sum(axis=shape), "(AxisError)"),
        (lambda dy, shape: dy.sum(dim=0), "(TypeError)"),
        (lambda dy, shape: mg.Value(1.0), "where the signature asks for an array"),
        (lambda shape, dy: by_padding(dy, shape), "in another order than in the signature"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    for seed in range(2):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause
        assert result.cause
