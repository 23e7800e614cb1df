"""Optimiser steps of both back ends against formulas in float64."""

import numpy as np
import pytest
from kernel_checks import as_float64, assert_close, normal

from microgpt import backends
from microgpt.backends.shared_rules import SQUARES_CHUNK


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("n", [0, 1, 2, 7, 33, 768, 30_000])
def test_adamw(backend, dtype, n, decay, rng):
    k = backends.get(backend)
    data, grad, m = normal(rng, dtype, n, n, n)
    v = np.abs(normal(rng, dtype, n)[0])
    x, g, m64, v64 = as_float64(data, grad, m, v)
    decayed, lr, t = n // 2, 0.1, 3
    x[:decayed] -= lr * decay * x[:decayed]
    m64, v64 = 0.8 * m64 + 0.2 * g, 0.95 * v64 + 0.05 * g * g
    step = lr * m64 / (1 - 0.8**t) / (np.sqrt(v64 / (1 - 0.95**t)) + 1e-6)
    adam = data.copy(), grad, m.copy(), v.copy()
    state = np.array([lr]), np.array([float(t)]), 0.8, 0.95, 1e-6
    k.launch("adamw_step_", data, grad, m, v, *state, decay, decayed)
    assert_close(data, x - step, dtype)
    assert_close(m, m64, dtype)
    assert_close(v, v64, dtype)
    k.launch("adam_step_", *adam, *state)
    np.testing.assert_array_equal(adam[0][decayed:], data[decayed:])
    assert (adam[0][:decayed] != data[:decayed]).any() == (decay > 0 and decayed > 0)


@pytest.mark.parametrize("n", [1, 7, 8, 100])  # in vectors and in their remainders
def test_subnormal_moments_become_0(backend, dtype, n):
    smallest = np.finfo(dtype).tiny
    for sign, before, after in [
        (1, smallest / 2, 0), (-1, smallest / 2, 0), (1, 4 * smallest, 2 * smallest),
        (-1, 4 * smallest, 2 * smallest), (1, 2 * smallest, smallest), (1, np.nan, np.nan),
    ]:  # fmt: skip
        data, grad = np.ones(n, dtype), np.zeros(n, dtype)
        m, v = np.full(n, sign * before, dtype), np.full(n, before, dtype)
        state = np.array([0.1]), np.array([3.0]), 0.5, 0.5, 1e-8
        backends.get(backend).launch("adam_step_", data, grad, m, v, *state)
        np.testing.assert_array_equal(m, np.full(n, sign * after, dtype))
        np.testing.assert_array_equal(v, np.full(n, after, dtype))


@pytest.mark.parametrize("n", [1, 7, 8, 100])
def test_a_small_mean_and_a_small_gradient_make_no_subnormal_number(n):
    """They would have few digits, as a small mean times the rate had, or be slow."""
    launch, tiny = backends.get("numba").launch, np.finfo(np.float32).tiny
    data, grad, v = np.zeros((3, n), np.float32)
    m = np.linspace(2, 5, n, dtype=np.float32) * tiny
    expected = -0.9 * np.float64(m) / 1e-8 * 1e-4
    launch("adam_step_", data, grad, m, v, np.array([1e-4]), np.array([1e5]), 0.9, 0.99, 1e-8)
    np.testing.assert_allclose(data, expected, rtol=1e-6)
    for gradient, before, mean_square in [
        (1e-20, 0, 0), (-1e-20, 0, 0), (1e-18, 0, 5e-37), (np.nan, 0, np.nan),
        (1e-19, 4 * tiny, 2 * tiny), (-1e-19, 4 * tiny, 2 * tiny),
    ]:  # fmt: skip
        grad[:], m[:], v[:] = gradient, 0, before
        launch("adam_step_", data, grad, m, v, np.array([0.1]), np.array([3.0]), 0.5, 0.5, 1e-8)
        np.testing.assert_allclose(m, np.full(n, gradient / 2), rtol=1e-6)
        np.testing.assert_allclose(v, np.full(n, mean_square), rtol=1e-6)


def test_a_learning_rate_of_0_moves_no_weight(backend, dtype):
    data, grad, m = np.array([[3, -2, 5], [1, 0, -1e-30], [0.5, 0, 0]], dtype)
    v = m * m
    state = np.zeros(1), np.array([3.0]), 0.9, 0.99, 1e-8
    backends.get(backend).launch("adam_step_", data, grad, m, v, *state)
    backends.get(backend).launch("adamw_step_", data, grad, m, v, *state, 0.1, 2)
    np.testing.assert_array_equal(data, np.array([3, -2, 5], dtype))


@pytest.mark.parametrize("n", [0, 1, 33, 1025])
def test_sgd(backend, dtype, n, rng):
    data, grad = normal(rng, dtype, n, n)
    x, g = as_float64(data, grad)
    backends.get(backend).launch("sgd_step_", data, grad, np.array([0.3]))
    assert_close(data, x - 0.3 * g, dtype)


@pytest.mark.parametrize("n", [0, 1, 33, 16_384, 16_385, 100_000])
def test_gradient_norm(backend, dtype, n, rng):
    k = backends.get(backend)
    grad = normal(rng, dtype, n)[0]
    squares = as_float64(grad)[0] ** 2
    chunks = range(0, n, SQUARES_CHUNK)
    sums, norm = k.empty(len(chunks), "float64"), k.empty(1, "float64")
    k.launch("sum_of_squares_", sums, grad)
    expected = [squares[first : first + SQUARES_CHUNK].sum() for first in chunks]
    np.testing.assert_allclose(sums, expected, rtol=1e-12)
    k.launch("root_of_sum_", norm, sums)
    np.testing.assert_allclose(norm, np.sqrt(squares.sum()), rtol=1e-12)
    factor = 0.5 / max(norm[0], 0.5)  # where the norm is less, nothing is clipped
    small = grad * np.dtype(dtype).type(factor)
    k.launch("clip_by_norm_", grad, norm, 0.5)
    assert_close(grad, small, dtype, 0.1)
    for max_norm in (float(norm[0]), 3 * float(norm[0])):  # nothing to clip
        k.launch("clip_by_norm_", small, norm, max_norm)
        assert_close(grad, small, dtype, 0.1)
