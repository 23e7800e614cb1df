"""Exponentials of compiled kernels against NumPy's in float64."""

import numba
import numpy as np
import pytest

from microgpt.backends.numba_cpu.jit.compile import FLAGS
from microgpt.backends.numba_cpu.simd.intrinsics import exp, exp_weight


@numba.njit(**FLAGS)
def exps(y, weights, x):
    for i in range(x.size):
        y[i] = exp(x[i])
        weights[i] = exp_weight(x[i])


def both(x, dtype):
    y, weights = np.empty((2, len(x)), dtype)
    exps(y, weights, np.array(x, dtype))
    return y, weights


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 2e-7), ("float64", 1e-15)])
def test_exponentials(dtype, rtol):
    x = np.linspace(-68.9, 0, 10_001).astype(dtype)
    y, weights = both(x, dtype)
    np.testing.assert_allclose(y, np.exp(np.float64(x)), rtol=rtol)
    np.testing.assert_array_equal(weights, y)


def test_where_weights_end():
    x = [-69.1, -80, -87.2, -87.4, -1000, -np.inf, np.nan]
    y, weights = both(x, "float32")
    np.testing.assert_allclose(y[:3], np.exp(x[:3]), rtol=1e-5)  # x itself is rounded
    np.testing.assert_array_equal(y[3:], [0, 0, 0, np.nan])
    np.testing.assert_array_equal(weights, [0, 0, 0, 0, 0, 0, np.nan])
    assert (both([-69.1, -80, -700], "float64")[1] > 0).all()
