"""What a traced run records: values, who waits and who has ended, and which elements clash."""

import numpy as np
import pytest
import right_kernels

from microgpt.interpreter import ORDERS, ArrayShape, Stop, run

cuda = right_kernels.cuda
FORWARDS, BACKWARDS, IN_STEP = ORDERS


def line_of(kernel, text):
    """The line of the file that holds a text of a kernel."""
    import inspect

    lines, first = inspect.getsourcelines(kernel)
    return first + next(n for n, line in enumerate(lines) if text in line)


def neighbours(out, x):
    part = cuda.shared.array(4, x.dtype)
    t = cuda.threadIdx.x
    if t == 3:
        return
    part[t] = 2 * x[t]
    cuda.syncthreads()
    out[t] = part[2 - t]


def without_barrier(out, x):
    part = cuda.shared.array(4, x.dtype)
    t = cuda.threadIdx.x
    part[t] = x[t]
    out[t] = part[3 - t]


def counter(counts):
    counts[cuda.blockIdx.x] = 0
    cuda.syncthreads()
    cuda.atomic.add(counts, 2, 5)


def one_cell(out):
    out[0] += 1


def traced(kernel, *arrays, order=FORWARDS, grid=1, block=4):
    return run(kernel, grid, block, *arrays, order=order, trace=True)


def arrays():
    return np.zeros(4, np.float32), np.arange(1, 5, dtype=np.float32)


@pytest.mark.parametrize("order", ORDERS)
def test_an_access_has_the_number_that_was_read_or_written(order):
    found = traced(neighbours, *arrays(), order=order).accesses
    values = {(one.operation, one.array, one.element): one.value for one in found}
    assert values["read", "x", (1,)] == 2
    assert values["write", "part", (1,)] == values["read", "part", (1,)] == 4
    assert values["write", "out", (0,)] == 6
    assert type(values["write", "out", (0,)]) is float


def test_an_access_that_adds_atomically_is_marked():
    counts = np.zeros(3, np.int64)
    found = [one for one in traced(counter, counts, block=2).accesses if one.is_atomic]
    assert [(one.operation, one.value) for one in found] == [
        ("read", 0), ("write", 5), ("read", 5), ("write", 10),
    ]  # fmt: skip
    assert {one.line for one in found} == {line_of(counter, "atomic")}
    assert not any(one.is_atomic for one in traced(neighbours, *arrays()).accesses)


def test_accesses_of_one_round_are_made_at_once_in_step():
    in_step = traced(one_cell, np.zeros(1, np.int64), order=IN_STEP).accesses
    assert [(one.operation, one.round) for one in in_step] == [("read", 1)] * 4 + [("write", 2)] * 4
    forwards = traced(one_cell, np.zeros(1, np.int64)).accesses
    assert [one.round for one in forwards] == [0] * 8
    assert [one.thread for one in forwards] == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("order", ORDERS)
def test_each_thread_waits_at_a_line_or_has_ended(order):
    stops = traced(neighbours, *arrays(), order=order).stops
    barrier = line_of(neighbours, "syncthreads")
    waits = [Stop(0, thread, 0, barrier) for thread in range(3)]
    ends = [Stop(0, thread, 1, None) for thread in range(3)]
    assert sorted(stops, key=str) == sorted([*waits, *ends, Stop(0, 3, 0, None)], key=str)


@pytest.mark.parametrize("order", ORDERS)
def test_each_element_that_two_threads_race_for_is_a_clash(order):
    report = traced(without_barrier, *arrays(), order=order)
    assert {clash.element for clash in report.clashes} == {(0,), (1,), (2,), (3,)}
    write, read = (line_of(without_barrier, text) for text in ("part[t] =", "out[t] ="))
    for clash in report.clashes:
        assert (clash.array, clash.space, clash.phases, clash.blocks) == (
            "part", "shared", (0, 0), (0, 0),
        )  # fmt: skip
        writer, reader = clash.element[0], 3 - clash.element[0]
        first_writes = clash.operations == ("writes", "reads")
        assert first_writes or clash.operations == ("reads", "writes")
        assert clash.threads == ((writer, reader) if first_writes else (reader, writer))
        assert clash.labels == tuple(f"{thread} of block 0" for thread in clash.threads)
        assert clash.lines == ((write, read) if first_writes else (read, write))
        later = report.accesses[clash.access]
        assert (later.thread, later.line) == (clash.threads[1], clash.lines[1])
        assert later.element == clash.element


def test_an_element_is_one_clash_however_often_threads_meet_there():
    report = traced(one_cell, np.zeros(1, np.int64), block=64)
    assert len(report.clashes) == 1
    assert report.findings[0].times > 1


def test_a_finding_tells_its_phase():
    def at(order):
        return [(one.type, one.phase) for one in traced(late_race, *arrays(), order=order).findings]

    for order in ORDERS:
        assert at(order) == [("race", 1)]


def late_read(out):
    part = cuda.shared.array(4, out.dtype)
    cuda.syncthreads()
    out[cuda.threadIdx.x] = part[0]


def test_a_finding_that_is_known_at_the_end_only_tells_its_phase_too():
    findings = traced(late_read, np.zeros(4, np.float32)).findings
    assert [(one.type, one.phase) for one in findings] == [("unwritten", 1)]


def late_race(out, x):
    out[cuda.threadIdx.x] = x[0]
    cuda.syncthreads()
    out[0] = x[cuda.threadIdx.x]


def test_arrays_are_listed_with_their_shapes():
    report = traced(neighbours, *arrays(), grid=2)
    assert report.arrays == (
        ArrayShape("out", "global", (4,), 4), ArrayShape("x", "global", (4,), 4),
        ArrayShape("part", "shared", (4,), 4),
    )  # fmt: skip


def test_without_a_trace_nothing_is_recorded():
    report = run(without_barrier, 1, 4, *arrays())
    assert report.findings
    assert report.accesses == report.stops == report.clashes == report.arrays == ()


@pytest.mark.parametrize("order", ORDERS)
def test_a_trace_changes_no_finding_and_no_number(order):
    for kernel in (neighbours, without_barrier, late_race):
        plain, watched = arrays(), arrays()
        findings = run(kernel, 1, 4, *plain, order=order).findings
        assert traced(kernel, *watched, order=order).findings == findings
        assert np.array_equal(plain[0], watched[0])
