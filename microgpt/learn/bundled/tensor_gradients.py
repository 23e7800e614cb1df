"""Shared by exercises whose answers may work on Tensors: the test that gradients flow back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.learn.bundled.measured_gradients import is_measured, measured
from microgpt.learn.exercise import Mismatch


def has_gradients(solution: Callable[..., Any], cause: str) -> Callable[..., Mismatch | None]:
    """Return a test, for a property, that gradients of an answer are those that are measured.

    An answer that returns arrays, or raises an error when it gets Tensors, passes. Each array is
    moved along one random direction, and the result summed with random weights. `cause` explains
    a result that has no history, or only a part of it.
    """

    def test(answer: Any, *arguments: Any) -> Mismatch | None:
        answer(*arguments)  # with all that is checked of any result
        leaves = [_leaf(argument) for argument in arguments]
        try:
            y = answer.function(*leaves)
        except Exception:
            return None
        if not isinstance(y, Tensor):
            return None
        rng = np.random.default_rng(len(arguments))
        dy = rng.integers(-2, 3, y.shape).astype(y.dtype)
        if y.requires_grad:
            y.backward(dy)
        got, expected = [], []
        for index, leaf in enumerate(leaves):
            if not isinstance(leaf, Tensor):
                continue
            direction = rng.integers(-2, 3, leaf.shape)
            got.append(0.0 if leaf.grad is None else float((leaf.grad * direction).sum()))
            expected.append(measured(_along(solution, arguments, index, direction, dy), 0.0))
        mismatch = is_measured(tuple(got), tuple(expected))
        return mismatch and Mismatch(mismatch.got, mismatch.expected, cause)

    return test


def _leaf(argument: Any) -> Any:
    """Return an array as a Tensor with a gradient, anything else unchanged."""
    if not isinstance(argument, np.ndarray):
        return argument
    return Tensor(argument, requires_grad=True, backend="numpy")


def _along(
    function: Callable[..., Any], arguments: tuple, index: int, direction: Any, dy: Any
) -> Callable[[float], float]:
    """Return t -> the weighted sum of results, one argument moved by t along a direction."""

    def weighted_sum(t: float) -> float:
        moved = [*arguments]
        moved[index] = moved[index] + t * direction
        return float((dy * function(*moved)).sum())

    return weighted_sum
