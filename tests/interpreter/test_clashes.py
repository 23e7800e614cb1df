"""Which of many accesses clash: found in every order, and never where something orders them."""

import numpy as np
import pytest
import right_kernels

from microgpt.interpreter import ORDERS, run, twin_of

cuda = right_kernels.cuda
ALL = right_kernels.ALL
EVERY_ORDER = [*ORDERS, 3]


def kinds(kernel, grid, block, *arrays, order):
    return {finding.type for finding in run(kernel, grid, block, *arrays, order=order).findings}


def reads_then_one_writes(x, y):
    """The writer's own second read, in another moment, must not hide the read of thread 0."""
    t = cuda.threadIdx.x
    y[t] = x[0]
    if t >= 32:
        y[t] += cuda.shfl_xor_sync(ALL, y[t], 1)
        if t == 32:
            y[t] = x[0]
            x[0] = y[t]


def adds_then_one_reads(counts, y):
    t = cuda.threadIdx.x
    cuda.atomic.add(counts, 0, 1)
    if t == 1:
        y[0] = counts[0]


def one_of_three_blocks_writes(x, y):
    """Block 2 reads last, and writes: the reads of the others are what clashes."""
    y[cuda.blockIdx.x] = x[0]
    if cuda.blockIdx.x == cuda.gridDim.x - 1:
        x[0] = y[cuda.blockIdx.x]


def a_lane_of_its_warp_writes(x, y):
    """All other readers are of another warp's past phase, but one lane of the writer's warp."""
    t = cuda.threadIdx.x
    if t >= 32:
        y[t] = x[0]
    cuda.syncthreads()
    if t in (3, 4):
        y[t] = x[0]
    if t == 4:
        x[0] = y[t]


@pytest.mark.parametrize("order", EVERY_ORDER)
@pytest.mark.parametrize(
    ("kernel", "grid", "block"),
    [
        (reads_then_one_writes, 1, 64),
        (adds_then_one_reads, 1, 2),
        (adds_then_one_reads, 1, 64),
        (one_of_three_blocks_writes, 2, 1),
        (one_of_three_blocks_writes, 5, 1),
        (a_lane_of_its_warp_writes, 1, 64),
    ],
)
def test_no_earlier_access_hides_the_one_that_clashes(kernel, grid, block, order):
    first = np.ones(1, np.float32 if "counts" not in kernel.__code__.co_varnames else np.int64)
    y = np.zeros(64, np.float32)
    assert kinds(kernel, grid, block, first, y, order=order) == {"race"}


def all_read_then_one_writes(x, y):
    t = cuda.threadIdx.x
    y[t] = x[0]
    cuda.syncthreads()
    if t == 40:
        x[0] = y[t]
    cuda.syncthreads()
    y[t] = x[0]


@pytest.mark.parametrize("order", EVERY_ORDER)
def test_a_barrier_orders_all_that_came_before(order):
    arrays = np.ones(1, np.float32), np.zeros(64, np.float32)
    assert kinds(all_read_then_one_writes, 1, 64, *arrays, order=order) == set()


# -- warps -----------------------------------------------------------------------------------------


def sum_of_row(array, first): ...


@twin_of(sum_of_row, collective=True)
def _sum_of_row(lanes):
    array, first = next(given for given in lanes if given)
    return [sum(array[first + n] for n in range(32))] * 32


def sums_by_an_instruction(y, x):
    part = cuda.shared.array(64, x.dtype)
    t = cuda.threadIdx.x
    part[t] = x[t]
    cuda.syncwarp()
    y[t] = sum_of_row(part, t // 32 * 32)


def halves_of_a_warp(y, x):
    t = cuda.threadIdx.x
    mask = 0xFFFF if t < 16 else 0xFFFF0000
    y[t] = cuda.shfl_xor_sync(mask, x[t], 1)


def beyond_its_mask(y, x):
    t = cuda.threadIdx.x
    if t < 16:
        y[t] = cuda.shfl_down_sync(0xFFFF, x[t], 8)


def beyond_its_block(y, x):
    t = cuda.threadIdx.x
    y[t] = cuda.shfl_xor_sync(ALL, x[t], 16)


def lane_37(y, x):
    t = cuda.threadIdx.x
    y[t] = cuda.shfl_sync(ALL, x[t], 37)


@pytest.mark.parametrize("order", EVERY_ORDER)
def test_right_exchanges_are_silent(order):
    x, y = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)
    assert kinds(sums_by_an_instruction, 1, 64, y, x, order=order) == set()
    assert np.array_equal(y, np.repeat(x.reshape(2, 32).sum(1), 32))
    assert kinds(halves_of_a_warp, 1, 32, y, x, order=order) == set()
    assert np.array_equal(y[:32], x[:32].reshape(16, 2)[:, ::-1].ravel())
    assert kinds(lane_37, 1, 32, y, x, order=order) == set()
    assert (y[:32] == x[5]).all()  # the programming guide: modulo the width


@pytest.mark.parametrize("order", EVERY_ORDER)
@pytest.mark.parametrize(("kernel", "block"), [(beyond_its_mask, 32), (beyond_its_block, 20)])
def test_a_shuffle_from_a_lane_that_is_not_there_is_found(kernel, block, order):
    x, y = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)
    report = run(kernel, 1, block, y, x, order=order)
    assert {finding.type for finding in report.findings} == {"warp"}
    assert "which is not there; give it a lane of its mask" in report.findings[0].text
