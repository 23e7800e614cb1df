"""What a right kernel costs, and what is harmless in it: remarks, which never make it wrong."""

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from microgpt.interpreter import count_traffic
from microgpt.interpreter.report import DOUBLE, UNORDERED
from microgpt.learn.kernel_runs import FORWARDS, Axes, KernelRun, run_kernel
from microgpt.learn.messages import format_message, message_section

IDLE_RATIO = 0.5  # of the solution's busy threads: fewer are worth a remark
COST_RATIO = 1.25  # of the solution's cost: more is worth one


class Cost(NamedTuple):
    """What a launch asks of memory.

    Accesses to global memory, the threads that touch one element of it on average, whether some
    change it atomically, the sectors that are requested and the threads in one request; passes
    through shared memory; busy threads in any request; and whether one thread of each block
    touches memory, and no other.
    """

    accesses: int
    sharing: float
    has_atomics: bool
    sectors: int
    busy_in_global: float
    passes: int
    busy: float
    is_alone: bool


def remarks(
    solution: Any, grid: Axes, block: Axes, inputs: tuple[np.ndarray, ...], expected: np.ndarray
) -> Callable[[Any], str]:
    """Return a success message: what a kernel costs more in this launch than the solution."""

    launch = grid, block, inputs, expected, [FORWARDS]

    @cache
    def solution_cost() -> Cost:
        return cost(run_kernel(solution, *launch))

    def message(kernel: Any) -> str:
        run = run_kernel(kernel, *launch)
        if run.error is not None or kernel is solution:
            return ""
        found = _costs(cost(run), solution_cost())
        found += [
            format_message("kernels", key, line=finding.line, origin=finding.origin)
            for finding in run.harmless
            for key, finding_type in (("double", DOUBLE), ("unordered", UNORDERED))
            if finding.type == finding_type
        ]
        if run.lines is not None:
            found += [message_section("kernels")["prints"]] * run.lines.prints
        first = message_section("states")["correct"]["message"]
        return " ".join([first, *found]) if found else ""

    return message


def cost(run: KernelRun) -> Cost:
    """Return what the launch of a run cost."""
    traffic = count_traffic(run.accesses)
    costs = {
        space: sum(line.cost for line in traffic if line.space == space)
        for space in ("global", "shared")
    }
    num_requests = sum(line.requests for line in traffic)
    in_global = [access for access in run.accesses if access.space == "global"]
    global_requests = sum(line.requests for line in traffic if line.space == "global")
    active = {(access.block, access.thread) for access in run.accesses}
    touching = defaultdict(set)
    for access in in_global:
        touching[access.array, access.element].add((access.block, access.thread))
    return Cost(
        accesses=len(in_global),
        sharing=sum(map(len, touching.values())) / max(1, len(touching)),
        has_atomics=any(access.is_atomic for access in in_global),
        sectors=costs["global"],
        busy_in_global=len(in_global) / max(1, global_requests),
        passes=costs["shared"],
        busy=len(run.accesses) / max(1, num_requests),
        is_alone=run.num_threads > 1
        and len(active) == len({block for block, _ in active}) == run.num_blocks,
    )


def _costs(kernel: Cost, solution: Cost) -> list[str]:
    """Return a sentence for each count that is higher than the solution's."""
    values = {
        "accesses": kernel.accesses, "min_accesses": solution.accesses,
        "sectors": kernel.sectors, "min_sectors": solution.sectors, "passes": kernel.passes,
        "min_passes": solution.passes, "busy_in_global": f"{kernel.busy_in_global:.1f}",
        "busy": f"{kernel.busy:.1f}", "solution_busy": f"{solution.busy:.1f}",
    }  # fmt: skip
    if kernel.is_alone:
        return [format_message("kernels", "alone")]
    cause = _cause_in_global_memory(kernel, solution)
    keys = [cause] if cause else []
    if kernel.passes > COST_RATIO * solution.passes:
        keys.append("passes")
    if kernel.busy < IDLE_RATIO * solution.busy and cause != "few_ask":
        keys.append("idle")
    return [format_message("kernels", key, **values) for key in keys]


def _cause_in_global_memory(kernel: Cost, solution: Cost) -> str:
    """Return the key of why global memory has more work than in the solution; "" if it has not."""
    if kernel.accesses > COST_RATIO * solution.accesses:
        if kernel.has_atomics:
            return "atomics"
        return "repeated" if kernel.sharing > COST_RATIO * solution.sharing else "asked_again"
    if kernel.sectors <= COST_RATIO * solution.sectors:
        return ""
    if kernel.busy_in_global < IDLE_RATIO * solution.busy_in_global:
        return "few_ask"
    return "far_apart"
