"""Right kernels are silent in every order; each wrong one is found, with what mends it."""

import inspect
import re

import numpy as np
import pytest
import right_kernels
import wrong_kernels

from microgpt.errors import KernelError
from microgpt.interpreter import FINDING_TYPES, ORDERS, run

cuda = wrong_kernels.cuda
ALL_ORDERS = (*ORDERS, *range(5))


@pytest.mark.parametrize("case", right_kernels.CASES, ids=lambda case: case[0])
def test_a_right_kernel_is_silent_and_gives_the_same_in_every_order(case):
    _, kernel, grid, block, arguments, expected = case
    names = list(inspect.signature(kernel).parameters)
    bits, counts = set(), set()
    for order in ALL_ORDERS:
        arrays = [argument.copy() for argument in arguments]
        fresh = [name for name in expected if name != "counts"]
        report = run(kernel, grid, block, *arrays, order=order, fresh=fresh)
        assert report.findings == ()
        for name, result in expected.items():
            found = arrays[names.index(name)]
            np.testing.assert_allclose(found, result, rtol=1e-5, atol=1e-6)
            bits.add(found.tobytes())
        counts.add((report.num_accesses, report.num_phases))
    assert len(bits) == len(counts) == 1
    without = [argument.copy() for argument in arguments]
    assert run(kernel, grid, block, *without, watch=False).findings == ()
    assert without[names.index(next(iter(expected)))].tobytes() in bits


def line_of(kernel, text):
    """The lines of the file that hold a kernel's statements."""
    source, first = inspect.getsourcelines(kernel)
    texts = (text,) if isinstance(text, str) else text
    found = {first + n for n, row in enumerate(source) for one in texts if one in row}
    assert len(found) >= len(texts)
    return found


@pytest.mark.parametrize("order", [*ORDERS, 3])
@pytest.mark.parametrize("case", wrong_kernels.CASES, ids=lambda case: case[0].__name__)
def test_each_wrong_kernel_is_found_by_name_in_every_order(case, order):
    kernel, grid, block, arguments, kind, text = case
    arrays = [argument.copy() for argument in arguments]
    fresh = wrong_kernels.FRESH.get(kernel.__name__, ())
    report = run(kernel, grid, block, *arrays, order=order, fresh=fresh)
    assert {finding.type for finding in report.findings} == {kind}
    for finding in report.findings:
        assert finding.line in line_of(kernel, text)
        assert finding.text.startswith(f"line {finding.line}: ")
        assert re.search(r"(thread \(?\d|lane \d|\d+ of \d+ threads)", finding.text)
        assert "; " in finding.text  # what to do
        assert finding.times >= 1
    with pytest.raises(KernelError, match=re.escape(f"[{kind}] line ")):
        report.raise_if_wrong()


def test_every_kind_but_that_of_copies_is_planted():
    planted = {kind for *_, kind, _ in wrong_kernels.CASES}
    assert planted == set(FINDING_TYPES) - {"copy"}


def findings(name, order="forwards"):
    kernel, grid, block, arguments, *_ = next(
        case for case in wrong_kernels.CASES if case[0].__name__ == name
    )
    arrays = [argument.copy() for argument in arguments]
    report = run(kernel, grid, block, *arrays, order=order, fresh=wrong_kernels.FRESH.get(name, ()))
    return report.findings, arrays[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "no_guard",
            "thread 36 of block 1 touches y[100], which does not exist: its shape is (100,)",
        ),
        ("negative_index", "thread 0 of block 0 touches x[-1]"),
        ("missing_barrier", "put cuda.syncthreads() there"),
        ("one_place_for_all", "give each thread an element of its own"),
        ("sum_over_blocks", "no barrier orders blocks"),
        ("same_value_by_all", "harmless here, and a race all the same"),
        (
            "barrier_in_branch",
            "32 of 64 threads wait at this barrier, and 32 never come, thread 32",
        ),
        ("returned_before_barrier", "50 of 64 threads wait"),
        ("shuffle_in_branch", "lane 20 of warp 0 of block 0 is in the mask and never comes"),
        ("lane_outside_the_mask", "lane 16 of warp 0 of block 0 comes and is not in the mask"),
        ("unwritten_shared", "reads part[32], which nothing has written"),
        ("double_literal", "is a float64; write `float32(0.5)`"),
        ("float_atomics", "the order of the threads decides its last digits"),
    ],
)
def test_what_is_said(name, said):
    assert any(said in finding.text for finding in findings(name)[0])


