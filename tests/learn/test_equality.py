"""When two values are equal, and when an argument was left as it was."""

import numpy as np
import pytest

from microgpt.learn.equality import is_unchanged, values_equal


class RaisesOnComparison:
    def __eq__(self, other):
        raise KeyError


def test_which_values_are_equal():
    mask = np.array([True, False])
    assert values_equal(mask, mask.copy())
    assert values_equal(mask, np.array([1, 0]))
    assert not values_equal(mask, ~mask)
    assert values_equal(True, True)
    assert not values_equal(True, False)
    assert values_equal([3.0, 4.0], np.array([3.0, 4.0]))
    assert not values_equal([3.0, 4.0], np.array([3.0, 5.0]))
    assert not values_equal([[1.0], [2.0, 3.0]], np.ones(3))
    assert not values_equal(np.ones(2), "11")
    assert not values_equal(np.ones(2), RaisesOnComparison())


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.ones((2, 3)), np.ones((3, 2))),
        (np.ones((2, 2)), np.ones(4)),
        (np.ones((1, 3)), np.ones((3, 1))),
        (np.ones((1, 3)), np.ones(3)),
        (np.ones(1), 1.0),
        ([1.0], np.ones((1, 1))),
        ((1, "a"), (1, "a", 2)),
        ((1, "a", 2), (1, "a")),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
    ],
)
def test_other_shapes_and_lengths_are_not_equal(a, b):
    """Also where NumPy would broadcast, or where one is the beginning of the other."""
    assert not values_equal(a, b, tolerance=1.0)
    assert values_equal(a, a)
    assert values_equal(b, b)


@pytest.mark.parametrize("scale", [1e-6, 0.5, 1.0, 20.0, 1e6])
@pytest.mark.parametrize("tolerance", [1e-5, 1e-2])
def test_the_tolerance_is_relative_above_one_and_absolute_below(scale, tolerance):
    b = np.array([scale, -scale])
    allowed = tolerance * max(1.0, scale)
    for sign in (-1, 1):
        assert values_equal(b + sign * 0.9 * allowed, b, tolerance)
        assert not values_equal(b + sign * 1.1 * allowed, b, tolerance)
        assert not values_equal(b + np.array([0, sign * 1.1 * allowed]), b, tolerance)


def test_nan_and_infinity_equal_themselves_alone():
    nan, inf = float("nan"), float("inf")
    assert values_equal(np.array([nan, inf, -inf]), np.array([nan, inf, -inf]))
    for a, b in ((nan, 0.0), (0.0, nan), (inf, -inf), (inf, 1e308), (inf, nan)):
        assert not values_equal(np.array([a]), np.array([b]), tolerance=1e3)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (np.ones(2), np.ones(2), True),
        (np.ones(2), np.ones(2, np.float32), False),
        (np.ones(2), np.array([1.0, 1.0 + 1e-12]), False),
        ([1, [2, 3]], [1, [2, 3]], True),
        ([1, [2, 3]], [1, [3, 2]], False),
        ([1, 2], [1], False),
        ({"a": [1]}, {"a": [2]}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({1, 2}, {1, 2}, True),
        ({1, 2}, {1, 3}, False),
    ],
)
def test_arguments_that_an_answer_changed(before, after, same):
    assert is_unchanged(before, after) is same
