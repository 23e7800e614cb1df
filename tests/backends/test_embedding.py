"""Embeddings of both back ends: repeated tokens, untouched rows, refusals."""

import numpy as np
import pytest
from kernel_checks import COLUMNS, assert_close, normal

import microgpt as mg
from microgpt import backends, ops
from microgpt.errors import TokenError


@pytest.mark.parametrize("columns", [*COLUMNS, 0, 128, 129])
def test_token_position_embedding(backend, dtype, columns, rng):
    k = backends.get(backend)
    B, T, V, S, C = 3, 4, 50, 11, columns
    wte, wpe, dy = normal(rng, dtype, (V, C), (S, C), (B * T, C))
    tokens = rng.integers(0, V, (B, T)).astype(np.int32)
    tokens[2] = tokens[0]  # tokens that occur twice
    position = np.array([6], np.int32)
    y = k.empty((B * T, C), dtype)
    k.launch("token_position_embedding_forward", y, wte, wpe, tokens, position)
    np.testing.assert_array_equal(y.reshape(B, T, C), wte[tokens] + wpe[6:10])

    dwte, dwpe = normal(rng, dtype, (V, C), (S, C))
    dwte[[v for v in range(V) if v not in tokens]] = np.nan  # untouched, it stays
    expected = dwte.astype(np.float64), dwpe.astype(np.float64)
    np.add.at(expected[0], tokens.reshape(-1), dy)
    expected[1][6:10] += dy.reshape(B, T, C).sum(axis=0, dtype=np.float64)
    without_positions = dwte.copy()
    k.launch("token_position_embedding_backward", dwte, dwpe, dy, tokens, position)
    k.launch("embedding_backward", without_positions, dy, tokens.reshape(-1))
    assert_close(dwte, expected[0], dtype)
    assert_close(dwpe, expected[1], dtype)
    np.testing.assert_array_equal(without_positions, dwte)


def test_checks_refuse_natively_and_say_why(backend):
    k = backends.get(backend)
    good = np.array([0, 4, 2], np.int32)
    k.launch("check_tokens", good, 5)
    k.launch("check_targets", np.array([0, -1, 4], np.int32), 5, 1)
    k.launch("check_targets", np.array([-1, -1], np.int32), 5, 0)
    for bad in (5, -1):
        with pytest.raises(TokenError, match=f"got {bad} at position 1"):
            k.launch("check_tokens", np.array([0, bad, 7], np.int32), 5)
    for bad in (5, -2):
        with pytest.raises(TokenError, match=f"got {bad} at position 1"):
            k.launch("check_targets", np.array([-1, bad], np.int32), 5, 1)
    with pytest.raises(TokenError, match="every target is -1"):
        k.launch("check_targets", np.array([-1, -1], np.int32), 5, 1)
    if backend == "numba":
        check = k.kernels["check_tokens"].compiled
        assert check(good, 5) is None
        with pytest.raises(ValueError, match=r"^$"):
            check(good, 4)


@pytest.mark.parametrize(
    ("position", "fits"), [(0, True), (3, True), (4, False), (5, False), (-1, False)]
)
def test_positions_end_with_the_table(backend, position, fits):
    """Two tokens after `position` others, in a table of five positions."""
    wte, wpe = mg.Tensor(np.zeros((3, 2))), mg.Tensor(np.arange(10.0).reshape(5, 2))
    at = np.array([position], np.int32)
    if fits:
        y = ops.token_position_embedding(np.array([[0, 1]]), wte, wpe, at).numpy()
        np.testing.assert_array_equal(y[0], wpe.numpy()[position : position + 2])
    else:
        with pytest.raises(mg.MicrogptError, match=f"{position}"):
            ops.token_position_embedding(np.array([[0, 1]]), wte, wpe, at)
