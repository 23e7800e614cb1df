"""The kernels of the gallery: findings, the orders that come out right, and counts of memory."""

import numpy as np
import pytest

from microgpt.errors import DeviceError
from microgpt.interpreter import ORDERS, count_traffic, cuda, float32, run
from microgpt.interpreter.gallery import KERNELS, TASKS

SECOND_SIZES = {
    "add": (64,),
    "guarded_map": (9, 3),
    "block_sum": (100,),
    "tiled_matmul": (6, 11, 13),
    "row_softmax": (2, 3),
}
# Which of the three orders give the right result, at the default and at the second sizes, and what
# is found, in each order: at both sizes, or at the second alone.
WRONG = {
    "add_without_block": ("000", "000", {"race"}),
    "add_without_thread": ("000", "000", {"race"}),
    "add_by_every_thread": ("111", "111", {"race"}),
    "map_without_guard": ("111", "111", {"bounds"}),
    "map_with_rows_guarded": ("111", "111", {"bounds"}),
    "map_with_columns_guarded": ("111", "111", {"bounds"}),
    "map_with_guard_one_too_far": ("111", "111", {"bounds"}),
    "map_with_read_before_guard": ("111", "111", {"bounds"}),
    "map_with_sizes_swapped": ("000", "000", {"bounds"}),
    "sum_in_one_element": ("110", "110", {"race"}),
    "sum_without_first_barrier": ("011", "011", {"race"}),
    "sum_without_barrier_in_loop": ("011", "011", {"race"}),
    "sum_with_barrier_in_branch": ("111", "111", {"barrier"}),
    "sum_with_guard_around_everything": ("111", "000", {"barrier", "unwritten"}),
    "sum_by_every_thread": ("101", "101", {"race", "bounds"}),
    "sum_without_zeros": ("111", "000", {"unwritten"}),
    "sum_in_output": ("110", "110", {"race"}),
    "matmul_without_first_barrier": ("001", "001", {"race"}),
    "matmul_without_second_barrier": ("001", "001", {"race"}),
    "matmul_with_guard_around_loop": ("111", "000", {"barrier", "unwritten"}),
    "matmul_without_guard": ("111", "111", {"bounds"}),
    "matmul_without_zeros": ("111", "000", {"unwritten"}),
    "matmul_of_one_tile": ("000", "000", set()),
    "naive_matmul": ("111", "111", set()),
    "naive_matmul_down_the_rows": ("111", "111", set()),
    "softmax_without_middle_barrier": ("011", "011", {"race"}),
    "softmax_with_barrier_in_branch": ("000", "000", {"race", "barrier"}),
    "softmax_in_shared_elements": ("110", "110", {"race"}),
    "softmax_without_maximum": ("111", "111", set()),
    "softmax_of_one_column_each": ("000", "111", set()),
}
# Blocks fill the default sizes, so that nothing is left over for these.
FOUND_AT_SECOND_SIZES_ALONE = {
    "sum_with_guard_around_everything", "sum_without_zeros", "matmul_with_guard_around_loop",
    "matmul_without_guard", "matmul_without_zeros",
}  # fmt: skip


def launch(name, sizes=None, order="forwards", **options):
    """Run a kernel of the gallery; return its output, the expected one and the report."""
    entry = KERNELS[name]
    task, sizes = entry.task, sizes or entry.task.sizes
    out, *inputs = task.arguments(sizes)
    grid = task.grid(sizes, task.block)
    report = run(entry.kernel, grid, task.block, out, *inputs, order=order, **options)
    return out, task.expected(tuple(inputs), task.block), report


def test_every_wrong_kernel_is_listed():
    assert set(WRONG) == {name for name, entry in KERNELS.items() if not entry.is_right}
    assert all(
        KERNELS[name].is_right and KERNELS[name].task is task for name, task in TASKS.items()
    )
    assert all(entry.kernel.__name__ == name for name, entry in KERNELS.items())


