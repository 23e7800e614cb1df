"""The matrix product: against float64 NumPy, at every edge, on other processors."""

import itertools
import os
import re
import subprocess
import sys
import types

import numba
import numpy as np
import pytest
from naive import gelu

from microgpt import backends
from microgpt.backends.numba_cpu import matmul
from microgpt.backends.numba_cpu.jit import kernel as jit_kernel
from microgpt.backends.numba_cpu.jit import launch_table
from microgpt.backends.numba_cpu.jit.compile import FLAGS, njit_cached
from microgpt.backends.numba_cpu.matmul import blocking, llvm_simd
from microgpt.backends.numba_cpu.matmul.blocking import STRAIGHT, TRANSPOSED
from microgpt.backends.numba_cpu.matmul.gemm_loops import gemm_loops
from microgpt.backends.numba_cpu.matmul.gemm_tiled import (
    LONG_ROW,
    MIN_REUSE,
    MIN_ROW_REUSE,
    gemm_tiled,
)
from microgpt.backends.numba_cpu.matmul.llvm_simd import LANES
from microgpt.backends.numba_cpu.matmul.packing import copy_vectors
from microgpt.backends.numba_cpu.matmul.strided_matrix import stack_alloc, strided_matrix

EDGES = (0, 1, 2, 3, 5, 7, 11, 12, 13, 16, 31, 32, 33, 64, 65, 100, 257)
# Each size in each dimension, in a different company each time.
SHAPES = [(EDGES[i], EDGES[(5 * i + 3) % 17], EDGES[(7 * i + 11) % 17]) for i in range(17)]
# Steps of the inner dimension, blocks, packed operands: rows that lie 4 KiB apart, and far apart.
LARGE = [(2, 1300, 40), (13, 1024, 65), (140, 1024, 70), (300, 520, 290), (30, 40, 1024),
         (40, 768, 800), (270, 257, 33), (3, 300, 290), (3000, 16, 64), (64, 16, 3000),
         (20, 600, 4200)]  # fmt: skip
# Rows of a that are long, and read by enough tiles to be packed, on whichever processor.
PACKED = (40, LONG_ROW + 18, 2 * MIN_ROW_REUSE * llvm_simd.NR + 37)
TRANSPOSITIONS = [(False, False), (False, True), (True, False)]

# As functions of their own, which kernels inline.
tiled, loops = (njit_cached(gemm.py_func, FLAGS) for gemm in (gemm_tiled, gemm_loops))
blocking.compile_tiles()  # which `tiled` calls by name


def launch(name, *arguments):
    backends.get("numba").kernels[name].select_variant(arguments)(*arguments)


def make_operands(n, k, m, dtype):
    """x (n, k), weight (m, k), bias (m,), dy (n, m)."""
    rng = np.random.default_rng([0, n, k, m])
    shapes = [(n, k), (m, k), (m,), (n, m)]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def assert_close(actual, expected, depth):
    """Within a few roundings for each product that was summed."""
    error = np.finfo(actual.dtype).eps * 4 * (depth + 4) ** 0.5
    scale = np.sqrt(depth + 1) * 4
    np.testing.assert_allclose(actual, expected, rtol=0, atol=error * scale)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "k", "m"), [*SHAPES, *LARGE])
