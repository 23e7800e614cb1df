"""Shared by the exercises on backward rules: measured gradients, and how a pair is parsed."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.learn.exercise import Mismatch
from microgpt.learn.parsers import number, tuple_of

STEP = 1e-5  # half the distance of the two points between which a gradient is measured
TOLERANCE = 1e-4  # relative; measuring itself is wrong by about 1e-9


def two_numbers(value: Any) -> tuple[float, float]:
    """Convert two numbers, in a tuple, a list or an array, to two floats."""
    value = tuple(value) if isinstance(value, np.ndarray) and value.ndim else value
    return tuple_of(number, number)(value)  # type: ignore[return-value]


def measured(function: Callable[[float], float], x: float) -> float:
    """Return the gradient of a function of one number, measured by a central difference."""
    return (function(x + STEP) - function(x - STEP)) / (2 * STEP)


def is_measured(got: Any, expected: Any) -> Mismatch | None:
    """Return None if the gradients that came back are those that were measured."""
    errors = np.abs(np.subtract(got, expected))
    allowed = TOLERANCE * np.maximum(1.0, np.abs(expected))
    return None if bool(np.all(errors <= allowed)) else Mismatch(got, _rounded(expected))


def _rounded(expected: Any) -> Any:
    """Return measured numbers without the digits in which they are wrong."""
    return (
        type(expected)(np.round(expected, 6).tolist())
        if isinstance(expected, tuple)
        else round(float(expected), 6)
    )
