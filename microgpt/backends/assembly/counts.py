"""Counts of a function's instructions: float arithmetic, spills, by loop."""

from collections import Counter
from dataclasses import dataclass, field

from microgpt.backends.assembly.functions import Function
from microgpt.backends.assembly.instruction import VECTOR, StackAccess, Syntax
from microgpt.backends.assembly.loops import Loop, find_loops


@dataclass(frozen=True)
class Counts:
    """Instructions, those of float arithmetic on vectors and on one number, spills and reloads.

    `vector_bits` is the width of the widest vectors that are computed with, 0 without any.
    """

    instructions: int = 0
    vector_ops: int = 0
    scalar_ops: int = 0
    vector_bits: int = 0
    spills: int = 0
    reloads: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.instructions + other.instructions,
            self.vector_ops + other.vector_ops,
            self.scalar_ops + other.scalar_ops,
            max(self.vector_bits, other.vector_bits),
            self.spills + other.spills,
            self.reloads + other.reloads,
        )


@dataclass(frozen=True)
class LoopCounts:
    """What one loop has beside its inner loops; `depth` is 1 for a loop in no other."""

    function: str
    label: str
    depth: int
    innermost: bool
    counts: Counts
    mnemonics: Counter[str] = field(repr=False)

    @property
    def computes(self) -> bool:
        """Whether it does arithmetic with floats."""
        return self.counts.vector_ops + self.counts.scalar_ops > 0

    @property
    def vectorised(self) -> bool:
        """Whether it computes on vectors."""
        return self.counts.vector_ops > 0


@dataclass(frozen=True)
class FunctionCounts:
    """A function's loops, what it has outside of them, and the bytes of stack that it takes."""

    name: str
    loops: tuple[LoopCounts, ...]
    outside: Counts
    stack_bytes: int


def count_function(function: Function, syntax: Syntax, name: str) -> FunctionCounts:
    """Count a function's instructions, each in the innermost loop around it."""
    accesses = _spill_accesses(function, syntax)
    loops = sorted(find_loops(function), key=lambda loop: -loop.depth)
    blocks_left = set(range(len(function.blocks)))
    counted = []
    for loop in loops:
        own = loop.blocks & blocks_left
        blocks_left -= own
        counted.append(
            LoopCounts(
                name,
                function.blocks[loop.header].label,
                loop.depth,
                loop.innermost,
                _count_blocks(function, syntax, own, accesses),
                _mnemonics(function, loop, own),
            )
        )
    return FunctionCounts(
        name,
        tuple(counted),
        _count_blocks(function, syntax, blocks_left, accesses),
        sum(map(syntax.stack_bytes, function.instructions())),
    )


def _mnemonics(function: Function, loop: Loop, own: set[int] | frozenset[int]) -> Counter[str]:
    return Counter(i.mnemonic for number in own for i in function.blocks[number].instructions)


def _count_blocks(function, syntax, numbers, accesses) -> Counts:
    total = Counts()
    for number in numbers:
        for i, instruction in enumerate(function.blocks[number].instructions):
            arithmetic = syntax.arithmetic(instruction)
            is_vector = arithmetic is not None and arithmetic.shape == VECTOR
            access = accesses[number][i]
            total += Counts(
                1,
                int(is_vector),
                int(arithmetic is not None and not is_vector),
                arithmetic.bits if is_vector else 0,
                int(bool(access.written)),
                int(bool(access.read)),
            )
    return total


def _spill_accesses(function: Function, syntax: Syntax) -> list[list[StackAccess]]:
    """The accesses of each instruction of each block to slots of spilled registers.

    Such a slot is written and read by the function itself: one that it only reads is an argument,
    one that it only writes an argument of a call. Nor is one that holds a caller's register.
    """
    frame, saved = _frame(function, syntax)
    accesses = [
        [syntax.stack_access(instruction, frame) for instruction in block.instructions]
        for block in function.blocks
    ]
    flat = [access for block in accesses for access in block]
    written = {slot for access in flat for slot in access.written}
    spilled = written.intersection(slot for access in flat for slot in access.read) - saved
    return [
        [
            StackAccess(
                tuple(slot for slot in access.written if slot in spilled),
                tuple(slot for slot in access.read if slot in spilled),
            )
            for access in block
        ]
        for block in accesses
    ]


def _frame(function: Function, syntax: Syntax) -> tuple[set[str], set[str]]:
    """The registers that point into the stack frame, and slots that keep a caller's registers.

    Those are stored where the stack has just grown.
    """
    frame, saved = {syntax.stack_pointer}, set[str]()
    growing = False
    for instruction in function.instructions():
        register = syntax.frame_register(instruction)
        if register is not None:
            frame.add(register)
            continue
        growing = growing or syntax.stack_bytes(instruction) > 0
        if growing and syntax.saves_register(instruction):
            saved.update(syntax.stack_access(instruction, frame).written)
        elif syntax.stack_bytes(instruction) == 0:
            growing = False
    return frame, saved