@pytest.mark.parametrize("name", WRONG)
def test_what_a_wrong_kernel_shows(name):
    *rights, expected_types = WRONG[name]
    second = SECOND_SIZES[KERNELS[name].task.name]
    for sizes, right in zip((None, second), rights, strict=True):
        is_hidden = sizes is None and name in FOUND_AT_SECOND_SIZES_ALONE
        shown = ""
        for order in ORDERS:
            out, expected, report = launch(name, sizes, order)
            shown += str(int(np.allclose(out, expected, rtol=1e-5, atol=1e-6)))
            types = {finding.type for finding in report.findings}
            assert types == (set() if is_hidden else expected_types), (sizes, order)
        assert shown == right, sizes


@pytest.mark.parametrize("name", [name for name, entry in KERNELS.items() if entry.is_right])
def test_a_right_kernel_is_right_in_every_order(name):
    for sizes in (None, SECOND_SIZES[KERNELS[name].task.name]):
        first, expected, _ = launch(name, sizes)
        np.testing.assert_allclose(first, expected, rtol=1e-5, atol=1e-6)
        for order in (*ORDERS, *range(5)):
            out, _, report = launch(name, sizes, order)
            assert not report.findings, order
            np.testing.assert_array_equal(out, first)


def traffic(name, sizes=None):
    """Return accesses and cost, sectors or passes, by (operation, space)."""
    lines = count_traffic(launch(name, sizes, trace=True)[2].accesses)
    totals = {}
    for line in lines:
        accesses, cost = totals.get((line.operation, line.space), (0, 0))
        totals[line.operation, line.space] = accesses + line.accesses, cost + line.cost
    return totals


def test_counts_of_a_block_sum():
    assert traffic("block_sum") == {
        ("read", "global"): (64, 8), ("write", "global"): (1, 1),
        ("read", "shared"): (127, 13), ("write", "shared"): (127, 8),
    }  # fmt: skip
    assert launch("block_sum")[2].num_phases == 8


@pytest.mark.parametrize(
    ("name", "loads", "sectors", "shared_reads"),
    [
        ("naive_matmul_down_the_rows", 4096, 608, 0),
        ("naive_matmul", 4096, 336, 0),
        ("tiled_matmul", 512, 80, 4096),
    ],
)
def test_counts_of_matrix_products(name, loads, sectors, shared_reads):
    counts = traffic(name)
    assert counts["read", "global"][0] == loads
    assert counts["read", "global"][1] + counts["write", "global"][1] == sectors
    assert counts.get(("read", "shared"), (0, 0))[0] == shared_reads


def test_the_formula_of_a_tiled_products_loads():
    for m, k, n in ((1, 1, 1), (8, 16, 16), (6, 11, 13), (9, 8, 17)):
        loads = m * k * -(-n // 8) + k * n * -(-m // 8)
        assert traffic("tiled_matmul", (m, k, n))["read", "global"][0] == loads


def test_counts_of_what_costs_more_than_it_must():
    straight, down = (traffic(name)["read", "global"][1] for name in ("add", "add_spread_out"))
    assert (straight, down) == (4, 8)
    tiled = traffic("matmul_down_the_rows")
    assert tiled["read", "global"][1] + tiled["write", "global"][1] == 160


def test_arguments_follow_sizes_and_seed():
    task = TASKS["block_sum"]
    assert [a.shape for a in task.arguments((100,))] == [(2,), (100,)]
    assert [a.shape for a in task.arguments((100,), (32,))] == [(4,), (100,)]
    first, again, other = (task.arguments(seed=seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert all(a.dtype == np.float32 for task in TASKS.values() for a in task.arguments())


def test_the_names_of_a_learners_cell():
    assert float32 is np.float32
    with pytest.raises(DeviceError, match=r"cuda\.grid exists only while threads run"):
        cuda.grid(1)
    assert not hasattr(cuda, "__wrapped__"), "what inspect asks any object is no error"