def test_a_race_on_what_nobody_wrote_before_is_told_as_a_race_only():
    assert {finding.type for finding in findings("missing_barrier", "in step")[0]} == {"race"}
    assert {finding.type for finding in findings("missing_barrier")[0]} == {"race"}


def test_turns_hide_what_steps_show():
    """64 threads add 1 to one place: each order is one that a GPU may take."""

    def add_one(total):
        total[0] += 1

    results = []
    for order in ORDERS:
        total = np.zeros(1, np.float32)
        report = run(add_one, 1, 64, total, order=order)
        assert [finding.type for finding in report.findings] == ["race"]
        results.append(int(total[0]))
    assert results == [64, 64, 1]


def test_an_index_just_beyond_an_axis_is_outside():
    """In a table the element beside the last of a row is the first of the next."""

    def beyond_the_row(y, x):
        t = cuda.threadIdx.x
        y[0, t] = x[0, t]

    x = np.ones((2, 3), np.float32)
    report = run(beyond_the_row, 1, 4, np.zeros((2, 4), np.float32), x)
    assert [finding.type for finding in report.findings] == ["bounds"]
    assert "x[0, 3], which does not exist: its shape is (2, 3)" in report.findings[0].text


@pytest.mark.parametrize("order", ORDERS)
def test_of_two_that_read_one_may_not_write(order):
    def reads_then_writes(y, x):
        t = cuda.threadIdx.x
        y[t] = x[0]
        if t == 1:
            x[0] = y[t]

    report = run(
        reads_then_writes, 1, 2, np.zeros(2, np.float32), np.ones(1, np.float32), order=order
    )
    assert [finding.type for finding in report.findings] == ["race"]


def test_between_blocks_a_barrier_is_no_remedy():
    def add_all(total, x):
        total[0] += x[cuda.grid(1)]

    report = run(add_all, 2, 32, np.zeros(1, np.float32), np.ones(64, np.float32))
    assert [finding.type for finding in report.findings] == ["race"]
    assert "no barrier orders blocks" in report.findings[0].text
    assert "of block 1" in report.findings[0].text
    alone = run(add_all, 1, 32, np.zeros(1, np.float32), np.ones(64, np.float32))
    assert "no barrier orders blocks" not in alone.findings[0].text


def test_who_is_involved_in_a_race():
    finding = findings("missing_barrier", "backwards")[0][0]
    first, second = finding.involved
    assert {first.action, second.action} == {"reads", "writes"}
    assert first.element == second.element
    assert first.threads != second.threads
    assert {first.label, second.label} == {str(one.threads[0]) for one in (first, second)}
    assert second.line == finding.line
    assert finding.space == "shared"
    assert first.element.removeprefix("part[").removesuffix("]").isdecimal()


def test_who_is_involved_out_of_bounds_and_in_what_is_unwritten():
    (finding,) = findings("no_guard")[0]
    (one,) = finding.involved
    assert (one.block, one.threads, one.action, one.element) == (1, (36,), "writes", "y[100]")
    assert (finding.space, finding.shape) == ("global", (100,))
    (finding,) = findings("unwritten_shared")[0]
    (one,) = finding.involved
    assert (one.action, one.element, one.line) == ("reads", "part[32]", finding.line)
    assert finding.space == "shared"


def test_who_waits_at_a_barrier_and_who_has_ended():
    (finding,) = findings("barrier_in_branch")[0]
    waiting, ended = finding.involved
    assert (waiting.action, waiting.threads, waiting.line) == (
        "waits", tuple(range(32)), finding.line
    )  # fmt: skip
    assert (ended.action, ended.threads, ended.line) == ("ended", tuple(range(32, 64)), 0)


def test_accesses_out_of_bounds_are_traced():
    def leaves(y, x):
        i = cuda.grid(1)
        y[i] = x[i + 1]

    y, x = np.zeros(4, np.float32), np.zeros(4, np.float32)
    assert run(leaves, 1, 4, y, x).outside == ()
    (access,) = run(leaves, 1, 4, y, x, trace=True).outside
    assert (access.array, access.operation, access.element) == ("x", "read", (4,))
    assert (access.thread, access.space) == (3, "global")
