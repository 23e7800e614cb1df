"""`KernelReport`: the machine code of a kernel in figures, with a sentence for each."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce

from microgpt.backends.assembly.counts import Counts, FunctionCounts, LoopCounts, count_function
from microgpt.backends.assembly.functions import SYNTAXES, parse_functions
from microgpt.plain_text import pluralize, text_table

FLOAT_BITS = 32

_COLUMNS = ("innermost loop", "of", "instructions", "vector", "scalar", "bits", "spills",
            "reloads")  # fmt: skip

# Numba's own functions, and those through which C or Python call a kernel.
_RUNTIME = re.compile(r"NRT_|numba_|cfunc\.|_ZN7cpython")
_MANGLED_PART = re.compile(r"(\d+)(?=\D)")


@dataclass(frozen=True)
class KernelReport:
    """What a kernel's machine code does, loop by loop; `assembly` is its text.

    A spill is a store to a stack slot, a reload a read of one, where the function itself both
    writes and reads the slot: LLVM had no register left. A slot is addressed by the stack pointer,
    or a register that copies it, and a constant. Arguments on the stack, saved registers of the
    caller and arrays on the stack that are indexed do not count. Counts are of instructions in the
    text, not of how often they run. Float arithmetic is addition, multiplication, both in one,
    division, roots, maxima and rounding; copies, comparisons and conversions are not.
    """

    name: str
    processor: str
    instruction_set: str
    functions: tuple[FunctionCounts, ...]
    assembly: str = field(repr=False)

    @property
    def loops(self) -> tuple[LoopCounts, ...]:
        """All loops, each function's innermost first."""
        return tuple(loop for function in self.functions for loop in function.loops)

    @property
    def innermost_loops(self) -> tuple[LoopCounts, ...]:
        """The loops that have no other in them, where a kernel spends its time."""
        return tuple(loop for loop in self.loops if loop.innermost)

    @property
    def in_innermost(self) -> Counts:
        """The sum over them."""
        return _total(loop.counts for loop in self.innermost_loops)

    @property
    def in_loops(self) -> Counts:
        """The sum over all loops."""
        return _total(loop.counts for loop in self.loops)

    @property
    def outside_loops(self) -> Counts:
        """What runs once in a call of its function."""
        return _total(function.outside for function in self.functions)

    @property
    def vector_bits(self) -> int:
        """The width of the widest vectors in loops; 0 without any."""
        return self.in_loops.vector_bits

    @property
    def stack_bytes(self) -> int:
        """The bytes of stack of the function that takes the most."""
        return max((function.stack_bytes for function in self.functions), default=0)

    def __repr__(self) -> str:
        return "\n".join([self._title(), "", *self._figures(), "", *self._loop_table()]).rstrip()

    def _title(self) -> str:
        return f"{self.name}, float32, compiled for {self.processor}"

    def _figures(self) -> list[str]:
        inner, inside, outside = self.in_innermost, self.in_loops, self.outside_loops
        on_floats = [loop for loop in self.innermost_loops if loop.on_floats]
        vectorised = sum(loop.vectorised for loop in on_floats)
        numbers = self.vector_bits // FLOAT_BITS
        rows = [
            (self.instruction_set, "the instructions that it uses"),
            (
                f"{self.vector_bits} bits",
                f"the widest vectors in its loops: {pluralize(numbers, 'number')} at once",
            ),
            (
                f"{len(on_floats)} loops",
                f"are innermost and work on floats, {vectorised} of them on vectors; "
                f"{pluralize(len(self.loops), 'loop')} in all",
            ),
            (
                f"{inner.vector_ops} vector",
                "float instructions in innermost loops, each on all numbers of a vector",
            ),
            (
                f"{inner.scalar_ops} scalar",
                "ones there, each on one number: what is left of a row, or a loop not vectorised",
            ),
            (
                f"{inner.spills} + {inner.reloads}",
                "spills and reloads there: registers put on the stack and fetched, every round",
            ),
            (
                f"{inside.spills - inner.spills} + {inside.reloads - inner.reloads}",
                "spills and reloads in the other loops, once a round of those",
            ),
            (
                f"{outside.spills} + {outside.reloads}",
                "spills and reloads outside of loops, once in a call",
            ),
            (f"{self.stack_bytes} bytes", "of stack at most for a call of one of its functions"),
        ]
        return text_table(rows)

    def _loop_table(self) -> list[str]:
        rows: list[tuple[str, ...]] = [_COLUMNS]
        for loop in self.innermost_loops:
            counts = loop.counts
            if loop.on_floats or counts.spills or counts.reloads:
                numbers = (counts.instructions, counts.vector_ops, counts.scalar_ops,
                           counts.vector_bits, counts.spills, counts.reloads)  # fmt: skip
                rows.append((loop.label, loop.function, *map(str, numbers)))
        return text_table(rows, align="llr") if len(rows) > 1 else []


def read_assembly(
    texts: Iterable[str], architecture: str, name: str, processor: str
) -> KernelReport:
    """Return the report of a kernel whose functions are in these assembly texts."""
    syntax, texts = SYNTAXES[architecture], list(texts)
    functions = [
        function
        for text in texts
        for function in parse_functions(text, syntax)
        if not _RUNTIME.match(function.name)
    ]
    return KernelReport(
        name,
        processor,
        syntax.instruction_set([i for function in functions for i in function.instructions()]),
        tuple(count_function(f, syntax, _short_name(f.name)) for f in functions),
        "\n".join(texts),
    )


def _short_name(name: str) -> str:
    """The name of a function in the source: the last part of what Numba makes of it."""
    if not name.startswith("_ZN"):
        return name
    part, start = name, len("_ZN")
    while (match := _MANGLED_PART.match(name, start)) is not None:
        start = match.end() + int(match[1])
        part = name[match.end() : start]
    return part.replace("_3c", "<").replace("_3e", ">")


def _total(counts: Iterable[Counts]) -> Counts:
    return reduce(Counts.__add__, counts, Counts())
