"""Activations of both back ends against formulas in float64, and their ends."""

import numpy as np
import pytest
from kernel_checks import as_float64, assert_close, assert_is_gradient, normal
from naive import gelu

from microgpt import backends


@pytest.mark.parametrize("n", [0, 1, 2, 7, 31, 32, 33, 768, 40_000])
def test_gelu(backend, dtype, n, rng):
    k = backends.get(backend)
    x, dy = normal(rng, dtype, n, n)
    x *= 3
    y, dx = k.empty(n, dtype), k.empty(n, dtype)
    k.launch("gelu_forward", y, x)
    k.launch("gelu_backward", dx, dy, x)
    assert_close(y, gelu(*as_float64(x)), dtype)
    assert_is_gradient(gelu, x, dy, dx, dtype, rng)


def test_gelu_far_out(backend, dtype):
    k = backends.get(backend)
    x = np.array([-1e4, -60, -30, 0, 30, 60, 1e4, np.nan], dtype)
    y, dx = k.empty(8, dtype), k.empty(8, dtype)
    k.launch("gelu_forward", y, x)
    k.launch("gelu_backward", dx, np.ones(8, dtype), x)
    np.testing.assert_array_equal(y, [0, 0, 0, 0, 30, 60, 1e4, np.nan])
    np.testing.assert_array_equal(dx, [0, 0, 0, 0.5, 1, 1, 1, np.nan])


@pytest.mark.parametrize("name", ["tanh", "log"])
def test_functions_in_float32(backend, name):
    k = backends.get(backend)
    x = np.concatenate([np.logspace(-37, 37, 200_001), np.linspace(0.3, 30, 100_001)])
    x = np.concatenate([x, -x] if name == "tanh" else [x, [1e-40]]).astype(np.float32)
    y = k.empty(x.size, "float32")
    k.launch(f"{name}_forward", y, x)
    expected = getattr(np, name)(x.astype(np.float64))
    assert np.array_equal(y == 0, expected == 0)
    nonzero = expected != 0
    assert np.abs(y[nonzero] / expected[nonzero] - 1).max() < 3e-7


def test_functions_at_the_ends(backend, dtype):
    k = backends.get(backend)
    x = np.array([-np.inf, -1, 0, 1, np.inf, np.nan], dtype)
    y = k.empty(6, dtype)
    k.launch("log_forward", y, x)
    np.testing.assert_array_equal(y, [np.nan, np.nan, -np.inf, 0, np.inf, np.nan])
    x[1], x[3] = -50, 50
    k.launch("tanh_forward", y, x)
    np.testing.assert_array_equal(y, [-1, -1, 0, 1, 1, np.nan])
