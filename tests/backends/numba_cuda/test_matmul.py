"""Matrix products as threads: every size around a tile, three storages, both kernels."""

import numpy as np
import pytest
from kernel_checks import assert_close, normal

from microgpt import backends
from microgpt.backends.numba_cuda import _launch
from microgpt.backends.numba_cuda.matmul import column_sums, products, tiles
from microgpt.backends.numba_cuda.matmul.naive import make_naive
from microgpt.backends.numba_cuda.matmul.products import NN, NT, TN, Product
from microgpt.backends.numba_cuda.matmul.stores import store
from microgpt.backends.numba_cuda.matmul.tiles import make_tiles
from microgpt.interpreter import ORDERS, count_traffic, run

# Rows, depth and columns: none, one, and those around a tile of 16. What a thread does is watched,
# so larger ones take seconds.
SHAPES = [(0, 16, 17), (1, 1, 2), (2, 0, 16), (15, 17, 0), (16, 15, 16), (17, 16, 15),
          (17, 16, 16), (2, 17, 16)]  # fmt: skip
STORAGES = {"nn": NN, "nt": NT, "tn": TN}


def launch(name, *arguments):
    backends.get("interpreter").launch(name, *arguments)


def nan_like(array):
    return np.full_like(array, np.nan)


def both_backends(name, num_outputs, *arrays):
    """What the threads leave in the outputs, and what NumPy does."""
    results = []
    for backend in ("interpreter", "numpy"):
        outputs = [array.copy() for array in arrays[:num_outputs]]
        backends.get(backend).launch(name, *outputs, *arrays[num_outputs:])
        results.append(outputs)
    return results


def assert_is_numpys(name, num_outputs, *arrays):
    dtype = arrays[0].dtype.name
    for ours, numpys in zip(*both_backends(name, num_outputs, *arrays), strict=True):
        assert_close(ours, numpys, dtype)


@pytest.mark.parametrize(("n", "k", "m"), SHAPES)
def test_linear(n, k, m, dtype, rng):
    x, weight, bias, dy = normal(rng, dtype, (n, k), (m, k), (m,), (n, m))
    dweight, dbias = normal(rng, dtype, (m, k), (m,))
    y = nan_like(dy)
    for b in (bias, np.empty(0, dtype)):
        assert_is_numpys("linear_forward", 1, y, x, weight, b)
        assert_is_numpys("linear_residual_forward", 1, y, x, weight, b, dy)
        assert_is_numpys("linear_gelu_forward", 2, y, y, x, weight, b)
        assert_is_numpys("linear_relu_forward", 1, y, x, weight, b)
    absent = np.empty(0, dtype)
    for b in (dbias, absent):
        assert_is_numpys("linear_backward", 3, nan_like(x), dweight, b, dy, x, weight, 1)
        assert_is_numpys("linear_backward", 3, nan_like(x), nan_like(dweight), b, dy, x, weight, 0)


@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_stacks(m, k, n, dtype, rng):
    a, b, dc = normal(rng, dtype, (2, m, k), (2, k, n), (2, m, n))
    b_transposed = np.ascontiguousarray(b.swapaxes(1, 2))
    assert_is_numpys("matmul_forward", 1, nan_like(dc), a, b)
    assert_is_numpys("matmul_backward", 2, nan_like(a), nan_like(b), dc, a, b)
    assert_is_numpys("matmul_transposed_forward", 1, nan_like(dc), a, b_transposed)
    gradients = nan_like(a), nan_like(b_transposed)
    assert_is_numpys("matmul_transposed_backward", 2, *gradients, dc, a, b_transposed)


