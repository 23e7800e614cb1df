"""The matrix product: against float64 NumPy, at every edge, on other processors and threads."""

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from microgpt import backends
from microgpt.backends.numba_cpu import matmul
from microgpt.backends.numba_cpu.matmul import blocking, gemm_loops, gemm_tiled, llvm_simd

EDGES = (0, 1, 2, 3, 5, 7, 11, 12, 13, 16, 31, 32, 33, 64, 65, 100, 257)
# Each size in each dimension, in a different company each time.
SHAPES = [(EDGES[i], EDGES[(5 * i + 3) % 17], EDGES[(7 * i + 11) % 17]) for i in range(17)]
# Steps of the inner dimension, blocks, copied operands: rows that lie 4 KiB apart, and far apart.
LARGE = [(2, 1300, 40), (13, 1024, 65), (140, 1024, 70), (300, 520, 290), (30, 40, 1024),
         (40, 768, 800), (270, 257, 33), (3, 300, 290), (3000, 16, 64), (64, 16, 3000)]  # fmt: skip


def launch(name, *arguments):
    backends.get("numba").kernels[name].select_variant(arguments)(*arguments)


def operands(n, k, m, dtype, seed=0):
    rng = np.random.default_rng([seed, n, k, m])
    shapes = [(n, k), (m, k), (m,), (n, m)]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def close(got, expected, depth):
    """Within a few roundings for each product that was summed."""
    error = np.finfo(got.dtype).eps * 4 * (depth + 4) ** 0.5
    scale = np.sqrt(depth + 1) * 4
    np.testing.assert_allclose(got, expected, rtol=0, atol=error * scale)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "k", "m"), [*SHAPES, *LARGE])
def test_products_are_numpys(n, k, m, dtype):
    x, weight, bias, dy = operands(n, k, m, dtype)
    none = np.empty(0, dtype)
    exact = x.astype("float64") @ weight.astype("float64").T
    y, z = np.full((n, m), np.nan, dtype), np.full((n, m), np.nan, dtype)
    launch("linear_forward", y, x, weight, none)
    close(y, exact, k)
    launch("linear_forward", y, x, weight, bias)
    close(y, exact + bias, k)
    launch("linear_residual_forward", y, x, weight, bias, dy)
    close(y, exact + bias + dy, k)
    launch("linear_residual_forward", y, x, weight, none, dy)
    close(y, exact + dy, k)
    launch("linear_relu_forward", y, x, weight, bias)
    close(y, np.maximum(exact + bias, 0), k)
    launch("linear_gelu_forward", y, z, x, weight, bias)
    close(z, exact + bias, k)
    np.testing.assert_allclose(y, gelu(z.astype("float64")), rtol=3e-6, atol=3e-7)

    dx, dweight, dbias = np.full_like(x, np.nan), weight.copy(), bias.copy()
    wide = dy.astype("float64")
    for times in (1, 2):  # the gradients of weights are added to
        launch("linear_backward", dx, dweight, dbias, dy, x, weight)
        close(dx, wide @ weight, m)
        close(dweight, weight + times * (wide.T @ x), 2 * n)
        close(dbias, bias + times * wide.sum(axis=0), 2 * n)
    dweight = weight.copy()
    launch("linear_backward", dx, dweight, none, dy, x, weight)
    close(dweight, weight + wide.T @ x, n)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("s", "m", "k", "n"), [(3, 5, 4, 7), (2, 33, 65, 12), (1, 130, 16, 130)])
def test_stacks_are_numpys(s, m, k, n, dtype):
    rng = np.random.default_rng(1)
    a, b, dc = (rng.normal(size=shape).astype(dtype) for shape in ((s, m, k), (s, k, n), (s, m, n)))
    turned = np.ascontiguousarray(b.swapaxes(1, 2))
    c, da, db = np.full_like(dc, np.nan), np.full_like(a, np.nan), np.full_like(b, np.nan)
    launch("matmul_forward", c, a, b)
    close(c, a.astype("float64") @ b, k)
    launch("matmul_backward", da, db, dc, a, b)
    close(da, dc.astype("float64") @ turned, n)
    close(db, a.swapaxes(1, 2).astype("float64") @ dc, m)
    c[:], da[:], db = np.nan, np.nan, np.full_like(turned, np.nan)
    launch("matmul_transposed_forward", c, a, turned)
    close(c, a.astype("float64") @ b, k)
    launch("matmul_transposed_backward", da, db, dc, a, turned)
    close(da, dc.astype("float64") @ turned, n)
    close(db, dc.swapaxes(1, 2).astype("float64") @ a, m)


