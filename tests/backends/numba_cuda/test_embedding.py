"""Embeddings as threads: repeated tokens, untouched rows, columns around a warp."""

import numpy as np
import pytest
from kernel_checks import assert_close, normal

from microgpt import backends
from microgpt.backends.numba_cuda import _launch
from microgpt.interpreter import ORDERS


@pytest.mark.parametrize("blocks", [1, 4096])  # one block goes round
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("C", [0, 1, 31, 32, 33, 65])
def test_token_position_embedding(C, order, blocks, dtype, rng, monkeypatch):
    monkeypatch.setattr(_launch, "order", order)
    monkeypatch.setattr(_launch, "MAX_BLOCKS", blocks)
    k = backends.get("interpreter")
    B, T, V, S = 3, 4, 9, 11
    wte, wpe, dy = normal(rng, dtype, (V, C), (S, C), (B * T, C))
    tokens = rng.integers(0, V - 1, (B, T)).astype(np.int32)
    tokens[2] = tokens[0]  # tokens that occur twice
    tokens[0, 0] = V - 1
    position = np.array([6], np.int32)
    y = k.empty((B * T, C), dtype)
    k.launch("token_position_embedding_forward", y, wte, wpe, tokens, position)
    np.testing.assert_array_equal(y.reshape(B, T, C), wte[tokens] + wpe[6:10])

    dwte, dwpe = normal(rng, dtype, (V, C), (S, C))
    unused = [v for v in range(V) if v not in tokens]
    assert unused
    dwte[unused], dwpe[:6], dwpe[10:] = np.nan, np.nan, np.nan  # untouched, they stay
    expected, expected_dwpe = dwte.copy(), dwpe.copy()
    np.add.at(expected, tokens.reshape(-1), dy)
    expected_dwpe[6:10] += dy.reshape(B, T, C).sum(axis=0)
    k.launch("token_position_embedding_backward", dwte, dwpe, dy, tokens, position)
    np.testing.assert_array_equal(dwte, expected)  # in the order of the ids, so the same bits
    assert_close(dwpe, expected_dwpe, dtype)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("N", [0, 1, 31, 32, 33, 257])
def test_embedding(N, order, dtype, rng, monkeypatch):
    monkeypatch.setattr(_launch, "order", order)
    k = backends.get("interpreter")
    table, dtable, dy = normal(rng, dtype, (5, 3), (5, 3), (N, 3))
    tokens = rng.integers(0, 5, N).astype(np.int32)
    y, expected = k.empty((N, 3), dtype), dtable.copy()
    k.launch("embedding_forward", y, table, tokens)
    np.testing.assert_array_equal(y, table[tokens])
    np.add.at(expected, tokens, dy)
    k.launch("embedding_backward", dtable, dy, tokens)
    np.testing.assert_array_equal(dtable, expected)
