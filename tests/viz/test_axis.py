"""Axes end just above the largest value."""

import pytest

from microgpt.viz.axis import percent_axis, value_ticks


@pytest.mark.parametrize(
    ("max_prob", "end"),
    [(0.0, 0.01), (0.01, 0.01), (0.011, 0.02), (0.088, 0.1), (0.101, 0.15), (0.34, 0.4), (1, 1)],
)
def test_the_axis_of_probabilities_ends_at_the_next_round_step(max_prob, end):
    assert percent_axis(max_prob) == (end, [0.0, end / 2, end])


def test_a_sum_just_above_one_fits():
    assert percent_axis(1.0000001)[0] == 1.0


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (2.3, 3.6, [2.5, 3.0, 3.5]),
        (0, 4, [0, 1, 2, 3, 4]),
        (2.4, 3.3, [2.5, 2.75, 3.0, 3.25]),
        (0, 0, [0]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
    ],
)
def test_ticks_are_round_and_inside(low, high, ticks):
    assert value_ticks(low, high) == pytest.approx(ticks)
