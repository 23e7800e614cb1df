"""What exercises ask of a kernel: tests of properties, on a `KernelRun`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.interpreter import Finding
from microgpt.interpreter.report import BARRIER, BOUNDS, RACE, UNWRITTEN, WARP
from microgpt.learn.exercise import Mismatch
from microgpt.learn.kernel_reports import describe_error, describe_finding
from microgpt.learn.kernel_runs import KernelRun
from microgpt.learn.messages import format_message, message_section

Test = Callable[..., Mismatch | None]


def compare_run(run: KernelRun, expected: np.ndarray, tolerance: float) -> Mismatch | None:
    """Return None if the output is as expected in each order, else why not: a finding, if any."""
    if run.error is not None or run.changed:
        return _stopped(run)
    if not run.wrong_orders(expected, tolerance):
        return None
    if run.findings:
        return _found(run, run.findings[0])
    return Mismatch(run.output, expected, reason=_reason_of_numbers(run))


def finds_no(*types: str) -> Test:
    """Return a test that nothing of these types is found."""

    def test(answer: Any, *arguments: Any) -> Mismatch | None:
        run = answer(*arguments)
        if run.error is not None:
            return _stopped(run)
        finding = run.finding(*types)
        return None if finding is None else _found(run, finding)

    return test


no_race = finds_no(RACE, "copy")
no_missed_barrier = finds_no(BARRIER, WARP)
stays_inside = finds_no(BOUNDS)
reads_what_was_written = finds_no(UNWRITTEN)


def leaves_inputs_unchanged(answer: Any, *arguments: Any) -> Mismatch | None:
    """Test that a kernel changes no input."""
    run = answer(*arguments)
    return _stopped(run) if run.error is not None or run.changed else None


def writes_each_element_once(answer: Any, *arguments: Any) -> Mismatch | None:
    """Test that each element of the output is written, and by one thread."""
    run = answer(*arguments)
    if run.error is not None:
        return _stopped(run)
    for element, writers in sorted(run.writers.items()):
        if len(writers) > 1:
            (block, thread), (other_block, other) = sorted(writers)[:2]
            got = format_message(
                "kernels", "written_twice", block=block, thread=thread, other_block=other_block,
                other=other, element=element_name(run.output_name, element), count=len(writers),
            )  # fmt: skip
            return Mismatch(got, None, reason="kernel_written_twice")
    if run.num_unwritten:
        return Mismatch(_never_written(run), None, reason="kernel_never_written")
    return None


def blocks_write_apart(answer: Any, *arguments: Any) -> Mismatch | None:
    """Test that no element of the output is written by threads of two blocks."""
    run = answer(*arguments)
    if run.error is not None:
        return _stopped(run)
    for element, writers in sorted(run.writers.items()):
        first, *others = sorted(writers)
        other = next((one for one in others if one[0] != first[0]), None)
        if other is not None:
            got = format_message(
                "kernels", "written_by_blocks", block=first[0], thread=first[1],
                other_block=other[0], other=other[1],
                element=element_name(run.output_name, element),
            )  # fmt: skip
            return Mismatch(got, None, reason="kernel_race_of_blocks")
    return None


def shares_the_work(answer: Any, *arguments: Any) -> Mismatch | None:
    """Test that no thread writes more elements than its share of them."""
    run = answer(*arguments)
    if run.error is not None:
        return _stopped(run)
    share = -(-run.expected.size // (run.num_threads * run.num_blocks))
    counts: dict[tuple[int, int], int] = {}
    for writers in run.writers.values():
        for writer in writers:
            counts[writer] = counts.get(writer, 0) + 1
    (block, thread), count = max(counts.items(), key=lambda item: item[1], default=((0, 0), 0))
    if count <= share:
        return None
    values = {"block": block, "thread": thread, "count": count, "total": run.expected.size}
    return Mismatch(format_message("kernels", "large_share", **values), None)


def limits_loads(limit: Callable[..., int]) -> Test:
    """Return a test of the reads of global memory; `limit(*inputs)` are as many as may be."""

    def test(answer: Any, grid: Any, block: Any, *inputs: Any) -> Mismatch | None:
        run = answer(grid, block, *inputs)
        if run.error is not None:
            return _stopped(run)
        count, allowed = run.num_loads, limit(*inputs)
        if count <= allowed:
            return None
        quantity = message_section("quantities")["loads"]
        return Mismatch(f"{count:,}", f"{allowed:,}", quantity=quantity)

    return test


def element_name(array: str, element: tuple[int, ...]) -> str:
    """Return an element as a kernel writes it: x[2, 3]."""
    return f"{array}[{', '.join(map(str, element))}]"


def _found(run: KernelRun, finding: Finding) -> Mismatch:
    return Mismatch(describe_finding(run, finding), None, reason=_reason_of_finding(finding))


def _stopped(run: KernelRun) -> Mismatch:
    if run.error is None:
        got = format_message("kernels", "input_changed", name=run.changed[0])
        return Mismatch(got, None, reason="kernel_changed_input")
    got, reason = describe_error(run.error)
    return Mismatch(got, None, reason=reason)


def _never_written(run: KernelRun) -> str:
    missing = [index for index in np.ndindex(run.expected.shape) if index not in run.writers]
    values = {"count": len(missing), "total": run.expected.size,
              "element": element_name(run.output_name, missing[0])}  # fmt: skip
    return format_message("kernels", "never_written", **values)


def _reason_of_numbers(run: KernelRun) -> str:
    """Return the key of the cause of wrong numbers in which nothing was found."""
    if not run.writers:
        return "kernel_wrote_nothing"
    return "kernel_never_written" if run.num_unwritten else "mismatch"


def _reason_of_finding(finding: Finding) -> str:
    """Return the key of a finding's cause."""
    if finding.type == RACE and len({one.block for one in finding.involved}) > 1:
        return "kernel_race_of_blocks"
    if finding.type == RACE and len({one.line for one in finding.involved}) == 1:
        return "kernel_race_in_a_line"
    if finding.type == UNWRITTEN and finding.space == "global":
        return "kernel_unwritten_output"
    return f"kernel_{finding.type}"
