"""Shared by exercises whose answers may work on Tensors: the test that gradients flow back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.learn.bundled.measured_gradients import is_measured, measured
from microgpt.learn.exercise import Mismatch
from microgpt.learn.messages import message_section


def has_gradients(
    solution: Callable[..., Any], other_values: str = ""
) -> Callable[..., Mismatch | None]:
    """Return a test, for a property, that an answer on Tensors gives values and gradients as well.

    Passed by an answer that returns arrays or raises an error when it gets Tensors, and by one that
    is wrong on arrays already, which other properties notice. For a gradient, each array is moved
    along one random direction, and the result summed with random weights. `other_values` is the
    usual cause of other values than on arrays.
    """

    def test(answer: Any, *arguments: Any) -> Mismatch | None:
        causes = message_section("causes")
        expected = answer(*arguments)
        leaves = [_leaf(argument) for argument in arguments]
        try:
            y = answer.function(*leaves)
        except Exception:
            return None
        if not isinstance(y, Tensor) or not _are_close(expected, solution(*arguments), 1e-6):
            return None
        if not _are_close(y.array, expected, 1e-4):
            return Mismatch(y.array, expected, other_values or causes["other_on_tensors"])
        rng = np.random.default_rng(len(arguments))
        dy = rng.integers(-2, 3, y.shape).astype(y.dtype)
        if y.requires_grad:
            y.backward(dy)
        slopes, measured_slopes = [], []
        for index, leaf in enumerate(leaves):
            if isinstance(leaf, Tensor):
                direction = rng.integers(-2, 3, leaf.shape)
                slopes.append(0.0 if leaf.grad is None else float((leaf.grad * direction).sum()))
                along = _along(solution, arguments, index, direction, dy)
                measured_slopes.append(measured(along, 0.0))
        mismatch = is_measured(tuple(slopes), tuple(measured_slopes))
        return mismatch and Mismatch(mismatch.got, mismatch.expected, causes["no_history"])

    return test


def _are_close(got: Any, expected: Any, atol: float) -> bool:
    return got.shape == expected.shape and np.allclose(got, expected, rtol=0, atol=atol)


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