def test_products_are_numpys(n, k, m, dtype):
    x, weight, bias, dy = make_operands(n, k, m, dtype)
    no_bias = np.empty(0, dtype)
    exact = x.astype("float64") @ weight.astype("float64").T
    y, z = np.full((n, m), np.nan, dtype), np.full((n, m), np.nan, dtype)
    launch("linear_forward", y, x, weight, no_bias)
    assert_close(y, exact, k)
    launch("linear_forward", y, x, weight, bias)
    assert_close(y, exact + bias, k)
    launch("linear_residual_forward", y, x, weight, bias, dy)
    assert_close(y, exact + bias + dy, k)
    launch("linear_residual_forward", y, x, weight, no_bias, dy)
    assert_close(y, exact + dy, k)
    launch("linear_relu_forward", y, x, weight, bias)
    assert_close(y, np.maximum(exact + bias, 0), k)
    launch("linear_gelu_forward", y, z, x, weight, bias)
    assert_close(z, exact + bias, k)
    np.testing.assert_allclose(y, gelu(z.astype("float64")), rtol=3e-6, atol=3e-7)

    dx, dweight, dbias = np.full_like(x, np.nan), weight.copy(), bias.copy()
    exact_dy = dy.astype("float64")
    for passes in (1, 2):  # the gradients of parameters are added to
        launch("linear_backward", dx, dweight, dbias, dy, x, weight, 1)
        assert_close(dx, exact_dy @ weight, m)
        assert_close(dweight, weight + passes * (exact_dy.T @ x), 2 * n)
        assert_close(dbias, bias + passes * exact_dy.sum(axis=0), 2 * n)
    dweight = weight.copy()
    launch("linear_backward", dx, dweight, no_bias, dy, x, weight, 1)
    assert_close(dweight, weight + exact_dy.T @ x, n)
    for b in (dbias, no_bias):  # or overwritten, like those of activations
        dweight = np.full_like(weight, np.nan)
        launch("linear_backward", dx, dweight, b, dy, x, weight, 0)
        assert_close(dweight, exact_dy.T @ x, n)
    assert_close(dbias, bias + 3 * exact_dy.sum(axis=0), 3 * n)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("s", "m", "k", "n"), [(3, 5, 4, 7), (2, 33, 65, 12), (1, 130, 16, 130)])
def test_stacks_are_numpys(s, m, k, n, dtype):
    rng = np.random.default_rng(1)
    a, b, dc = (rng.normal(size=shape).astype(dtype) for shape in ((s, m, k), (s, k, n), (s, m, n)))
    b_transposed = np.ascontiguousarray(b.swapaxes(1, 2))
    c, da, db = np.full_like(dc, np.nan), np.full_like(a, np.nan), np.full_like(b, np.nan)
    launch("matmul_forward", c, a, b)
    assert_close(c, a.astype("float64") @ b, k)
    launch("matmul_backward", da, db, dc, a, b)
    assert_close(da, dc.astype("float64") @ b_transposed, n)
    assert_close(db, a.swapaxes(1, 2).astype("float64") @ dc, m)
    c[:], da[:], db = np.nan, np.nan, np.full_like(b_transposed, np.nan)
    launch("matmul_transposed_forward", c, a, b_transposed)
    assert_close(c, a.astype("float64") @ b, k)
    launch("matmul_transposed_backward", da, db, dc, a, b_transposed)
    assert_close(da, dc.astype("float64") @ b_transposed, n)
    assert_close(db, dc.swapaxes(1, 2).astype("float64") @ a, m)


def make_gemm(rows, depth, columns, transposed):
    """c_in, bias, a, b in float32, and the exact c_in + bias + a · b."""
    a_transposed, b_transposed = transposed
    rng = np.random.default_rng(2)
    a = rng.normal(size=(depth, rows) if a_transposed else (rows, depth)).astype("float32")
    b = rng.normal(size=(columns, depth) if b_transposed else (depth, columns)).astype("float32")
    c_in = rng.normal(size=(rows, columns)).astype("float32")
    bias = rng.normal(size=columns).astype("float32")
    product = (a.T if a_transposed else a).astype("float64") @ (b.T if b_transposed else b)
    return c_in, bias, a, b, c_in + bias + product


@pytest.mark.parametrize("transposed", TRANSPOSITIONS)
@pytest.mark.parametrize(
    ("rows", "depth", "columns"), [(13, 70, 67), (150, 1024, 50), (1, 9, 33), PACKED]
)
def test_the_tiled_product_is_the_readable_loops(rows, depth, columns, transposed):
    c_in, bias, a, b, _ = make_gemm(rows, depth, columns, transposed)
    top, left = rows // 3, columns // 4
    results = []
    for gemm in (tiled, loops):
        results.append(np.full((rows, columns), 7, "float32"))
        gemm(results[-1], c_in, bias, a, transposed[0], b, transposed[1], top, rows, left, columns)
    assert (results[0][:top] == 7).all()
    assert (results[0][:, :left] == 7).all()
    assert_close(results[0], results[1], depth)


