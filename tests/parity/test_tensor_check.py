"""`check_tensor`: largest and relative differences."""

import numpy as np
import pytest

from microgpt.parity.tensor_check import check_tensor


def test_both_differences():
    check = check_tensor("a", np.array([3.0, 4.0, 1.0]), np.array([3.0, 4.0, 0.0]), 0.5)
    assert (check.max_abs_diff, check.relative_diff) == (1.0, pytest.approx(0.2))
    assert not check.passed
    in_norm = check_tensor("a", np.array([3.0, 4.0, 1.0]), np.array([3.0, 4.0, 0.0]), 0.5, True)
    assert in_norm.passed


def test_zeros_agree_and_nothing_is_near_zero_in_norm():
    assert check_tensor("a", np.zeros(3), np.zeros(3), 0.0, in_norm=True).passed
    assert check_tensor("a", np.empty((0, 3)), np.empty((0, 3)), 0.0).passed
    assert not check_tensor("a", np.ones(3), np.zeros(3), 1e9, in_norm=True).passed
