"""`clip` and `where` at limits, and with infinities and NaN on the side that is not taken."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import ops


@pytest.mark.parametrize(
    ("limits", "values", "slopes"),
    [
        ((-0.5, 1), [-0.5, -0.5, 0, 1, 1, np.nan], [0, 1, 1, 1, 0, 0]),
        ((None, 0), [-2, -0.5, 0, 0, 0, np.nan], [1, 1, 1, 0, 0, 0]),
        ((0, None), [0, 0, 0, 1, 3, np.nan], [0, 0, 1, 1, 1, 0]),
    ],
)
def test_at_a_limit_the_slope_is_one_and_beyond_zero(backend, limits, values, slopes):
    x = mg.Tensor([-2, -0.5, 0, 1, 3, np.nan], requires_grad=True)
    y = x.clip(*limits)
    np.testing.assert_array_equal(y.numpy(), values)
    y.backward(np.ones(6))
    np.testing.assert_array_equal(x.grad, slopes)


def test_what_is_not_taken_spoils_nothing(backend):
    x = mg.Tensor([np.inf, np.nan, 2.0], requires_grad=True)
    y = ops.where(x == 2, x * 1, 0)
    assert y.numpy().tolist() == [0, 0, 2]
    y.backward([3, 3, 3])
    assert x.grad.tolist() == [0, 0, 3]


def test_one_hot_rows_pick_the_rows_of_a_weight(backend):
    W = mg.Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    rows = ops.one_hot([[2, 0]], 3)
    assert (rows.dtype, rows.shape) == (np.float32, (1, 2, 3))
    np.testing.assert_array_equal((rows @ W).numpy(), W.numpy()[[[2, 0]]])
    with pytest.raises(mg.DtypeError, match="integers"):
        ops.one_hot([0.5], 3)
