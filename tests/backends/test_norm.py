"""Norms of both back ends against formulas in float64, and where they are delicate."""

import numpy as np
import pytest
from kernel_checks import COLUMNS, as_float64, assert_close, assert_is_gradient, normal
from naive import layer_norm, rms_norm

from microgpt import backends


def make_dx_in(rng, dtype, with_dx_in, shape):
    """A gradient so far, and what it adds to the result; absent: nothing."""
    dx_in = rng.normal(size=shape if with_dx_in else (0, 0)).astype(dtype)
    return dx_in, dx_in if with_dx_in else 0


@pytest.mark.parametrize("with_dx_in", [False, True])
@pytest.mark.parametrize("columns", COLUMNS)
def test_rms_norm(backend, dtype, columns, with_dx_in, rng):
    k, C = backends.get(backend), columns
    x, dy = normal(rng, dtype, (5, C), (5, C))
    dx_in, added = make_dx_in(rng, dtype, with_dx_in, (5, C))
    y, rstd, dx = k.empty((5, C), dtype), k.empty(5, dtype), k.empty((5, C), dtype)
    k.launch("rms_norm_forward", y, rstd, x, 1e-5)
    k.launch("rms_norm_backward", dx, dy, x, rstd, dx_in)
    assert_close(y, rms_norm(*as_float64(x)), dtype)
    assert_is_gradient(rms_norm, x, dy, dx - added, dtype, rng)


@pytest.mark.parametrize("with_dx_in", [False, True])
@pytest.mark.parametrize("shape", [*((5, C) for C in COLUMNS), (0, 7), (100, 33)])
def test_layer_norm(backend, dtype, shape, with_dx_in, rng):
    k, (N, C) = backends.get(backend), shape
    x, dy, weight, bias = normal(rng, dtype, (N, C), (N, C), C, C)
    x += 3
    dx_in, added = make_dx_in(rng, dtype, with_dx_in and N, (N, C))
    y, dx = k.empty((N, C), dtype), k.empty((N, C), dtype)
    mean, rstd = k.empty(N, dtype), k.empty(N, dtype)
    dweight, dbias = normal(rng, dtype, C, C)
    before = dweight.copy(), dbias.copy()
    k.launch("layer_norm_forward", y, mean, rstd, x, weight, bias, 1e-5)
    k.launch("layer_norm_backward", dx, dweight, dbias, dy, x, weight, mean, rstd, dx_in)
    X, DY, W, S = as_float64(x, dy, weight, bias)
    assert_close(y, layer_norm(X, W, S), dtype, 5)
    assert_is_gradient(lambda x: layer_norm(x, W, S), x, dy, dx - added, dtype, rng)
    assert_close(dweight - before[0], (DY * layer_norm(X, 1, 0)).sum(axis=0), dtype, 5)
    assert_close(dbias - before[1], DY.sum(axis=0), dtype, 5)

    no_bias, again = k.empty_optional(1, dtype), before[0].copy()
    k.launch("layer_norm_forward", y, mean, rstd, x, weight, no_bias, 1e-5)
    k.launch("layer_norm_backward", dx, again, no_bias, dy, x, weight, mean, rstd, dx_in)
    assert_close(y, layer_norm(X, W, 0), dtype, 5)
    np.testing.assert_array_equal(again, dweight)


def test_layer_norm_of_large_numbers_close_to_each_other(backend):
    k = backends.get(backend)
    x = (1000 + np.random.default_rng(0).normal(size=(3, 64))).astype(np.float32)
    y, mean, rstd = k.empty((3, 64), "float32"), k.empty(3, "float32"), k.empty(3, "float32")
    one, zero = np.ones(64, np.float32), np.zeros(64, np.float32)
    k.launch("layer_norm_forward", y, mean, rstd, x, one, zero, 1e-5)
    # E[x²] − E[x]² would have lost all digits of the variance.
    np.testing.assert_allclose(y, layer_norm(*as_float64(x, one, zero)), atol=2e-4)


def test_nan_stays_in_its_row(backend, dtype, rng):
    k = backends.get(backend)
    x, weight = normal(rng, dtype, (3, 33), 33)
    x[1, 20] = np.nan
    y, mean, rstd = k.empty((3, 33), dtype), k.empty(3, dtype), k.empty(3, dtype)
    k.launch("layer_norm_forward", y, mean, rstd, x, weight, k.empty_optional(1, dtype), 1e-5)
    np.testing.assert_array_equal(np.isnan(y).all(axis=1), [False, True, False])
    np.testing.assert_array_equal(np.isnan(y).any(axis=1), [False, True, False])