@pytest.mark.parametrize("turns", [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize(("rows", "depth", "columns"), [(13, 70, 67), (150, 1024, 50), (1, 9, 33)])
def test_the_tile_is_the_readable_loop(rows, depth, columns, turns):
    a_turned, b_turned = turns
    rng = np.random.default_rng(2)
    a = rng.normal(size=(depth, rows) if a_turned else (rows, depth)).astype("float32")
    b = rng.normal(size=(columns, depth) if b_turned else (depth, columns)).astype("float32")
    start, bias = rng.normal(size=(2, rows, columns)).astype("float32")[0], b.ravel()[:columns]
    top, left = rows // 3, columns // 4
    results = []
    for multiply in (gemm_tiled.multiply_in_tiles, gemm_loops.multiply_in_loops):
        results.append(np.full((rows, columns), 7, "float32"))
        multiply(results[-1], start, bias, a, a_turned, b, b_turned, top, rows, left, columns)
    assert (results[0][:top] == 7).all()
    assert (results[0][:, :left] == 7).all()
    close(results[0], results[1], depth)


@pytest.mark.parametrize("n", [1, 2, 14, 40])
def test_what_is_no_number_stays_where_it_is(n):
    x, weight, bias, dy = operands(n, 20, 37, "float32")
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
    launch("linear_backward", dx, dweight, np.empty(0, "float32"), dy, x, weight)
    assert not np.isfinite(dx[:, 7]).any()
    assert np.isfinite(np.delete(dx, 7, axis=1)).all()
    assert np.isnan(dweight[:, 3]).all()
    assert np.isfinite(np.delete(dweight, 3, axis=1)).all()


def test_nothing_is_written_beside_the_result():
    rng = np.random.default_rng(3)
    for n, k, m in itertools.product((1, 5, 13), (3, 17), (1, 15, 33)):
        frame = np.full((n + 2, m), 7, "float32")
        x, weight = (rng.normal(size=s).astype("float32") for s in ((n, k), (m, k)))
        launch("linear_forward", frame[1:-1], x, weight, np.empty(0, "float32"))
        assert (frame[[0, -1]] == 7).all()


def test_blocks_cover_a_result_once():
    sizes = (0, 1, 11, 12, 31, 65, 256, 257, 768, 3000)
    for rows, columns, depth in itertools.product(sizes, sizes, (0, 16, 768)):
        down, across = blocking.grid(rows, columns, depth)
        for size, step, parts in [
            (rows, llvm_simd.HEIGHT, down),
            (columns, llvm_simd.WIDTH, across),
        ]:
            parts_of = [blocking.between(size, step, i, parts) for i in range(parts)]
            covered = [place for start, stop in parts_of for place in range(start, stop)]
            assert covered == list(range(size))


def test_few_products_stay_on_one_thread_and_many_do_not():
    arrays = operands(512, 16, 64, "float32")
    x, weight, bias, y = arrays
    kernel = matmul.linear_forward
    assert kernel.select_variant((y[:7], x[:7], weight, bias)) is kernel.serial
    assert kernel.select_variant((y, x, weight, bias)) is kernel.parallel
    kernel = matmul.linear_backward  # two products
    x, weight, bias, y = operands(512, 16, 16, "float32")
    assert kernel.select_variant((x, weight, bias, y[:300], x, weight)) is kernel.serial
    assert kernel.select_variant((x, weight, bias, y, x, weight)) is kernel.parallel


SCRIPT = """
import hashlib, sys
sys.path.insert(0, {tests!r})
import numba, numpy as np
from test_matmul import digest
numba.set_num_threads({threads})
print(digest())
"""


def digest() -> str:
    """The bits of products large enough to be divided between threads."""
    bits = hashlib.sha256()
    for n, k, m in [(300, 130, 200), (40, 1024, 300), (1, 700, 900), (512, 64, 16)]:
        x, weight, bias, dy = operands(n, k, m, "float32")
        y, z, dx = np.empty_like(dy), np.empty_like(dy), np.empty_like(x)
        launch("linear_gelu_forward", y, z, x, weight, bias)
        launch("linear_backward", dx, weight, bias, dy, x, weight.copy())
        for array in (y, z, dx, weight, bias):
            bits.update(array.tobytes())
    return bits.hexdigest()


def test_one_thread_and_two_give_the_same_bits():
    results = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT.format(tests=str(Path(__file__).parent), threads=n)],
            env={**os.environ, "NUMBA_NUM_THREADS": "3"},
            capture_output=True, text=True, check=True,
        ).stdout
        for n in (1, 2, 3)
    }  # fmt: skip
    assert len(results) == 1


def test_the_tile_fits_the_processor():
    assert llvm_simd.shape_for({"avx512f": True, "avx2": True}) == (16, 12)
    assert llvm_simd.shape_for({"avx2": True}) == (8, 6)
    assert llvm_simd.shape_for({"neon": True}) == (4, 8)
    assert llvm_simd.shape_for({}) == (4, 4)


OTHERS = {
    "haswell": ("haswell", "+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+fma"),
    "generic": ("generic", ""),
}


@pytest.mark.parametrize("processor", OTHERS)
def test_other_processors_compute_the_same(processor):
    name, features = OTHERS[processor]
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from microgpt.backends.numba_cpu.matmul import vectors
import test_matmul
for shape in [(1, 5, 9), (7, 16, 48), (13, 300, 37), (70, 1024, 33)]:
    test_matmul.test_products_are_numpys(*shape, "float32")
print(vectors.LANES, vectors.HEIGHT)
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    named = {part[1:]: True for part in features.split(",")}
    assert tuple(map(int, result.stdout.split())) == llvm_simd.shape_for(named)


def test_no_double_in_the_float32_product():
    matrix, number = "f4[:,::1]", "i8"
    kinds = [matrix, matrix, "f4[::1]", matrix, number, matrix, *[number] * 5]
    gemm_tiled.multiply_in_tiles.compile(f"void({','.join(kinds)})")
    for text in gemm_tiled.multiply_in_tiles.inspect_llvm().values():
        assert f"<{llvm_simd.LANES} x float>" in text
        assert "double" not in text
