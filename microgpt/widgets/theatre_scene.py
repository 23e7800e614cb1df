"""Builds the `Scene` of one moment: threads, cells, verdicts, results and counts as plain data."""

import re
from collections.abc import Iterable
from math import prod

import numpy as np

from microgpt.interpreter import ORDERS, Access, LineTraffic, count_traffic
from microgpt.interpreter.report import RACE, UNWRITTEN
from microgpt.plain_text import join_and, with_minus
from microgpt.viz.thread_theatre import (
    ENDED,
    READY,
    WAITS,
    AccessRow,
    CodeLine,
    OrderResult,
    Scene,
    StepNote,
    ThreadBlock,
    Traffic,
    Verdict,
    range_text,
)
from microgpt.widgets.theatre_arrays import build_arrays
from microgpt.widgets.theatre_kernels import KernelLaunch
from microgpt.widgets.theatre_runs import IN_STEP, Position, TracedRun

ALWAYS_SHOWN = ("race", "barrier", "bounds", "unwritten")
ROW = 32  # threads in a row: those of a warp
MAX_LISTED = 2  # numbers of a result that are written out
TOLERANCE = 1e-5


def build_scene(
    launch: KernelLaunch, runs: dict[str, TracedRun], order: str, position: Position,
    line: int | None,
) -> Scene:  # fmt: skip
    """Return what is shown of a launch at one step of one phase, in one order."""
    run, (phase, index) = runs[order], position
    steps = run.phases[phase]
    step = steps[index] if steps else None
    findings = run.report.findings
    found = {finding.type for one in runs.values() for finding in one.report.findings}
    shown = [*ALWAYS_SHOWN, *sorted(found - set(ALWAYS_SHOWN))]
    in_file = None if line is None else line + launch.line_shift
    return Scene(
        name=launch.name,
        order=order,
        num_threads=launch.num_threads,
        code=_code(launch, run),
        line=line,
        blocks=_blocks(launch, run, position),
        arrays=build_arrays(launch, run, position),
        step=None if step is None else _step_note(launch, run, position),
        phase=phase + 1,
        num_phases=len(run.phases),
        access=index + 1 if steps else 0,
        num_accesses=len(steps),
        verdicts=tuple(_verdict(one, found, runs) for one in shown),
        findings=tuple(_shown_text(launch, one.text) for one in findings if one.phase == phase),
        finding_phases=tuple(sorted({finding.phase + 1 for finding in findings})),
        results=tuple(_result(launch, runs[one]) for one in ORDERS),
        expected="" if launch.expected is None else _listed(launch.expected),
        orders_agree=_orders_agree(runs),
        total=_traffic(run.traffic),
        line_traffic=_traffic(one for one in run.traffic if one.line == in_file),
        num_barriers=run.num_barriers,
        exercise=launch.exercise,
    )


def _verdict(finding_type: str, found: set[str], runs: dict[str, TracedRun]) -> Verdict:
    """Return a verdict; a read of what nothing was written to may be part of a race."""
    is_found = finding_type in found
    is_in_race = (
        finding_type == UNWRITTEN
        and not is_found
        and RACE in found
        and any(run.unwritten_reads for run in runs.values())
    )
    return Verdict(finding_type, is_found, RACE if is_in_race else "")


def build_table(launch: KernelLaunch, run: TracedRun, phase: int) -> list[AccessRow]:
    """Return the accesses of a phase, in the order in which they were made."""
    return [
        AccessRow(
            phase + 1, f"{_thread_label(launch, access.thread)} of block {access.block}",
            access.line - launch.line_shift, f"{access.operation}s", _element_name(access),
            format_number(access.value),
        )
        for access in run.report.accesses
        if access.phase == phase
    ]  # fmt: skip


# -- threads -----------------------------------------------------------------------------------


def _blocks(launch: KernelLaunch, run: TracedRun, position: Position) -> tuple[ThreadBlock, ...]:
    phase, index = position
    steps = run.phases[phase]
    now: dict[tuple[int, int], str] = {}
    waiting_for = {
        (access.block, access.thread) for step in steps[index + 1 :] for access in step.accesses
    }
    if steps:
        now = {(one.block, one.thread): steps[index].operation for one in steps[index].accesses}
    num_threads = prod(launch.block)
    columns = launch.block[0] if num_threads > launch.block[0] else ROW

    def state(key: tuple[int, int]) -> str:
        if key in now:
            return now[key]
        if key in waiting_for:
            return READY
        return ENDED if run.ends.get(key, phase) <= phase else WAITS

    return tuple(
        ThreadBlock(block, columns, tuple(state((block, thread)) for thread in range(num_threads)))
        for block in range(launch.num_blocks)
    )


def _thread_label(launch: KernelLaunch, thread: int) -> str:
    """Return a thread's index with as many axes as its block has: "3" or "(3, 0)"."""
    if prod(launch.block) == launch.block[0]:
        return str(thread)
    index = []
    for size in launch.block:
        thread, i = divmod(thread, size)
        index.append(str(i))
    return f"({', '.join(index)})"


# -- what happens now --------------------------------------------------------------------------


