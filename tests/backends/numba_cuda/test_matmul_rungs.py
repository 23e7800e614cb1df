"""The fast rungs of the matrix product, run thread by thread: right, and without one finding."""

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from kernel_checks import normal

from microgpt import backends
from microgpt.backends.numba_cuda.matmul import choice, registers, stores, tensor_cores
from microgpt.backends.numba_cuda.matmul.choice import ProductShape, choose
from microgpt.backends.numba_cuda.matmul.naive import make_naive
from microgpt.backends.numba_cuda.matmul.products import NN, NT, TN, Product
from microgpt.backends.numba_cuda.matmul.registers import make_register_tiles, make_registers
from microgpt.backends.numba_cuda.matmul.stores import store
from microgpt.backends.numba_cuda.matmul.tensor_cores import make_tensor_cores
from microgpt.backends.numba_cuda.matmul.unrolled import make_unrolled
from microgpt.errors import SettingError
from microgpt.interpreter import ORDERS, count_traffic, run

STORAGES = {"nn": NN, "nt": NT, "tn": TN}
EXACT, TF32 = 1e-5, 1e-2  # largest errors: of float32, and of tf32
THREADS = 256


def operands(storage, S, M, K, N, rng):
    """c, a and b for a storage, and the product in float64."""
    a_transposed, b_transposed = storage
    a, b = normal(rng, "float32", (S, M, K), (S, K, N))
    c, expected = np.full((S, M, N), np.nan, "float32"), a.astype(np.float64) @ b
    a, b = a.swapaxes(1, 2) if a_transposed else a, b.swapaxes(1, 2) if b_transposed else b
    return c, np.ascontiguousarray(a), np.ascontiguousarray(b), expected


def multiply(kernel, c, a, b, *, other=None, bias=None, **settings):
    """Run a kernel of 128 × 128 tiles; returns the report."""
    S, M, N = c.shape
    bias = np.empty(0, "float32") if bias is None else bias
    grid = -(-N // 128), -(-M // 128), S
    other = c if other is None else other
    return run(kernel, grid, THREADS, c, other, bias, a, b, **settings)


def naive_result(storage, c, a, b):
    c = np.full_like(c, np.nan)
    run(make_naive(*storage, store), 64, THREADS, c, c, np.empty(0, "f4"), a, b, watch=False)
    return c


def assert_is_near(c, expected, tolerance):
    assert np.abs(c - expected).max() <= tolerance * np.abs(expected).max()


# -- register tiles ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("storage", STORAGES)
def test_register_tiles(storage, rng):
    """Two tiles along k, the second of them partly filled."""
    c, a, b, expected = operands(STORAGES[storage], 1, 36, 12, 40, rng)
    kernel = make_registers(*STORAGES[storage], store, True)
    report = multiply(kernel, c, a, b, fresh=("c",))
    assert report.findings == ()
    assert report.shared_bytes == 2 * 2 * 8 * 132 * 4
    assert_is_near(c, expected, EXACT)
    np.testing.assert_array_equal(c, naive_result(STORAGES[storage], c, a, b))


@pytest.mark.slow
@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("sizes", [(33, 5, 39), (2, 11, 129)])
def test_register_tiles_of_rows_of_any_length(storage, sizes, rng):
    c, a, b, _ = operands(STORAGES[storage], 1, *sizes, rng)
    is_watched = sizes[0] == 33 and storage == "nn"  # which takes a second
    kernel = make_registers(*STORAGES[storage], store, False)
    report = multiply(kernel, c, a, b, watch=is_watched, fresh=("c",))
    assert report.findings == ()
    np.testing.assert_array_equal(c, naive_result(STORAGES[storage], c, a, b))


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_registers, make_unrolled])
def test_no_order_changes_a_bit_of_register_tiles(make, rng):
    c, a, b, _ = operands(NT, 1, 36, 8, 40, rng)
    results = {naive_result(NT, c, a, b).tobytes()}
    for order in (*ORDERS, 7):
        c[:] = np.nan
        report = multiply(make(*NT, store, True), c, a, b, order=order, fresh=("c",))
        assert report.findings == ()
        results.add(c.tobytes())
    assert len(results) == 1


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("make", [make_registers, make_unrolled])
@pytest.mark.parametrize("sizes", [(2, 8, 20, 4), (1, 132, 4, 12)])
def test_register_tiles_of_stacks_and_of_several_blocks(make, storage, sizes, rng):
    c, a, b, _ = operands(STORAGES[storage], *sizes, rng)
    multiply(make(*STORAGES[storage], store, True), c, a, b, watch=False)
    np.testing.assert_array_equal(c, naive_result(STORAGES[storage], c, a, b))


