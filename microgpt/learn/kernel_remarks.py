"""What a right kernel costs, and what is harmless in it: remarks, which never make it wrong."""

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
    """Sectors of global memory, passes through shared memory, and busy threads in a request."""

    sectors: int
    passes: int
    busy: float


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
            format_message("kernels", key, line=finding.line)
            for finding in run.harmless
            for key, finding_type in (("double", DOUBLE), ("unordered", UNORDERED))
            if finding.type == finding_type
        ]
        if run.lines is not None:
            found += [
                format_message("kernels", "shared_size", line=line)
                for line in run.lines.sizes_of_launch
            ]
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
    return Cost(costs["global"], costs["shared"], len(run.accesses) / max(1, num_requests))


def _costs(kernel: Cost, solution: Cost) -> list[str]:
    """Return a sentence for each count that is higher than the solution's."""
    values = {
        "sectors": kernel.sectors, "min_sectors": solution.sectors, "passes": kernel.passes,
        "min_passes": solution.passes, "busy": f"{kernel.busy:.1f}",
    }  # fmt: skip
    keys = []
    if kernel.sectors > COST_RATIO * solution.sectors:
        keys.append("sectors")
    if kernel.passes > COST_RATIO * solution.passes:
        keys.append("passes")
    if kernel.busy < IDLE_RATIO * solution.busy:
        keys.append("idle")
    return [format_message("kernels", key, **values) for key in keys]