def operands(storage, S, M, K, N, rng):
    """c, a and b for a storage, in float32."""
    a_transposed, b_transposed = STORAGES[storage]
    a, b = (S, K, M) if a_transposed else (S, M, K), (S, N, K) if b_transposed else (S, K, N)
    return [np.full((S, M, N), np.nan, "float32"), *normal(rng, "float32", a, b)]


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("sizes", [(3, 2, 17, 16), (1, 17, 17, 17)])
def test_both_kernels_give_the_same_bits_in_every_order(storage, sizes, rng, monkeypatch):
    monkeypatch.setattr(_launch, "MAX_BLOCKS", 1)  # one block goes round all elements, all stacks
    monkeypatch.setattr(tiles, "MAX_BLOCKS", 1)
    c, a, b = operands(storage, *sizes, rng)
    product, no_bias, results = Product(STORAGES[storage], store), np.empty(0, "float32"), set()
    for order in ORDERS:
        monkeypatch.setattr(_launch, "order", order)
        for launcher in (
            product.naive[_launch.cover(c.size), _launch.BLOCK],
            product.tiles[tiles.tile_grid(c), (tiles.TILE, tiles.TILE)],
        ):
            c[:] = np.nan
            launcher(c, c, no_bias, a, b)
            results.add(c.tobytes())
    assert len(results) == 1
    assert np.isfinite(c).all()


def test_which_kernel_runs_does_not_depend_on_the_rows(rng, monkeypatch):
    """A row alone has the bits that it has in a batch."""
    x, weight, bias = normal(rng, "float32", (17, 20), (17, 20), (17,))
    batch, alone = np.empty((17, 17), "float32"), np.empty((1, 17), "float32")
    used = []
    monkeypatch.setattr(
        products, "make_naive", lambda *given: Seen("naive", make_naive(*given), used)
    )
    monkeypatch.setattr(
        products, "make_tiles", lambda *given: Seen("tiles", make_tiles(*given), used)
    )
    product = Product(NT, store)
    for y, rows in ((batch, x), (alone, x[7:8].copy())):
        product(y[None], rows[None], weight[None], bias)
    assert used == ["tiles", "tiles"]
    np.testing.assert_array_equal(alone[0], batch[7])
    for depth, width in ((15, 16), (16, 15)):
        a, b = normal(rng, "float32", (1, 2, depth), (1, width, depth))
        product(np.empty((1, 2, width), "float32"), a, b, np.empty(0, "float32"))
    assert used[2:] == ["naive", "naive"]


class Seen:
    """A kernel that notes that it was launched."""

    def __init__(self, name, kernel, used):
        self.name, self.kernel, self.used = name, kernel, used

    def __getitem__(self, sizes):
        self.used.append(self.name)
        return self.kernel[sizes]


@pytest.mark.parametrize("storage", STORAGES)
def test_tiles_waste_no_traffic(storage, rng):
    """No two threads of a warp meet in a bank, and all of a sector that is moved is used."""
    c, a, b = operands(storage, 1, 32, 16, 32, rng)
    kernel = Product(STORAGES[storage], store).tiles.function
    no_bias = np.empty(0, "float32")
    report = run(kernel, tiles.tile_grid(c), (16, 16), c, c, no_bias, a, b, trace=True)
    traffic = count_traffic(report.accesses)
    assert {line.array for line in traffic} == {"a", "b", "c", "left", "right"}
    for line in traffic:
        assert line.cost == line.min_cost, line
    loads = {line.array: line.accesses for line in traffic if line.space == "global"}
    assert loads == {"a": 2 * 32 * 16, "b": 2 * 32 * 16, "c": 32 * 32}  # two tiles a side


@pytest.mark.parametrize(("n", "k", "m"), [(17, 16, 17), (17, 3, 17)])
def test_nan_and_infinity_stay_in_their_rows_and_columns(n, k, m, rng):
    x, weight, bias = normal(rng, "float32", (n, k), (m, k), (m,))
    x[n - 1, k - 1], weight[m - 1, 0] = np.nan, np.inf
    y, z = np.empty((n, m), "float32"), np.empty((n, m), "float32")
    for name, outputs in (("linear", (y,)), ("linear_relu", (y,)), ("linear_gelu", (y, z))):
        launch(f"{name}_forward", *outputs, x, weight, bias)
        assert np.isnan(y[n - 1]).all()
        assert np.isfinite(y[: n - 1, : m - 1]).all()


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 257, 1025])
def test_column_sums(rows, dtype, rng, monkeypatch):
    (x,), (before,) = normal(rng, dtype, (rows, 3)), normal(rng, dtype, (3,))
    results = set()
    for order in ORDERS:
        monkeypatch.setattr(_launch, "order", order)
        sums = before.copy()
        column_sums.accumulate_column_sums(sums, x)
        assert_close(sums, before + x.sum(axis=0, dtype="float64"), dtype)
        results.add(sums.tobytes())
    assert len(results) == 1
