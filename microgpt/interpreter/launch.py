"""A launch in progress: its arrays, the thread that runs, and what was found so far."""

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.errors import KernelError
from microgpt.interpreter import report
from microgpt.interpreter.block import Block, Thread
from microgpt.interpreter.double_origin import double_origin
from microgpt.interpreter.kernel_source import parse_kernel
from microgpt.interpreter.report import Finding, Involved, Report
from microgpt.interpreter.rewriting import PLAIN, Rewritten
from microgpt.interpreter.shadow import Moment, Shadow, Touch
from microgpt.interpreter.stand_ins import ALIGNMENT, GPU_MATH, Cuda, Dim3
from microgpt.interpreter.tracing import Trace
from microgpt.interpreter.watched_array import WatchedArray, address_of, read, write


class Launch:
    """What all threads of one launch share."""

    thread: Thread
    block: Block
    moment: Moment

    def __init__(
        self, kernel: Rewritten, grid: Dim3, block: Dim3, mode: str, is_traced: bool,
        dynamic_bytes: int, limit: int,
    ):  # fmt: skip
        self.kernel, self.mode, self.is_watched = kernel, mode, mode != PLAIN
        self.dynamic_bytes, self.limit = dynamic_bytes, limit
        self.cuda = Cuda(self, grid, block)
        self.line, self.num_accesses, self._num_loops = 0, 0, 0
        self.num_phases, self.shared_bytes = 0, 0
        self.continues_request = False  # whether an access belongs to the one before it
        self.trace = Trace() if is_traced else None
        self._findings: dict[tuple[str, int], Finding] = {}
        self._between_blocks: set[tuple[str, int]] = set()
        self._unwritten: dict[tuple[int, int], Finding] = {}
        self._shadow = Shadow()
        self._bound: dict[Any, Any] = {}
        self.function = self._bind(kernel)
        self.arguments: tuple[Any, ...] = ()

    def _bind(self, rewritten: Rewritten) -> Callable[..., Any]:
        """Return a rewritten function whose `cuda` and whose arrays are those of this launch."""
        if rewritten in self._bound:
            return self._bound[rewritten]
        found = inspect.getclosurevars(rewritten.function)
        names = {**rewritten.function.__globals__, **found.nonlocals}
        names = {name: GPU_MATH if value is math else value for name, value in names.items()}
        names |= rewritten.constants
        names |= {
            "cuda": self.cuda, "_interpreter_read": read, "_interpreter_write": write,
            "_interpreter_tick": self.count_loop,
        }  # fmt: skip
        for alias, callee in rewritten.callees.items():
            names[alias] = self._bind(callee)
        for alias, python in rewritten.twins.items():
            names[alias] = self._bind_twin(python, alias in rewritten.collectives)
        exec(rewritten.code, names)
        self._bound[rewritten] = names[rewritten.name]
        return names[rewritten.name]

    def _bind_twin(self, function: Callable[..., Any], is_collective: bool) -> Callable[..., Any]:
        if "launch" in inspect.signature(function).parameters:
            function = functools.partial(function, launch=self)
        if is_collective:
            return function

        def call(line: int, *arguments: Any, **named: Any) -> Any:
            self.line = line
            return function(*arguments, **named)

        return call

    # -- arrays ---------------------------------------------------------------------------------

    def global_array(self, name: str, data: np.ndarray, is_fresh: bool) -> WatchedArray:
        """Watch an argument; arrays that share memory share its shadow."""
        base = address_of(data) if data.size else 0
        array = WatchedArray(self, name, data, "global", self._shadow, base, is_fresh)
        if self.trace is not None:
            self.trace.add_array(array)
        return array

    def allocate_shared(self, name: str, data: np.ndarray) -> Any:
        """Give a block a shared array."""
        block = self.block
        base = -(-block.shared_bytes // ALIGNMENT) * ALIGNMENT
        block.shared_bytes = base + data.nbytes
        if not self.is_watched:
            return data
        array = WatchedArray(self, name, data, "shared", Shadow(), base, is_fresh=True)
        if self.trace is not None:
            self.trace.add_array(array)
        return array

    # -- threads --------------------------------------------------------------------------------

    def begin(self, block: Block, thread: Thread, moment: Moment) -> None:
        """A thread goes on."""
        self.block, self.thread, self.moment = block, thread, moment
        self.cuda.blockIdx, self.cuda.threadIdx = block.index, thread.index

    def end_block(self, block: Block) -> None:
        """All threads of a block have ended."""
        self.num_phases = max(self.num_phases, block.phase + 1)
        self.shared_bytes = max(self.shared_bytes, block.shared_bytes)

    def count_access(self, line: int) -> None:
        """Count an access. Raises a KernelError where there are too many."""
        self.num_accesses += 1
        if self.num_accesses + self._num_loops > self.limit:
            self._stop(line)

    def count_loop(self, line: int) -> None:
        """Count a turn of a loop, which may touch nothing."""
        self._num_loops += 1
        if self.num_accesses + self._num_loops > self.limit:
            self._stop(line)

    def _stop(self, line: int) -> None:
        raise KernelError(
            f"line {line}: this launch did not end within {self.limit:,} accesses and turns of "
            "loops; let every loop end, or try smaller arrays"
        )

    def note(
        self, operation: str, array: WatchedArray, at: int, line: int, is_atomic: bool = False
    ) -> None:
        """Add an access that was made to the trace, if there is one."""
        if self.trace is not None:
            thread = self.thread.number
            self.trace.add_access(self.block, thread, operation, array, at, line, is_atomic)

    # -- findings -------------------------------------------------------------------------------

    def find(
        self, finding_type: str, line: int, text: str, phase: int | None = None,
        array: WatchedArray | None = None, involved: tuple[Involved, ...] = (),
    ) -> None:  # fmt: skip
        """Remember what is wrong; each type is told once a line, and counted.

        `phase` is that of the thread that runs, unless it is given.
        """
        phase = self.moment.phase if phase is None else phase
        self._add(_finding(finding_type, line, text, phase, array, involved))

    def _add(self, finding: Finding) -> None:
        key = finding.type, finding.line
        known = self._findings.get(key)
        self._findings[key] = finding if known is None else known._replace(times=known.times + 1)

    def find_outside(self, array: WatchedArray, index: Any, does: str, line: int) -> None:
        """An index does not exist."""
        numbers = index if type(index) is tuple else (index,)
        element = f"{array.name}[{', '.join(map(str, numbers))}]"
        self.find(
            report.BOUNDS, line, f"line {line}: thread {self.moment.label} touches {element}, "
            f"which does not exist: its shape is {array.shape}; guard the line with `if`, so that "
            "threads beyond the end leave it alone",
            None, array, (_involved(self.moment, does, element, line),),
        )  # fmt: skip
        if self.trace is not None and all(isinstance(n, int | np.integer) for n in numbers):
            element_index = tuple(map(int, numbers))
            self.trace.add_outside(self.block, self.thread.number, does, array, element_index, line)

    def read_unwritten(self, array: WatchedArray, at: int, line: int) -> None:
        """Remember a read of what nothing has written: a race if a write follows in this phase."""
        text = (
            f"line {line}: thread {self.moment.label} reads {array.element_name(at)}, which "
            "nothing has written; write every element that is read"
        )
        involved = (_involved(self.moment, "reads", array.element_name(at), line),)
        self._unwritten.setdefault(
            (id(array.shadow), array.base + at * array.itemsize),
            _finding(report.UNWRITTEN, line, text, self.moment.phase, array, involved),
        )

    def find_race(
        self, array: WatchedArray, at: int, did: str, earlier: Touch, does: str, line: int,
        is_same_value: bool = False,
    ) -> None:  # fmt: skip
        """Two threads touch one element, one of them changes it, and nothing orders them."""
        self._unwritten.pop((id(array.shadow), array.base + at * array.itemsize), None)
        other, mine = earlier.moment, self.moment
        if self.trace is not None:
            self.trace.add_clash(array, at, did, earlier, does, mine, line)
        text = (
            f"line {line}: thread {mine.label} {does} {array.element_name(at)}, and thread "
            f"{other.label} {did} it (line {earlier.line}); {_remedy(earlier, mine, line)}"
        )
        if is_same_value:
            text += "; both write the same value, which is harmless here, and a race all the same"
        if other.block != mine.block and (report.RACE, line) not in self._between_blocks:
            self._between_blocks.add((report.RACE, line))
            self._findings.pop((report.RACE, line), None)  # its remedy would not mend this one
        element = array.element_name(at)
        involved = (
            _involved(other, did, element, earlier.line), _involved(mine, does, element, line),
        )  # fmt: skip
        self.find(report.RACE, line, text, None, array, involved)

    def find_double(self, array: WatchedArray, at: int, line: int) -> None:
        """A float64 is written to a float32 array."""
        known = self._findings.get((report.DOUBLE, line))
        if known is not None:  # where it comes from is looked for once
            self._add(known)
            return
        element = array.element_name(at)
        origin = self._double_origin(array.name, line)
        text = (
            f"line {line}: {array.name} is float32 and thread {self.moment.label} writes a float64 "
            f"to {element}: {origin}"
        )
        finding = _finding(report.DOUBLE, line, text, self.moment.phase, array, ())
        self._add(finding._replace(origin=origin))

    def _double_origin(self, array: str, line: int) -> str:
        parameters = inspect.signature(self.kernel.function).parameters
        arguments = dict(zip(parameters, self.arguments, strict=False))
        return double_origin(parse_kernel(self.kernel.function), line, array, arguments)

    def find_unfinished_copy(self, array: WatchedArray, at: int, copy: Touch, line: int) -> None:
        """An asynchronous copy may still be under way."""
        self.find(
            report.COPY, line, f"line {line}: thread {self.moment.label} reads "
            f"{array.element_name(at)}, to which thread {copy.moment.label} copies asynchronously "
            f"(line {copy.line}) and has not waited for it; wait for the copies, then let the "
            "block meet at a barrier",
        )  # fmt: skip

    def find_abandoned_copies(self, thread: Thread) -> None:
        """A thread ended while copies of its own were under way."""
        groups = [*thread.copy_groups, thread.open_copies]
        line = next(shadow.promises[key].line for group in groups for shadow, key in group)
        self.find(
            report.COPY, line, f"line {line}: thread {thread.label} ends while "
            "asynchronous copies of its own are under way; wait for them before the end",
        )  # fmt: skip

    def report(self) -> Report:
        """Return what was found, in the order of the lines."""
        for one in self._unwritten.values():
            self._add(one)
        found = sorted(self._findings.values(), key=lambda one: (one.line, one.type))
        counts = tuple(found), self.num_phases, self.num_accesses, self.shared_bytes
        if self.trace is None:
            return Report(*counts)
        trace = self.trace
        return Report(
            *counts, tuple(trace.accesses), tuple(trace.stops), trace.clashes, trace.arrays,
            tuple(trace.outside),
        )  # fmt: skip


def _finding(
    finding_type: str, line: int, text: str, phase: int, array: WatchedArray | None,
    involved: tuple[Involved, ...],
) -> Finding:  # fmt: skip
    space, shape = ("", ()) if array is None else (array.space, array.full_shape)
    return Finding(finding_type, line, text, 1, phase, space, shape, involved)


def _involved(moment: Moment, action: str, element: str, line: int) -> Involved:
    label = moment.label.partition(" of ")[0]
    return Involved(moment.block, (moment.thread,), label, action, element, line)


def _remedy(earlier: Touch, mine: Moment, line: int) -> str:
    """Say what orders two accesses, if anything does."""
    if earlier.moment.block != mine.block:
        return "no barrier orders blocks: give each element to one block, or launch twice"
    if earlier.line == line:
        return (
            "both are at one line: give each thread an element of its own, and add the parts up "
            "after a barrier"
        )
    return "nothing between the two lines orders them: put cuda.syncthreads() there"
