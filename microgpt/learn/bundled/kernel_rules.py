"""How the common mistakes of kernels are recognised, by what their threads did to memory."""

import numpy as np

from microgpt.interpreter.report import BARRIER, RACE
from microgpt.learn.equality import values_equal
from microgpt.learn.kernel_runs import FORWARDS, run_kernel


def race_lines(run, space="shared"):
    """Return the (writing line, other line) of each race in a space; of two writes, both."""
    pairs = []
    for finding in run.findings:
        if finding.type != RACE or finding.space != space or len(finding.involved) != 2:
            continue
        writes = [one.line for one in finding.involved if one.action == "writes"]
        others = [one.line for one in finding.involved if one.action != "writes"]
        pairs.append((writes[0], (others or writes[1:] or writes)[0]))
    return pairs


def has_race(run, space="shared"):
    """Whether two threads race for elements in a space."""
    return bool(race_lines(run, space))


def elements(run, line, operation, space=None):
    """Return the threads that read or write each element at a line, by (array, index)."""
    found = {}
    for access in run.accesses:
        if access.line == line and access.operation == operation and space in (None, access.space):
            key = access.array, access.element
            found.setdefault(key, set()).add((access.block, access.thread))
    return found


def is_accumulator(run, space="shared"):
    """Whether threads of a block race for a single element that each of them changes."""
    for line, _ in race_lines(run, space):
        by_block = {}
        for (array, element), threads in elements(run, line, "write", space).items():
            for block, thread in threads:
                by_block.setdefault((array, block), set()).add((element, thread))
        if by_block and all(
            len({element for element, _ in touched}) == 1 and len(touched) > 1
            for touched in by_block.values()
        ):
            return True
    return False


def has_barrier_finding(run):
    """Whether threads miss a barrier."""
    return run.finding(BARRIER) is not None


def ended_threads(run):
    """Return the block and number of each thread that never comes to a barrier."""
    finding = run.finding(BARRIER)
    return [
        (one.block, thread)
        for one in (finding.involved if finding else ())
        if one.action == "ended"
        for thread in one.threads
    ]


def misses_barrier_in_branch(run):
    """Whether a barrier that threads miss stands in an `if` inside a loop."""
    finding = run.finding(BARRIER)
    return finding is not None and any(
        one.line and run.lines.is_in_branch_of_loop(one.line) for one in finding.involved
    )


def misses_barrier_before_loop(run):
    """Whether what is written before a loop is read in it, with no barrier between."""
    return any(other > line and not run.lines.is_in_loop(line) for line, other in race_lines(run))


def misses_barrier_in_loop(run):
    """Whether two lines of one loop race."""
    return any(run.lines.are_in_one_loop(*pair) for pair in race_lines(run))


def outside_of(run, array_number):
    """Return the accesses out of bounds of a parameter, by its number from 0 on."""
    return [access for access in run.outside if access.array == run.names[array_number]]


def outside_shared(run):
    """Return the accesses out of bounds of shared arrays."""
    return [access for access in run.outside if access.space == "shared"]


def gives_what(kernel):
    """Return a rule: the output is wrong as that of another kernel is, and nothing was found."""

    def rule(run, grid, block, *inputs):
        if run.findings or not run.wrong_orders(run.expected, 1e-5):
            return False
        other = run_kernel(kernel, grid, block, inputs, run.expected, [FORWARDS])
        return values_equal(run.output, other.output, 1e-5)

    return rule


def unseeded(inputs):
    """Return inputs that are the same for each property, so that each launch is made once."""
    return lambda rng: inputs(np.random.default_rng(0))


def when(rule):
    """Return a rule of a run alone as one of a run and its launch."""
    return lambda run, *launch: rule(run)


def takes_x_for_the_row(run):
    """Whether each element that is written has the row of its thread's number along x.

    Rows lie along y, so blocks beside each other along x never come to the later columns.
    """
    across = _two_axes(run.grid)[0]
    threads_across, threads_down = _two_axes(run.block)
    positions = [
        (
            block % across * threads_across + thread % threads_across,
            block // across * threads_down + thread // threads_across,
            *element,
        )
        for element, writers in run.writers.items()
        for block, thread in writers
    ]
    is_seen = run.num_unwritten > 0 and any(x != y for x, y, *_ in positions)
    return is_seen and all((row, column) == (x, y) for x, y, row, column in positions)


def _two_axes(sizes):
    return sizes if isinstance(sizes, tuple) else (sizes, 1)
