"""Kernels that read codes, on every back end, against the same numbers in float64."""

import numpy as np
import pytest

from microgpt import backends
from microgpt.backends.bfloat16 import from_bfloat16, to_bfloat16

NONE = np.empty(0, np.float32)
U = 2.0**-24  # the relative error of a rounding to float32


@pytest.fixture(params=["bf16", "int8"])
def format(request):
    return request.param


def make_codes(rng, format, *shape):
    """Codes, scales, and the weights that they stand for in float64."""
    if format == "bf16":
        codes = to_bfloat16(rng.normal(size=shape).astype(np.float32))
        return codes, NONE, from_bfloat16(codes).astype(np.float64)
    codes = rng.integers(-127, 128, shape).astype(np.int8)
    scales = rng.uniform(0.001, 2, shape[0]).astype(np.float32)
    return codes, scales, codes * scales[:, None].astype(np.float64)


def product(backend, x, codes, scales, bias):
    y = np.full((len(x), len(codes)), np.nan, np.float32)
    backends.get(backend).launch("quantized_linear_forward", y, x, codes, scales, bias)
    return y


@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize(
    "shape",  # (N, M, K)
    [
        (0, 3, 5), (1, 0, 5), (1, 3, 0), (1, 1, 1), (1, 7, 16), (1, 9, 31), (1, 11, 32),
        (2, 13, 33), (5, 3, 0), (6, 0, 4),
        (4, 130, 65), (5, 6, 7), (5, 129, 40), (40, 64, 48), (1, 300, 768), (7, 700, 768),
    ],
)  # fmt: skip
def test_products(backend, format, shape, has_bias, rng):
    """Within the bound for sums in any order: K products, a scale and a bias, each rounded once."""
    N, M, K = shape
    codes, scales, weight = make_codes(rng, format, M, K)
    x = rng.normal(size=(N, K)).astype(np.float32)
    bias = rng.normal(size=M).astype(np.float32) if has_bias else NONE
    y = product(backend, x, codes, scales, bias)
    expected, size = x.astype(np.float64) @ weight.T, np.abs(x).astype(np.float64) @ abs(weight).T
    if has_bias:
        expected, size = expected + bias, size + abs(bias)
    assert y.shape == (N, M)
    assert (abs(y - expected) <= (K + 2) * U * size).all()


@pytest.mark.parametrize("shape", [(6, 1000, 1024)])  # (N, M, K)
def test_blocks_of_a_large_matrix(backend, format, shape, rng):
    """More rows than are widened at a time, and a last block that is not full."""
    N, M, K = shape
    codes, scales, weight = make_codes(rng, format, M, K)
    x = rng.normal(size=(N, K)).astype(np.float32)
    y, expected = product(backend, x, codes, scales, NONE), x.astype(np.float64) @ weight.T
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5 * abs(expected).max())


def test_rows_beside_the_codes_are_not_read(backend, format, rng):
    """Whatever stands in memory before and after: a product of a part is that part."""
    codes, scales, _ = make_codes(rng, format, 12, 35)
    x = rng.normal(size=(1, 35)).astype(np.float32)
    part, part_scales = codes[3:8], scales[3:8] if scales.size else scales
    expected = product(backend, x, part.copy(), part_scales.copy(), NONE)
    np.testing.assert_array_equal(product(backend, x, part, part_scales, NONE), expected)


@pytest.mark.parametrize("N", [1, 6])
def test_infinity_and_nan_of_bfloat16_are_seen(backend, N):
    weight = np.ones((3, 40), np.float32)
    weight[0, 5], weight[1, 38], weight[2, 0] = np.inf, np.nan, -np.inf
    y = product(backend, np.ones((N, 40), np.float32), to_bfloat16(weight), NONE, NONE)
    np.testing.assert_array_equal(y, [[np.inf, np.nan, -np.inf]] * N)


@pytest.mark.parametrize("C", [1, 16, 33])
def test_rows_are_looked_up(backend, format, C, rng):
    codes, scales, table = make_codes(rng, format, 9, C)
    tokens = np.array([8, 0, 3, 3, 1, 8], np.int32)
    k, y = backends.get(backend), np.full((6, C), np.nan, np.float32)
    k.launch("quantized_embedding_forward", y, codes, scales, tokens)
    np.testing.assert_array_equal(y, table[tokens].astype(np.float32))
    wpe = rng.normal(size=(7, C)).astype(np.float32)
    sums, position = np.full((6, C), np.nan, np.float32), np.array([4], np.int32)
    k.launch(
        "quantized_token_position_embedding_forward", sums, codes, scales, wpe,
        tokens.reshape(2, 3), position,
    )  # fmt: skip
    np.testing.assert_allclose(sums, y + np.tile(wpe[4:7], (2, 1)), rtol=2 * U, atol=1e-7)


def test_numpy_never_widens_a_matrix_at_once(monkeypatch, format, rng):
    from microgpt.backends.numpy_ref import quantized

    sizes, widen = [], quantized._widen
    monkeypatch.setattr(quantized, "_widen", lambda c: sizes.append(len(c)) or widen(c))
    codes, scales, _ = make_codes(rng, format, 1100, 3)
    product("numpy", np.ones((1, 3), np.float32), codes, scales, NONE)
    assert sizes == [512, 512, 76]
