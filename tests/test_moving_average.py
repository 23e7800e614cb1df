"""The moving average against its definition."""

import numpy as np
import pytest

from microgpt.moving_average import MEAN_OF, mean_before, mean_of


@pytest.mark.parametrize("step", [1, 2, MEAN_OF - 1, MEAN_OF, MEAN_OF + 1, 50])
def test_it_is_the_mean_of_the_last_values_before_a_step(step):
    values = np.random.default_rng(0).normal(size=50)
    last = [values[i] for i in range(50) if step - MEAN_OF <= i < step]
    assert mean_of(step) == len(last)
    assert mean_before(values, step) == pytest.approx(sum(last) / len(last))


def test_rows_are_averaged_column_by_column():
    rows = np.arange(60.0).reshape(30, 2)
    np.testing.assert_allclose(mean_before(rows, 30), rows[10:].mean(axis=0))
