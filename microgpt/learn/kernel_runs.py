"""`RecordedKernel`: a learner's kernel, run by the interpreter in each order of its threads."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from microgpt import interpreter
from microgpt.errors import MicrogptError
from microgpt.interpreter import Access, Finding
from microgpt.interpreter.report import DOUBLE, UNORDERED
from microgpt.learn.equality import values_equal
from microgpt.learn.kernel_lines import KernelLines

FORWARDS = interpreter.ORDERS[0]
LIMIT = 60_000  # accesses and rounds of loops, of a launch: right kernels need a tenth
# Right results all the same: a GPU computes them slower, or with other last digits.
HARMLESS = (DOUBLE, UNORDERED)
# The first of these that is found is what a card shows.
SEVERITY = ("barrier", "warp", "bounds", "copy", "race", "unwritten")

Axes = int | tuple[int, ...]


@dataclass(frozen=True)
class KernelRun:
    """What one launch of a kernel did: its output and what was found, in each order.

    `error` is why it did not run to its end, if it did not. `findings` are those that make a kernel
    wrong, the gravest first; `harmless` are the others. `accesses`, and `outside` out of bounds,
    are those of the order "forwards". `names` are those of the kernel's parameters, the output's
    first; `changed` are those of inputs that the kernel changed.
    """

    kernel: Any
    lines: KernelLines | None
    grid: Axes
    block: Axes
    expected: np.ndarray
    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    harmless: tuple[Finding, ...] = ()
    accesses: tuple[Access, ...] = ()
    outside: tuple[Access, ...] = ()
    shared_bytes: int = 0
    changed: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    error: Exception | None = None

    @property
    def output(self) -> np.ndarray:
        """The output in the order "forwards"."""
        return self.outputs[FORWARDS]

    @property
    def output_name(self) -> str:
        """The name of the output, the kernel's first parameter."""
        return self.names[0]

    @property
    def num_threads(self) -> int:
        """The number of threads of a block."""
        return int(np.prod(self.block))

    @property
    def num_blocks(self) -> int:
        """The number of blocks."""
        return int(np.prod(self.grid))

    def wrong_orders(self, expected: np.ndarray, tolerance: float) -> list[str]:
        """Return the orders in which the output is not as expected."""
        return [
            order
            for order, output in self.outputs.items()
            if not values_equal(output, expected, tolerance)
        ]

    def finding(self, *types: str) -> Finding | None:
        """Return the gravest finding of these types."""
        return next((one for one in self.findings if one.type in types), None)

    @cached_property
    def writers(self) -> dict[tuple[int, ...], set[tuple[int, int]]]:
        """The blocks and threads that write each element of the output, by its index."""
        writers: dict[tuple[int, ...], set[tuple[int, int]]] = defaultdict(set)
        for access in self.accesses:
            if access.array == self.output_name and access.operation == "write":
                writers[access.element].add((access.block, access.thread))
        return dict(writers)

    @property
    def num_unwritten(self) -> int:
        """The number of elements of the output that nobody wrote."""
        return self.expected.size - len(self.writers)

    @property
    def num_loads(self) -> int:
        """The number of reads of global memory."""
        return sum(a.operation == "read" and a.space == "global" for a in self.accesses)


class RecordedKernel:
    """A kernel with the launches that were made already: each is made once."""

    def __init__(self, kernel: Any):
        self.kernel = kernel
        self._runs: dict[Any, KernelRun] = {}

    def run(
        self, grid: Axes, block: Axes, inputs: Sequence[np.ndarray], expected: np.ndarray
    ) -> KernelRun:
        """Launch the kernel on copies of the inputs, in each order; the output begins with 0."""
        key = grid, block, *((array.shape, array.tobytes()) for array in inputs)
        if key not in self._runs:
            self._runs[key] = run_kernel(self.kernel, grid, block, inputs, expected)
        return self._runs[key]


def run_kernel(
    kernel: Any, grid: Axes, block: Axes, inputs: Sequence[np.ndarray], expected: np.ndarray,
    orders: Sequence[str] = interpreter.ORDERS,
) -> KernelRun:  # fmt: skip
    """Launch a kernel on copies of the inputs, in each order; the output begins with 0."""
    names = _parameter_names(kernel, 1 + len(inputs))
    reports, outputs, changed = [], {}, set()
    lines = None
    try:
        lines = KernelLines(kernel)
        for order in orders:
            output = np.zeros_like(expected)
            copies = [array.copy() for array in inputs]
            report = interpreter.run(
                kernel, grid, block, output, *copies, order=order, trace=order == FORWARDS,
                fresh=names[:1], limit=LIMIT,
            )  # fmt: skip
            reports.append(report)
            outputs[order] = output
            changed |= {
                name
                for name, copy, array in zip(names[1:], copies, inputs, strict=True)
                if not np.array_equal(copy, array, equal_nan=True)
            }
    except MicrogptError as error:
        return KernelRun(kernel, lines, grid, block, expected, error=error)
    found = {(one.type, one.line): one for report in reversed(reports) for one in report.findings}
    wrong = [one for one in found.values() if one.type not in HARMLESS]
    return KernelRun(
        kernel, lines, grid, block, expected, outputs,
        findings=tuple(sorted(wrong, key=lambda one: (SEVERITY.index(one.type), one.line))),
        harmless=tuple(one for one in found.values() if one.type in HARMLESS),
        accesses=reports[0].accesses,
        outside=reports[0].outside,
        shared_bytes=reports[0].shared_bytes,
        changed=tuple(sorted(changed)),
        names=tuple(names),
    )  # fmt: skip


def _parameter_names(kernel: Any, count: int) -> list[str]:
    """Return the names of a kernel's parameters; invented ones if it has another number of them."""
    code = getattr(getattr(kernel, "py_func", kernel), "__code__", None)
    names = list(getattr(code, "co_varnames", ()))[: getattr(code, "co_argcount", 0)]
    return names if len(names) == count else [f"argument_{i}" for i in range(count)]
