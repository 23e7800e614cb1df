"""The ladder of products: right results, and counts that formulas give as well."""

from math import ceil

import numpy as np
import pytest

from microgpt import interpreter
from microgpt.benchmark.product_ladder import RUNGS, SHAPE, count_ladder, count_rung
from microgpt.errors import KernelError

BY_COLUMNS, BY_ROWS, TILES, REGISTERS = RUNGS
SHAPES = ((8, 16, 16), (1, 1, 1), (5, 7, 9), (16, 8, 24), (13, 20, 33))


def formula(M, K, N, rows, columns):
    """Loads with tiles of so many rows and columns of the result."""
    return M * K * ceil(N / columns) + K * N * ceil(M / rows)


def test_the_counts_of_the_lesson():
    counts = [(c.loads, c.sectors, c.shared_reads, c.passes) for c in count_ladder()]
    assert counts == [
        (4096, 608, 0, 0),
        (4096, 336, 0, 0),
        (512, 80, 4096, 144),
        (384, 64, 2048, 76),
        (384, 64, 0, 0),
    ]
    assert count_ladder()[0].loads_per_input == pytest.approx(4096 / 384)
    assert SHAPE == (8, 16, 16)


@pytest.mark.parametrize("shape", SHAPES)
def test_loads_are_those_of_the_formula(shape):
    naive, rows, tiles, registers, minimum = (count.loads for count in count_ladder(shape))
    M, K, N = shape
    assert naive == rows == 2 * M * K * N == formula(*shape, 1, 1)
    assert tiles == formula(*shape, 8, 8)
    assert registers == formula(*shape, 8, 16)
    assert minimum == M * K + K * N <= registers


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", interpreter.ORDERS)
def test_each_rung_is_right_in_every_order(rung, shape, order):
    M, K, N = shape
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(M, K)).astype("f4"), rng.normal(size=(K, N)).astype("f4")
    out = np.full((M, N), np.nan, np.float32)
    report = interpreter.run(rung.kernel, rung.grid(M, N), rung.block, out, a, b, order=order)
    assert report.findings == ()
    np.testing.assert_allclose(out, a @ b, rtol=1e-4, atol=1e-4)


def test_a_wrong_kernel_is_not_counted():
    from dataclasses import replace

    from microgpt.interpreter.gallery import KERNELS

    wrong = KERNELS["matmul_without_first_barrier"].kernel
    with pytest.raises(KernelError, match="race"):
        count_rung(replace(TILES, kernel=wrong), *SHAPE)
    short = KERNELS["matmul_of_one_tile"].kernel
    with pytest.raises(KernelError, match="tiles: the result is up to"):
        count_rung(replace(TILES, kernel=short), *SHAPE)