def _step_note(launch: KernelLaunch, run: TracedRun, position: Position) -> StepNote:
    phase, index = position
    step, order = run.phases[phase][index], run.order
    first = step.accesses[0]
    values = {format_number(access.value) for access in step.accesses}
    costs = count_traffic(step.accesses) if order == IN_STEP and first.space != "local" else ()
    cost = costs[0] if len(costs) == 1 else None
    threads = {(access.block, access.thread) for access in step.accesses}
    return StepNote(
        line=step.line - launch.line_shift,
        operation=step.operation,
        threads=_threads_text(launch, threads),
        elements=_elements_text(step.accesses),
        is_plural=len(threads) > 1,
        space=first.space,
        value=values.pop() if len(values) == 1 else "",
        cost=None if cost is None else cost.cost,
        min_cost=None if cost is None else cost.min_cost,
        is_unwritten=bool(step.accesses) and all(map(run.is_unwritten_read, step.accesses)),
    )


def _threads_text(launch: KernelLaunch, threads: set[tuple[int, int]]) -> str:
    by_block: dict[int, set[int]] = {}
    for block, thread in sorted(threads):
        by_block.setdefault(block, set()).add(thread)

    def text(numbers: set[int]) -> str:
        if len(numbers) == 1:
            return f"thread {_thread_label(launch, *numbers)}"
        if len(numbers) == prod(launch.block) > 2:
            return f"all {len(numbers)} threads"
        listed = range_text(sorted(numbers), lambda n: _thread_label(launch, n), lambda n: "")
        return f"threads {listed}" if listed else f"{len(numbers)} threads"

    if launch.num_blocks == 1:
        return text(by_block[0])
    if len(by_block) == launch.num_blocks and len(set(map(frozenset, by_block.values()))) == 1:
        return f"{text(by_block[0])} of both blocks"
    return join_and(f"{text(numbers)} of block {block}" for block, numbers in by_block.items())


def _elements_text(accesses: tuple[Access, ...]) -> str:
    array = accesses[0].array
    by_number = {access.address // access.itemsize: access for access in accesses}
    return range_text(
        list(by_number), lambda n: _element_name(by_number[n]), lambda n: f"{n} elements of {array}"
    )


def _element_name(access: Access) -> str:
    return f"{access.array}[{', '.join(map(str, access.element))}]"


def _shown_text(launch: KernelLaunch, text: str) -> str:
    """Return a finding with the numbers of the lines that are shown; one block needs no number."""
    text = re.sub(r"\bline (\d+)", lambda found: f"line {int(found[1]) - launch.line_shift}", text)
    return text.replace(" of block 0", "") if launch.num_blocks == 1 else text


def _code(launch: KernelLaunch, run: TracedRun) -> tuple[CodeLine, ...]:
    touched = {one.line for one in run.traffic}
    return tuple(
        CodeLine(number - launch.line_shift, text, number in touched)
        for number, text in launch.source_lines()
    )


# -- results and counts ------------------------------------------------------------------------


def _result(launch: KernelLaunch, run: TracedRun) -> OrderResult:
    """Compare the first argument with what is expected; else show the first that was written."""
    if launch.expected is not None:
        output = run.arguments[0]
        right = np.isclose(output, launch.expected, TOLERANCE, TOLERANCE)
        numbers = f"{launch.argument_names[0]} = {_listed(output)}"
        if output.size > MAX_LISTED:
            numbers = f"{int(right.sum()):,} of {output.size:,} right"
            numbers = f"all {output.size:,} right" if right.all() else numbers
        return OrderResult(run.order, bool(right.all()), numbers)
    written = [one.array for one in run.report.accesses if one.operation == "write"]
    names = [name for name in launch.argument_names if name in written]
    if not names:
        return OrderResult(run.order, None, "nothing was written")
    output = run.arguments[launch.argument_names.index(names[0])]
    return OrderResult(run.order, None, f"{names[0]} = {_listed(output)}")


def _listed(numbers: np.ndarray) -> str:
    """Return the first numbers of an array."""
    flat = numbers.reshape(-1)
    text = ", ".join(format_number(one.item()) for one in flat[: MAX_LISTED + 2])
    return f"{text}, …" if flat.size > MAX_LISTED + 2 else text


def _orders_agree(runs: dict[str, TracedRun]) -> bool:
    bits = {
        tuple(one.tobytes() for one in run.arguments if isinstance(one, np.ndarray))
        for run in runs.values()
    }
    return len(bits) == 1


def _traffic(lines: Iterable[LineTraffic]) -> Traffic:
    counts = dict.fromkeys(Traffic.__dataclass_fields__, 0)
    for line in lines:
        if line.space == "local":
            continue
        is_global, is_read = line.space == "global", line.operation == "read"
        names = ("loads", "stores") if is_global else ("shared_reads", "shared_writes")
        counts[names[0] if is_read else names[1]] += line.accesses
        cost = "sectors" if is_global else "passes"
        counts[cost] += line.cost
        counts[f"min_{cost}"] += line.min_cost
    return Traffic(**counts)


def format_number(number: float) -> str:
    """Format a number with six digits."""
    return with_minus(f"{number:.6g}")
