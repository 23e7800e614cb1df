"""The attention kernels of each back end: the formula in float64, the edges, and causality."""

import numpy as np
import pytest
from attention_runs import TOLERANCE, backward, forward, make_inputs
from naive import attention_forward_backward

from microgpt import backends

SIZES = (0, 1, 2, 7, 16, 31, 32, 33, 65, 130)
HEADS = [(1, 1), (2, 3), (4, 4), (2, 5), (1, 16), (4, 32), (2, 64)]  # n_head, D


def heads(x, n_head):
    """(B, T, C) -> (B, H, T, D)."""
    B, T, C = x.shape
    return x.reshape(B, T, n_head, C // n_head).transpose(0, 2, 1, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", SIZES)
def test_values_and_gradients_are_the_formulas(backend, length, dtype):
    for n_head, size in HEADS:
        qkv, dy = make_inputs(2, length, n_head, size, dtype)
        before = qkv.copy(), dy.copy()
        y, lse = forward(qkv, n_head)
        dqkv = backward(dy, y, lse, qkv, n_head)
        exact = attention_forward_backward(qkv, dy, n_head)
        for actual, expected in zip((y, lse, dqkv), exact, strict=True):
            assert actual.dtype == dtype
            np.testing.assert_allclose(
                actual,
                expected,
                rtol=TOLERANCE[dtype],
                atol=TOLERANCE[dtype],
                err_msg=f"{n_head} {size}",
            )
        np.testing.assert_array_equal(qkv, before[0])
        np.testing.assert_array_equal(dy, before[1])


@pytest.mark.parametrize(("length", "n_head", "size"), [(5, 2, 4), (5, 2, 3), (18, 1, 2)])
def test_gradients_are_finite_differences(backend, length, n_head, size):
    qkv, dy = make_inputs(1, length, n_head, size)
    y, lse = forward(qkv, n_head)
    dqkv = backward(dy, y, lse, qkv, n_head)
    eps = 1e-6
    for index in np.ndindex(qkv.shape):
        above, below = qkv.copy(), qkv.copy()
        above[index] += eps
        below[index] -= eps
        difference = ((forward(above, n_head)[0] - forward(below, n_head)[0]) * dy).sum()
        assert dqkv[index] == pytest.approx(difference / (2 * eps), abs=1e-7)


def test_the_past_gets_no_gradient_of_what_it_does_not_see(backend):
    qkv, dy = make_inputs(1, 20, 2, 4)
    dy[:, :12] = 0
    dy[:, 13:] = 0  # a gradient at position 12 only
    dqkv = backward(dy, *forward(qkv, 2), qkv, 2)
    assert (dqkv[:, :12, :8] == 0).all()
    assert (dqkv[:, 13:] == 0).all()
    assert (dqkv[:, :13, 8:] != 0).all()


@pytest.mark.parametrize(("length", "size"), [(9, 4), (40, 8)])
def test_large_scores_do_not_overflow(backend, length, size):
    qkv, dy = make_inputs(1, length, 2, size, "float32")
    qkv[:, :, : 4 * size] *= 100  # queries and keys of both heads
    y, lse = forward(qkv, 2)
    assert np.isfinite(y).all()
    assert np.isfinite(backward(dy, y, lse, qkv, 2)).all()
    q, k, _ = (heads(part, 2).astype(np.float64) for part in np.split(qkv, 3, axis=2))
    scores = np.where(np.tri(length, dtype=bool), q @ k.swapaxes(2, 3), -np.inf)
    row_max = scores.max(axis=3) / np.sqrt(size)
    assert (lse >= row_max - np.abs(row_max) * 1e-5).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_head", "size"), [*HEADS, (3, 20)])
def test_decoding_step_by_step_is_the_forward_pass(backend, n_head, size, dtype):
    B, T, D = 2, 35, size
    qkv, _ = make_inputs(B, T, n_head, D, dtype)
    expected, _ = forward(qkv, n_head)
    kernels = backends.get(backend)
    keys = np.full((B, n_head, T + 3, D), np.nan, dtype)
    values = keys.copy()
    position = np.zeros(1, np.int32)
    for t in range(T):
        y = kernels.empty((B, n_head * D), dtype)
        new = qkv[:, t].copy()
        kernels.launch("decode_self_attention_", y, keys, values, new, position, n_head)
        np.testing.assert_allclose(y, expected[:, t], rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
        kernels.launch("increment_position_", position, 1)
    _, k, v = (heads(part, n_head) for part in np.split(qkv, 3, axis=2))
    np.testing.assert_array_equal(keys[:, :, :T], k)
    np.testing.assert_array_equal(values[:, :, :T], v)
    assert np.isnan(keys[:, :, T:]).all()
    assert np.isnan(values[:, :, T:]).all()


def test_increment_position(backend):
    kernels = backends.get(backend)
    position = np.array([3], np.int32)
    kernels.launch("increment_position_", position, 2)
    assert position[0] == 5


def test_an_empty_batch(backend):
    qkv, dy = make_inputs(0, 7, 2, 4)
    y, lse = forward(qkv, 2)
    assert backward(dy, y, lse, qkv, 2).shape == (0, 7, 24)
