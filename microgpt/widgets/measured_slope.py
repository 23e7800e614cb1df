"""Slopes by measuring: central differences, the curve of the result, and its corners."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from microgpt.viz.stethoscope import LossCurve
from microgpt.widgets.expression import Expression

EPS = 1e-5  # the step of the central difference
CORNER_EPS, MIN_BEND = 1e-4, 1e-6  # where relu switches: the step, and the least change of slope
HALF_WIDTH, NUM_POINTS = 2.0, 81  # of the curve


def measure_slope(expression: Expression, leaf_values: Sequence[float], leaf: int) -> float | None:
    """Return (f(x + h) − f(x − h)) / 2h for the leaf at x; `None` if f has no value there."""
    above = _moved(expression, leaf_values, leaf, leaf_values[leaf] + EPS)
    below = _moved(expression, leaf_values, leaf, leaf_values[leaf] - EPS)
    return None if above is None or below is None else (above[-1] - below[-1]) / (2 * EPS)


def corner_sides(
    expression: Expression, leaf_values: Sequence[float], leaf: int
) -> tuple[str, ...]:
    """Return on which side of its corner each relu is whose corner lies where is measured."""
    above = _moved(expression, leaf_values, leaf, leaf_values[leaf] + EPS)
    below = _moved(expression, leaf_values, leaf, leaf_values[leaf] - EPS)
    if above is None or below is None:
        return ()
    here = expression.node_values(leaf_values)
    inputs = [expression.nodes[node].inputs[0] for node in _switched(expression, below, above)]
    return tuple("right" if here[index] > 0 else "left" for index in inputs)


@lru_cache(maxsize=16)  # while a leaf is dragged, its curve stays
def loss_curve(expression: Expression, leaf_values: tuple[float, ...], leaf: int) -> LossCurve:
    """Return the result at 81 values of a leaf, from 2 below its value to 2 above it."""
    xs = [
        leaf_values[leaf] + HALF_WIDTH * (2 * i / (NUM_POINTS - 1) - 1) for i in range(NUM_POINTS)
    ]
    points = [_moved(expression, leaf_values, leaf, x) for x in xs]
    corners = []
    for (x0, values0), (x1, values1) in pairwise(zip(xs, points, strict=True)):
        if values0 is None or values1 is None:
            continue
        for node in _switched(expression, values0, values1):
            before = values0[expression.nodes[node].inputs[0]]
            after = values1[expression.nodes[node].inputs[0]]
            x = x0 + (x1 - x0) * before / (before - after)
            values = _moved(expression, leaf_values, leaf, x)
            if values is not None and _has_corner(expression, leaf_values, leaf, x):
                corners.append((x, values[-1]))
    ys = tuple(None if values is None else values[-1] for values in points)
    return LossCurve(tuple(xs), ys, tuple(corners))


def _has_corner(expression: Expression, leaf_values: Sequence[float], leaf: int, x: float) -> bool:
    """Whether the slopes of the result to the left and to the right of x differ.

    They need not, where relu's input crosses 0: relu(x) · x has no corner. For a smooth function
    their difference doubles with the step; at a corner it stays.
    """
    bends = []
    for h in (CORNER_EPS, 2 * CORNER_EPS):
        points = [_moved(expression, leaf_values, leaf, x + step) for step in (-h, 0.0, h)]
        results = [values[-1] for values in points if values is not None]
        if len(results) < 3:
            return False
        bends.append(abs(results[0] - 2 * results[1] + results[2]) / h)
    return bends[0] > MIN_BEND and bends[1] < 1.5 * bends[0]


def _moved(
    expression: Expression, leaf_values: Sequence[float], leaf: int, x: float
) -> list[float] | None:
    """Return the values of all nodes with the leaf at `x`, `None` where the result has none."""
    try:
        values = expression.node_values([*leaf_values[:leaf], x, *leaf_values[leaf + 1 :]])
    except (ValueError, ArithmeticError):
        return None
    return values if math.isfinite(values[-1]) else None


def _switched(
    expression: Expression, values: Sequence[float], others: Sequence[float]
) -> list[int]:
    """Return the relu nodes that are on in one of two evaluations and off in the other."""
    return [
        index
        for index, node in enumerate(expression.nodes)
        if node.op == "relu" and (values[node.inputs[0]] > 0) != (others[node.inputs[0]] > 0)
    ]
