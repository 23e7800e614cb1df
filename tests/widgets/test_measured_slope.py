"""Slopes by measuring agree with autograd wherever there is one slope."""

import math

import pytest
from expressions import random_expressions

from microgpt.widgets.expression_parser import parse_expression
from microgpt.widgets.measured_slope import (
    NUM_POINTS,
    corner_sides,
    loss_curve,
    measure_slope,
)


@pytest.mark.slow
def test_both_slopes_agree_on_500_random_expressions():
    num_compared = 0
    for source, leaf_values in random_expressions(500, seed=2):
        expression, numbers = parse_expression(source), list(leaf_values.values())
        graph = expression.graph(numbers)
        graph[-1].backward()
        for leaf, index in enumerate(expression.leaf_indices):
            if corner_sides(expression, numbers, leaf) or _is_at_an_edge(expression, numbers):
                continue
            measured = measure_slope(expression, numbers, leaf)
            assert measured is not None, source
            grad = graph[index].grad
            assert math.isclose(measured, grad, rel_tol=1e-4, abs_tol=1e-6), (source, leaf_values)
            num_compared += 1
    assert num_compared > 700


def _is_at_an_edge(expression, numbers):
    """Whether a step of 1e-5 leaves the numbers for which log, a root or a quotient is smooth."""
    values = expression.node_values(numbers)
    return any(
        abs(values[node.inputs[-1]]) < 0.02
        for node in expression.nodes
        if node.op in ("log", "**", "/") and node.inputs
    )


@pytest.mark.parametrize(
    ("x", "measured", "sides"),
    [(0.0, 0.5, ("left",)), (1e-6, 0.55, ("right",)), (-4e-6, 0.3, ("left",)),
     (0.01, 1.0, ()), (-0.01, 0.0, ())],
)  # fmt: skip
def test_a_corner_is_noticed_where_measuring_straddles_it(x, measured, sides):
    expression = parse_expression("relu(x)")
    assert measure_slope(expression, (x,), 0) == pytest.approx(measured)
    assert corner_sides(expression, (x,), 0) == sides


def test_a_corner_belongs_to_the_leaf_that_moves_through_it():
    expression = parse_expression("relu(x) * a + b")
    assert corner_sides(expression, (0.0, 2.0, 1.0), 0) == ("left",)
    assert corner_sides(expression, (0.0, 2.0, 1.0), 1) == ()


def test_where_one_side_has_no_value_nothing_is_measured():
    expression = parse_expression("log(x)")
    assert measure_slope(expression, (5e-6,), 0) is None
    assert corner_sides(expression, (5e-6,), 0) == ()
    assert measure_slope(expression, (1.0,), 0) == pytest.approx(1.0)


def test_the_curve_has_81_points_and_gaps_where_there_is_no_value():
    curve = loss_curve(parse_expression("log(x)*2"), (1.0,), 0)
    assert len(curve.xs) == len(curve.ys) == NUM_POINTS == 81
    assert (curve.xs[0], curve.xs[40], curve.xs[-1]) == (-1.0, 1.0, 3.0)
    assert [y is None for y in curve.ys] == [x <= 0 for x in curve.xs]
    assert curve.ys[-1] == pytest.approx(2 * math.log(3))
    assert curve.corners == ()


def test_corners_stand_on_the_curve_where_the_slope_changes():
    curve = loss_curve(parse_expression("relu(x - 0.512) * a"), (0.0, 3.0), 0)
    (corner,) = curve.corners
    assert corner == pytest.approx((0.512, 0.0), abs=1e-9)
    (tiny,) = loss_curve(parse_expression("relu(x) / 10000"), (0.02,), 0).corners
    assert tiny == pytest.approx((0.0, 0.0), abs=1e-9)
    assert loss_curve(parse_expression("relu(x) * x"), (0.02,), 0).corners == ()
    both = loss_curve(parse_expression("relu(x) + relu(1 - x)"), (0.02,), 0)
    assert [x for x, _ in both.corners] == pytest.approx([0.0, 1.0], abs=1e-9)