@pytest.mark.slow
def test_register_tiles_of_four_ragged_blocks(rng):
    c, a, b, expected = operands(NT, 1, 132, 20, 136, rng)
    multiply(make_unrolled(*NT, store, True), c, a, b, watch=False)
    assert_is_near(c, expected, EXACT)
    np.testing.assert_array_equal(c, naive_result(NT, c, a, b))


@pytest.mark.parametrize("epilogue", stores.FOUR_WIDE)
@pytest.mark.parametrize("is_aligned", [True, False])
@pytest.mark.parametrize("has_bias", [True, False])
def test_four_wide_stores_do_what_the_stores_do(epilogue, is_aligned, has_bias, rng):
    """Bit for bit what `naive` leaves in both arrays, which begin as a residual."""
    M, N = 9, 12 if is_aligned else 11
    _, a, b, _ = operands(NT, 1, M, 8, N, rng)
    y, other, bias = normal(rng, "float32", (1, M, N), (1, M, N), (N,))
    bias = bias if has_bias else bias[:0]
    results = []
    for kernel in (
        make_naive(*NT, epilogue),
        make_registers(*NT, epilogue, is_aligned),
    ):
        arrays = y.copy(), other.copy()
        multiply(kernel, arrays[0], a, b, other=arrays[1], bias=bias, watch=False)
        results.append(arrays)
    np.testing.assert_array_equal(results[0], results[1])


def accesses_of(report):
    """How often each array was read and written; asserts that nothing was moved in vain."""
    accesses = Counter()
    for line in count_traffic(report.accesses):
        assert line.cost == line.min_cost, line
        accesses[line.array, line.operation] += line.accesses
    return accesses


# Of one full tile. The second tile along k, beyond the end, is written with zeros.
MOVED = {
    ("a", "read"): 128 * 8, ("b", "read"): 128 * 8, ("c", "write"): 128 * 128,
    ("left", "write"): 2 * 128 * 8, ("right", "write"): 2 * 128 * 8,
}  # fmt: skip


@pytest.mark.slow
def test_register_tiles_read_each_number_for_eight_products(rng):
    """At each of 8 steps along k a thread reads 8 numbers of each operand; no threads meet."""
    c, a, b, _ = operands(NT, 1, 128, 8, 128, rng)
    accesses = accesses_of(multiply(make_registers(*NT, store, True), c, a, b, trace=True))
    shared = {(array, "read"): 8 * THREADS * 8 for array in ("left", "right")}
    private = {"sums", "rows", "columns"}
    assert {key: n for key, n in accesses.items() if key[0] not in private} == MOVED | shared


def multiply_nothing(left, right, sums, rows, columns, buffer, x, y):
    """In place of the products, which take the time."""


@pytest.mark.parametrize("storage", STORAGES)
def test_register_tiles_bring_each_number_once(storage, rng):
    """However operands are stored, whole sectors are moved, and no two threads meet in a bank."""
    c, a, b, _ = operands(STORAGES[storage], 1, 128, 8, 128, rng)
    kernel = make_register_tiles(*STORAGES[storage], store, True, multiply_nothing)
    accesses = accesses_of(multiply(kernel, c, a, b, trace=True))
    assert {key: n for key, n in accesses.items() if key[0] != "sums"} == MOVED


# -- tensor cores -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize(("split", "tolerance"), [(False, TF32), (True, EXACT)])
def test_tensor_cores(storage, split, tolerance, rng):
    """Two tiles along k, the second of them partly filled."""
    c, a, b, expected = operands(STORAGES[storage], 1, 36, 20, 40, rng)
    kernel = make_tensor_cores(*STORAGES[storage], store, split)
    report = multiply(kernel, c, a, b, fresh=("c",))
    assert report.findings == ()
    assert report.shared_bytes <= 48 * 1024
    assert_is_near(c, expected, tolerance)
    if not split:
        assert np.abs(c - expected).max() > 1e-4  # it is tf32 that was multiplied


