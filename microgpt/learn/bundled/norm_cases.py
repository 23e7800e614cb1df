"""Shared by the exercises on norms: their inputs, and what holds of every norm of rows."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from microgpt.learn.exercise import Mismatch
from microgpt.learn.messages import message_section

EPS = 1e-5
OTHER_EPS = ("1e-6", "1e-8")  # which learners write in place of the argument
QUANTITIES = message_section("quantities")


def cases(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], Iterator[tuple]]:
    """Return the inputs of a property: x of each of these shapes, and eps."""
    return lambda rng: ((np.round(rng.normal(size=shape) * 2, 1), EPS) for shape in shapes)


def has_shape(answer: Any, x: np.ndarray, *others: Any) -> Mismatch | None:
    """Test, for a property, that the result has the shape of x."""
    got = answer(x, *others).shape
    return None if got == x.shape else Mismatch(f"shape {got}", f"shape {x.shape}")


def rows_are_independent(answer: Any, x: np.ndarray, *others: Any) -> Mismatch | None:
    """Test, for a property, that the first row of the result depends on that of x alone."""
    changed = x.copy()
    changed[1:] += 1.0 + np.arange(x[1:].size).reshape(x[1:].shape)
    before, after = (np.atleast_1d(answer(rows, *others))[0] for rows in (x, changed))
    same = before.shape == after.shape and np.allclose(before, after, rtol=0, atol=1e-9)
    return None if same else Mismatch(after, before, quantity=QUANTITIES["first_row"])
