"""When two values are equal."""

import numpy as np

from microgpt.learn.equality import values_equal


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