@pytest.mark.slow
@pytest.mark.parametrize("split", [False, True])
def test_no_order_changes_a_bit_of_tensor_cores(split, rng):
    c, a, b, _ = operands(NN, 1, 20, 12, 36, rng)
    results = set()
    for order in (*ORDERS, 7):
        c[:] = np.nan
        kernel = make_tensor_cores(*NN, store, split)
        assert multiply(kernel, c, a, b, order=order, fresh=("c",)).findings == ()
        results.add(c.tobytes())
    assert len(results) == 1
    assert np.isfinite(c).all()


@pytest.mark.slow
def test_tensor_cores_of_four_ragged_blocks_and_stacks(rng):
    c, a, b, expected = operands(NT, 1, 132, 20, 136, rng)
    multiply(make_tensor_cores(*NT, store, True), c, a, b, watch=False)
    assert_is_near(c, expected, EXACT)
    c, a, b, expected = operands(TN, 2, 8, 12, 4, rng)
    multiply(make_tensor_cores(*TN, store, False), c, a, b, watch=False)
    assert_is_near(c, expected, TF32)


@pytest.mark.parametrize("epilogue", stores.FOUR_WIDE)
def test_epilogues_of_tensor_cores(epilogue, rng):
    """What `naive` leaves in both arrays, within the digits of float32."""
    _, a, b, _ = operands(NT, 1, 17, 8, 12, rng)
    y, other, bias = normal(rng, "float32", (1, 17, 12), (1, 17, 12), (12,))
    results = []
    for kernel in (make_naive(*NT, epilogue), make_tensor_cores(*NT, epilogue, True)):
        arrays = y.copy(), other.copy()
        multiply(kernel, arrays[0], a, b, other=arrays[1], bias=bias, watch=False)
        results.append(arrays)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("storage", STORAGES)
def test_warps_of_tensor_cores_read_from_different_banks(storage, rng):
    c, a, b, _ = operands(STORAGES[storage], 1, 128, 16, 128, rng)
    kernel = make_tensor_cores(*STORAGES[storage], store, False)
    accesses = Counter()
    for line in count_traffic(multiply(kernel, c, a, b, trace=True).accesses):
        if line.array in ("a", "b", "left", "right"):
            assert line.cost == line.min_cost, line
            accesses[line.array, line.operation] += line.accesses
    # Each warp has 64 rows and 32 columns: of 128 rows, 4 warps read each, of 128 columns, 2.
    assert accesses == {
        ("a", "read"): 128 * 16, ("b", "read"): 128 * 16,
        ("left", "read"): 4 * 128 * 16, ("right", "read"): 2 * 128 * 16,
        ("left", "write"): 2 * 128 * 16, ("right", "write"): 2 * 128 * 16,
    }  # fmt: skip


# -- planted mistakes -------------------------------------------------------------------------


def planted(module, line, replacement, tmp_path):
    """The module with one line of its source replaced."""
    text = Path(module.__file__).read_text("utf-8")
    assert text.count(line) == 1
    path = tmp_path / "planted.py"
    path.write_text(text.replace(line, replacement), "utf-8")
    spec = importlib.util.spec_from_file_location("planted", path)
    changed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(changed)
    return changed


@pytest.mark.slow
def test_a_missing_barrier_of_the_double_buffer_is_found(rng, tmp_path):
    wrong = planted(registers, "            cuda.syncthreads()\n", "", tmp_path)
    c, a, b, _ = operands(NT, 1, 4, 8, 4, rng)
    report = multiply(wrong.make_registers(*NT, store, True), c, a, b)
    assert {finding.type for finding in report.findings} == {"race"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "replacement", "found"),
    [
        ("            wait_for_copies()\n", "", {"copy"}),
        ("            cuda.syncthreads()\n", "", {"race"}),
        ("        wait_for_copies()\n        row,", "        row,", {"copy"}),
    ],
)
def test_a_missing_wait_of_the_asynchronous_copies_is_found(
    line, replacement, found, rng, tmp_path
):
    wrong = planted(tensor_cores, line, replacement, tmp_path)
    c, a, b, _ = operands(NT, 1, 4, 16, 4, rng)
    report = multiply(wrong.make_tensor_cores(*NT, store, False), c, a, b)
    assert {finding.type for finding in report.findings} == found


# -- the choice -------------------------------------------------------------------------------

