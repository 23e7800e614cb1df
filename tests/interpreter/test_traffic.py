"""Counts of loads, sectors and passes equal formulas, whatever the order."""

import numpy as np
import pytest
import right_kernels

from microgpt.interpreter import ORDERS, count_traffic, run

cuda = right_kernels.cuda
f32 = np.float32


def copy_by_rows(y, x):
    t = cuda.threadIdx.x
    for n in range(x.shape[0]):
        y[n, t] = x[n, t]


def copy_by_columns(y, x):
    t = cuda.threadIdx.x
    for n in range(x.shape[1]):
        y[t, n] = x[t, n]


def turn_32(y, x):
    tile = cuda.shared.array((32, 32), x.dtype)
    i, j = cuda.threadIdx.y, cuda.threadIdx.x
    tile[i, j] = x[i, j]
    cuda.syncthreads()
    y[i, j] = tile[j, i]


def turn_33(y, x):
    tile = cuda.shared.array((32, 33), x.dtype)
    i, j = cuda.threadIdx.y, cuda.threadIdx.x
    tile[i, j] = x[i, j]
    cuda.syncthreads()
    y[i, j] = tile[j, i]


def traffic(kernel, grid, block, *arrays, order="forwards"):
    report = run(kernel, grid, block, *arrays, order=order, trace=True)
    assert report.findings == ()
    assert len(report.accesses) == report.num_accesses
    found = {}
    for line in count_traffic(report.accesses):
        assert (line.array, line.operation) not in found
        found[line.array, line.operation] = line
    return found


def table():
    return np.zeros((32, 32), f32)


@pytest.mark.parametrize("order", [*ORDERS, 5])
def test_a_row_is_four_sectors_and_a_column_thirty_two(order):
    rows = traffic(copy_by_rows, 1, 32, table(), table(), order=order)["x", "read"]
    columns = traffic(copy_by_columns, 1, 32, table(), table(), order=order)["x", "read"]
    assert (rows.accesses, rows.requests, rows.cost, rows.max_cost) == (1024, 32, 128, 4)
    assert (columns.accesses, columns.requests, columns.cost) == (1024, 32, 1024)
    assert rows.min_cost == columns.min_cost == 128


@pytest.mark.parametrize("order", [*ORDERS, 5])
@pytest.mark.parametrize(("kernel", "passes"), [(turn_32, 32), (turn_33, 1)])
def test_a_tile_of_33_columns_has_no_conflicts(kernel, passes, order):
    found = traffic(kernel, 1, (32, 32), table(), table(), order=order)
    assert found["tile", "write"].max_cost == 1
    read = found["tile", "read"]
    assert (read.requests, read.cost, read.min_cost) == (32, 32 * passes, 32)


@pytest.mark.parametrize("size", range(1, 21))
def test_the_counts_of_a_product_are_its_formula(size):
    M, N, K = size, 21 - size, size % 7 + 1
    a, b, c = np.zeros((M, K), f32), np.zeros((N, K), f32), np.zeros((M, N), f32)
    grid = (-(-N // 16), -(-M // 16))
    naive = traffic(right_kernels.matmul_naive, grid, (16, 16), c, a, b)
    assert naive["a", "read"].accesses == naive["b", "read"].accesses == M * N * K
    assert naive["c", "write"].accesses == M * N
    tiled = traffic(right_kernels.matmul_tiled, grid, (16, 16), c, a, b)
    assert tiled["a", "read"].accesses == M * K * grid[0]  # once for each tile of columns
    assert tiled["b", "read"].accesses == N * K * grid[1]
    depth = -(-K // 16) * 16
    assert tiled["left", "read"].accesses == 256 * grid[0] * grid[1] * depth


def test_numbers_of_eight_bytes_take_twice_the_sectors():
    wide = traffic(copy_by_rows, 1, 32, np.zeros((32, 32)), np.zeros((32, 32)))["x", "read"]
    assert (wide.cost, wide.min_cost, wide.max_cost) == (256, 256, 8)


def test_where_the_memory_lies_changes_no_count():
    memory = np.zeros(32 * 32 + 8, f32)
    costs = {
        traffic(copy_by_rows, 1, 32, table(), memory[n : n + 1024].reshape(32, 32))[
            "x", "read"
        ].cost
        for n in range(8)
    }
    assert costs == {128}
