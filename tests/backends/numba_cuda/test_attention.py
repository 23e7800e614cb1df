"""Attention's threads give NumPy's numbers: over tiles of any size, in any order, over a cache."""

import numpy as np
import pytest
from attention_runs import make_inputs

from microgpt import backends
from microgpt.backends.numba_cuda import _launch
from microgpt.backends.numba_cuda.attention import backward, forward
from microgpt.backends.numba_cuda.attention.tiles import SHARED_BYTES, padded_width, rows_of_tile
from microgpt.interpreter import ORDERS

TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
DROPOUT = np.array([-5, 2**32 + 3]), 4, int(0.3 * 2**32), 1 / 0.7  # state, layer, threshold, scale


def attend(backend, qkv, dy, n_head, dropout=()):
    """y, lse and dqkv, in memory that was filled with NaN."""
    name = "dropout_attention" if dropout else "self_attention"
    kernels, (B, T, _) = backends.get(backend), dy.shape
    y, dqkv = np.full_like(dy, np.nan), np.full_like(qkv, np.nan)
    lse = np.full((B, n_head, T), np.nan, dy.dtype)
    kernels.launch(f"{name}_forward", y, lse, qkv, n_head, *dropout)
    kernels.launch(f"{name}_backward", dqkv, dy, y, lse, qkv, n_head, *dropout)
    return y, lse, dqkv


def assert_is_numpys(qkv, dy, n_head):
    tolerance = TOLERANCE[str(dy.dtype)]
    for dropout in ((), DROPOUT):
        found = attend("interpreter", qkv, dy, n_head, dropout)
        expected = attend("numpy", qkv, dy, n_head, dropout)
        for ours, numpys in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, numpys, rtol=tolerance, atol=tolerance)


def set_rows(monkeypatch, rows):
    """Let tiles have so many rows; 0 takes the threads for wide heads."""
    for module in (forward, backward):
        monkeypatch.setattr(module, "rows_of_tile", lambda D, itemsize: rows)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    ("rows", "B", "T", "n_head", "D"),
    [
        (8, 1, 1, 1, 1), (8, 2, 9, 2, 5), (8, 1, 8, 1, 4), (16, 1, 17, 1, 3), (8, 1, 17, 1, 2),
        (0, 1, 1, 1, 1), (0, 2, 5, 2, 3),
    ],
)  # fmt: skip
def test_tiles_of_any_size_give_numpys_numbers(rows, B, T, n_head, D, dtype, monkeypatch):
    set_rows(monkeypatch, rows)
    assert_is_numpys(*make_inputs(B, T, n_head, D, dtype), n_head)


@pytest.mark.parametrize(("D", "dtype", "rows"), [(64, "float64", 16), (257, "float32", 0)])
def test_heads_so_wide_that_fewer_rows_fit(D, dtype, rows):
    assert rows_of_tile(D, np.dtype(dtype).itemsize) == rows
    assert_is_numpys(*make_inputs(1, 3, 1, D, dtype), 1)


def test_more_features_than_a_warp_has_lanes(monkeypatch):
    set_rows(monkeypatch, 0)
    assert_is_numpys(*make_inputs(1, 2, 2, 33), 2)


def test_tiles_fit_into_the_shared_memory_of_a_block():
    for itemsize in (4, 8):
        for D in range(1, 400):
            rows = rows_of_tile(D, itemsize)
            tiles, squares = 4 * rows * padded_width(D), 2 * rows * (rows + 1)
            assert (tiles + squares) * itemsize <= SHARED_BYTES
    assert [rows_of_tile(D, 4) for D in (1, 64, 128, 256, 257)] == [32, 32, 16, 8, 0]
    assert [rows_of_tile(D, 8) for D in (32, 64, 128, 129)] == [16, 16, 8, 0]


@pytest.mark.parametrize(("rows", "T"), [(8, 9), (0, 3)])
def test_no_order_of_the_threads_changes_a_bit(rows, T, monkeypatch):
    set_rows(monkeypatch, rows)
    qkv, dy = make_inputs(1, T, 1, 5, "float32")
    for dropout in ((), DROPOUT):
        bits = set()
        for order in (*ORDERS, 7):
            monkeypatch.setattr(_launch, "order", order)
            results = attend("interpreter", qkv, dy, 1, dropout)
            bits.add(b"".join(array.tobytes() for array in results))
        assert len(bits) == 1


@pytest.mark.parametrize(("rows", "T"), [(8, 10), (0, 4)])
def test_large_scores_do_not_overflow(rows, T, monkeypatch):
    set_rows(monkeypatch, rows)
    qkv, dy = make_inputs(1, T, 1, 4, "float32")
    qkv[:, :, :8] *= 100  # queries and keys
    assert all(np.isfinite(array).all() for array in attend("interpreter", qkv, dy, 1))


@pytest.mark.parametrize("shape", [(0, 7), (2, 0)])
def test_nothing_to_attend(shape):
    for dropout in ((), DROPOUT):
        y, lse, dqkv = attend("interpreter", *make_inputs(*shape, 2, 4), 2, dropout)
        assert (y.size, lse.size, dqkv.size) == (0, 0, 0)


# -- over a cache --------------------------------------------------------------------------------


def cache_of(B, H, S, D, dtype, filled):
    """Keys and values that are numbers up to position `filled`, and NaN beyond."""
    cache = np.random.default_rng(1).standard_normal((2, B, H, S, D)).astype(dtype)
    cache[:, :, :, filled + 1 :] = np.nan
    return cache[0].copy(), cache[1].copy()


@pytest.mark.parametrize(
    ("dtype", "order"), [*(("float32", order) for order in ORDERS), ("float64", "forwards")]
)
@pytest.mark.parametrize(
    ("B", "H", "S", "D", "position"),
    [(1, 1, 1, 1, 0), (2, 2, 5, 3, 3), (1, 3, 40, 4, 31), (3, 1, 40, 33, 32), (0, 2, 4, 3, 1)],
)
def test_one_more_token_gives_numpys_numbers(B, H, S, D, position, dtype, order, monkeypatch):
    monkeypatch.setattr(_launch, "order", order)
    qkv, _ = make_inputs(B, 1, H, D, dtype)
    qkv, at = qkv[:, 0].copy(), np.array([position], np.int32)
    results = []
    for backend in ("interpreter", "numpy"):
        kernels = backends.get(backend)
        keys, values = cache_of(B, H, S, D, dtype, position)
        q, y = qkv[:, : H * D].reshape(B, H, D).copy(), np.full((B, H, D), np.nan, dtype)
        weights, of_qkv = np.full((B, H, S), np.nan, dtype), np.full((B, H * D), np.nan, dtype)
        kernels.launch("decode_attention_forward", y, weights, q, keys, values, at)
        kernels.launch("decode_self_attention_", of_qkv, keys, values, qkv, at, H)
        results.append((y, weights, of_qkv, keys, values))
    for ours, numpys in zip(*results, strict=True):
        np.testing.assert_allclose(ours, numpys, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize(("T", "position"), [(1, 0), (3, 2), (0, 1)])
def test_a_cache_takes_new_positions_and_the_position_goes_on(T, position):
    x, results = np.arange(2.0 * 3 * T * 5).reshape(2, 3, T, 5), []
    for backend in ("interpreter", "numpy"):
        cache, at = np.full((2, 3, 6, 5), -1.0), np.array([position], np.int32)
        backends.get(backend).launch("kv_cache_write_", cache, x, at)
        backends.get(backend).launch("increment_position_", at, T)
        assert at.tolist() == [position + T]
        results.append(cache)
    np.testing.assert_array_equal(*results)