LARGE = ProductShape(1, 128, 64, 128, "float32", True)


@pytest.fixture
def precision():
    """Sets the precision, for one test."""
    yield backends.set_float32_matmul_precision
    backends.set_float32_matmul_precision("highest")


@pytest.mark.parametrize(
    ("changes", "rung"),
    [
        ({}, "unrolled"),
        ({"is_aligned": False}, "unrolled"),
        ({"dtype": "float64"}, "tiles"),
        ({"M": 127}, "tiles"),
        ({"N": 127}, "tiles"),
        ({"N": 15}, "naive"),
        ({"K": 15}, "naive"),
        ({"S": 65_535}, "unrolled"),
        ({"S": 65_536}, "tiles"),
        ({"M": 128 * 65_535}, "unrolled"),
        ({"M": 128 * 65_535 + 1}, "tiles"),
    ],
)
def test_which_rung_multiplies_float32(changes, rung):
    assert choose(LARGE._replace(**changes), (9, 0)) == rung


@pytest.mark.parametrize(
    ("changes", "capability", "is_tf32"),
    [
        ({}, (8, 0), True),
        ({}, (7, 5), False),
        ({"M": 1}, (9, 0), True),  # a row has the bits that it has in a batch
        ({"is_aligned": False}, (9, 0), False),
        ({"dtype": "float64"}, (9, 0), False),
        ({"N": 63}, (9, 0), False),
        ({"K": 31}, (9, 0), False),
    ],
)
def test_which_products_run_on_tensor_cores(changes, capability, is_tf32, precision):
    for setting, rung in choice.OF_PRECISION.items():
        precision(setting)
        assert (choose(LARGE._replace(**changes), capability) == rung) is is_tf32


def test_each_rung_is_launched_as_chosen(monkeypatch, rng, precision):
    """What `Product` launches for the shapes of each rung, with its blocks and threads."""
    launched = []
    product = Product(NT, store)
    monkeypatch.setattr(
        type(product.naive),
        "__getitem__",
        lambda kernel, sizes: lambda *arguments: launched.append((kernel, sizes)),
    )

    def launch(M, K, N, offset=0):
        c = np.empty((1, M, N), "float32")
        memory = np.zeros(N * K + 4, "float32")
        start = -memory.ctypes.data // 4 % 4 + offset
        a, b = np.zeros((1, M, K), "float32"), memory[start : start + N * K].reshape(1, N, K)
        product(c, a, b, np.empty(0, "float32"))
        return launched.pop()

    assert launch(3, 4, 3) == (product.naive, (1, THREADS))
    assert launch(3, 16, 17) == (product.tiles, ((2, 1, 1), (16, 16)))
    assert launch(129, 16, 260) == (product.unrolled[True], ((3, 2, 1), THREADS))
    assert launch(129, 16, 260, offset=1) == (product.unrolled[False], ((3, 2, 1), THREADS))
    assert launch(129, 16, 261) == (product.unrolled[False], ((3, 2, 1), THREADS))
    precision("high")
    assert launch(3, 32, 64) == (product.tensor_cores["tensor cores"], ((1, 1, 1), THREADS))
    assert launch(3, 32, 64, offset=1) == (product.tiles, ((4, 1, 1), (16, 16)))
    precision("3xtf32")
    assert launch(3, 32, 64) == (product.tensor_cores["tensor cores, split"], ((1, 1, 1), THREADS))


def test_linear_in_each_precision(precision, rng):
    x, weight, bias = normal(rng, "float32", (3, 32), (64, 32), (64,))
    expected = x.astype(np.float64) @ weight.T + bias
    errors = {}
    for setting in ("highest", "3xtf32", "high"):
        precision(setting)
        assert backends.get_float32_matmul_precision() == setting
        y = np.full((3, 64), np.nan, "float32")
        backends.get("interpreter").launch("linear_forward", y, x, weight, bias)
        errors[setting] = np.abs(y - expected).max()
    assert errors["highest"] < 1e-5
    assert errors["3xtf32"] < 1e-5
    assert 1e-4 < errors["high"] < 2e-2


def test_an_unknown_precision_is_refused(precision):
    with pytest.raises(SettingError, match="precision must be one of 'highest', '3xtf32', 'high'"):
        precision("medium")
    assert backends.get_float32_matmul_precision() == "highest"