@pytest.mark.parametrize("n", [1, 2, 14, 40])
def test_nan_and_infinity_stay_in_their_rows_and_columns(n):
    x, weight, bias, dy = make_operands(n, 20, 37, "float32")
    x[n // 2, 3], weight[5, 7] = np.nan, np.inf
    y, z = np.empty_like(dy), np.empty_like(dy)
    plain = x @ weight.T + bias
    launch("linear_forward", y, x, weight, bias)
    np.testing.assert_array_equal(np.isfinite(y), np.isfinite(plain))
    np.testing.assert_array_equal(np.isnan(y), np.isnan(plain))
    for name, outputs in [("relu", (y,)), ("gelu", (y, z))]:
        launch(f"linear_{name}_forward", *outputs, x, weight, bias)
        assert np.isnan(y[n // 2]).all()
        assert np.isfinite(np.delete(y, 5, axis=1)[: n // 2]).all()
    dx, dweight = np.empty_like(x), np.zeros_like(weight)
    launch("linear_backward", dx, dweight, np.empty(0, "float32"), dy, x, weight, 1)
    assert not np.isfinite(dx[:, 7]).any()
    assert np.isfinite(np.delete(dx, 7, axis=1)).all()
    assert np.isnan(dweight[:, 3]).all()
    assert np.isfinite(np.delete(dweight, 3, axis=1)).all()


@pytest.mark.parametrize("rows", [1, 64, 65, 128, 200, 1000])
def test_a_sum_over_many_rows_is_the_same_whether_shared_or_not(rows, monkeypatch):
    """By itself, in one call, and in a table; a weight that is too large is not split."""
    monkeypatch.setattr(jit_kernel, "PARALLEL_FROM", 1)
    monkeypatch.setattr(launch_table, "REGION_FROM", 0)
    no_bias = np.empty(0, "float32")
    sizes = [(16, 27), (33, 5), (1, 1), (128, 128), (129, 128)]
    for (k, m), accumulate in itertools.product(sizes, (1, 0)):
        x, weight, _, dy = make_operands(rows, k, m, "float32")
        before = weight if accumulate else np.full_like(weight, np.nan)
        results = [(np.full_like(x, np.nan), before.copy()) for _ in range(3)]
        calls = [(*result, no_bias, dy, x, weight, accumulate) for result in results]
        matmul.linear_backward.serial(*calls[0])
        matmul.linear_backward.parallel(*calls[1])
        table = launch_table.lower([(matmul.linear_backward.parallel, calls[2])])
        assert table.run(table.rows[0], 1) == 1
        for result in results[1:]:
            for array, expected in zip(result, results[0], strict=True):
                np.testing.assert_array_equal(array, expected)
        exact = dy.T.astype("float64") @ x
        assert_close(results[0][1], weight + exact if accumulate else exact, rows)
        steps = -(-rows // 64) if k < 129 else 1
        workspace = matmul.linear_backward.count_workspace(calls[0])
        assert workspace == (4 * steps * m * k if steps > 1 else 0)
    x, weight, bias, dy = make_operands(rows, 16, 27, "float64")
    assert matmul.linear_backward.count_workspace((x, weight, bias[:0], dy, x, weight, 1)) == 0
    x, weight, bias, dy = make_operands(rows, 16, 27, "float32")
    assert matmul.linear_backward.count_workspace((x, weight, bias, dy, x, weight, 1)) == 0


def test_nothing_is_written_beside_the_result():
    rng = np.random.default_rng(3)
    for n, k, m in itertools.product((1, 5, 13), (3, 17), (1, 15, 33)):
        frame = np.full((n + 2, m), 7, "float32")
        x, weight = (rng.normal(size=s).astype("float32") for s in ((n, k), (m, k)))
        launch("linear_forward", frame[1:-1], x, weight, np.empty(0, "float32"))
        assert (frame[[0, -1]] == 7).all()


def block_grid_of(threads):
    """The grids of a machine with so many threads, from the same Python."""
    function = blocking.block_grid.py_func
    constants = vars(blocking) | {"num_threads": lambda: threads}
    return types.FunctionType(function.__code__, constants)


def test_each_thread_has_one_block_of_a_large_product_and_two_of_a_larger_one():
    for threads in (1, 2, 3, 4):
        down, across = block_grid_of(threads)(96, 384, 128, STRAIGHT)
        assert down * across == threads
    for threads in (2, 3, 6, 8):
        down, across = block_grid_of(threads)(768, 512, 128, STRAIGHT)
        assert down * across == 2 * threads
    assert block_grid_of(1)(768, 512, 768, STRAIGHT) == (1, 1)
    assert block_grid_of(8)(5, 64, 16, STRAIGHT) == (1, 1)  # too few products to divide


def test_blocks_of_a_transposed_a_are_wide_enough_to_pack_it():
    for rows in (384, 512):  # the gradients of the letters' weights
        down, across = block_grid_of(2)(rows, 128, 768, TRANSPOSED)
        assert 128 // across >= MIN_REUSE * llvm_simd.NR
        assert down * across == 4


@pytest.mark.parametrize("threads", [1, 2, 3, 8, 64])
def test_blocks_cover_a_result_once(threads):
    grid = block_grid_of(threads)
    sizes = (0, 1, 11, 12, 31, 65, 256, 257, 768, 3000)
    for rows, columns, depth, a_lies in itertools.product(
        sizes, sizes, (0, 16, 768), (STRAIGHT, TRANSPOSED)
    ):
        down, across = grid(rows, columns, depth, a_lies)
        assert 1 <= down * across <= 2 * threads
        for size, step, parts in [(rows, llvm_simd.MR, down), (columns, llvm_simd.NR, across)]:
            ranges = [blocking.split_range.py_func(size, step, i, parts) for i in range(parts)]
            covered = [index for start, stop in ranges for index in range(start, stop)]
            assert covered == list(range(size))


def test_few_products_stay_on_one_thread_and_many_do_not():
    x, weight, bias, y = make_operands(512, 16, 64, "float32")
    kernel = matmul.linear_forward
    assert kernel.select_variant((y[:7], x[:7], weight, bias)) is kernel.serial
    assert kernel.select_variant((y, x, weight, bias)) is kernel.parallel
    kernel = matmul.linear_backward  # two products
    x, weight, bias, y = make_operands(512, 16, 16, "float32")
    assert kernel.select_variant((x, weight, bias, y[:60], x, weight, 1)) is kernel.serial
    assert kernel.select_variant((x, weight, bias, y, x, weight, 1)) is kernel.parallel


def test_each_buffer_on_the_stack_has_its_own_size():
    @numba.njit(**FLAGS)
    def copy(rows):
        small = strided_matrix(stack_alloc(1600), LANES, 1)
        large = strided_matrix(stack_alloc(3200), LANES, 1)
        copy_vectors(small, large, rows, rows)

    copy.compile((numba.types.intp,))
    (code,) = copy.inspect_llvm().values()
    assert set(re.findall(r"alloca \[(\d+) x float\]", code)) == {"1600", "3200"}


def test_the_tile_fits_the_processor():
    assert llvm_simd.tile_shape({"avx512f": True, "avx2": True}) == (16, 12)
    assert llvm_simd.tile_shape({"avx2": True}) == (8, 6)
    assert llvm_simd.tile_shape({"neon": True}) == (4, 8)
    assert llvm_simd.tile_shape({}) == (4, 4)


OTHER_PROCESSORS = {
    "haswell": ("haswell", "+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+fma"),
    "generic": ("generic", ""),
    "a tile taller than its vectors are wide": ("generic", "+neon"),  # Arm's, which x86 ignores
}


@pytest.mark.slow
@pytest.mark.parametrize("processor", OTHER_PROCESSORS)
def test_other_processors_compute_the_same(processor):
    """With a tile of another shape; the kernels around it are compiled Python, as everywhere."""
    name, features = OTHER_PROCESSORS[processor]
    code = """
import numpy as np
from microgpt.backends.numba_cpu.matmul import llvm_simd
from test_matmul import TRANSPOSITIONS, assert_close, make_gemm, tiled
for shape in [(1, 5, 9), (7, 16, 48), (13, 300, 37), (70, 1024, 33), (13, 530, 200)]:
    for transposed in TRANSPOSITIONS:
        c_in, bias, a, b, exact = make_gemm(*shape, transposed)
        c = np.full_like(c_in, np.nan)
        rows, columns = c.shape
        tiled(c, c_in, bias, a, transposed[0], b, transposed[1], 0, rows, 0, columns)
        assert_close(c, exact, shape[1])
print(llvm_simd.LANES, llvm_simd.MR)
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "NUMBA_CPU_NAME": name,
            "NUMBA_CPU_FEATURES": features,
            "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path]),
        },
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    named = {part[1:]: True for part in features.split(",")}
    assert tuple(map(int, result.stdout.split())) == llvm_simd.tile_shape(named)
