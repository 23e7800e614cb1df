"""Counts of a function's instructions: float arithmetic, spills, by loop."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from microgpt.backends.assembly.functions import Function
from microgpt.backends.assembly.instruction import SCALAR, VECTOR, Slot, StackAccess, Syntax
from microgpt.backends.assembly.loops import Loop, find_loops


@dataclass(frozen=True)
class Counts:
    """Instructions, those of float arithmetic on vectors and on one number, spills and reloads.

    `vector_bits` is the width of the widest vectors, 0 without any.
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
    def vectorised(self) -> bool:
        """Whether it works on vectors."""
        return self.counts.vector_bits > 0

    @property
    def on_floats(self) -> bool:
        """Whether it works on vectors, or does arithmetic with single floats."""
        return self.vectorised or self.counts.scalar_ops > 0


@dataclass(frozen=True)
class FunctionCounts:
    """A function's loops, what it has outside of them, and the bytes of stack that it takes."""

    name: str
    loops: tuple[LoopCounts, ...]
    outside: Counts
    stack_bytes: int


def count_function(function: Function, syntax: Syntax, name: str) -> FunctionCounts:
    """Count a function's instructions, each in the innermost loop around it."""
    depths = _stack_depths(function, syntax)
    accesses = _spill_accesses(function, syntax, depths)
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
        max((depth for block in depths for depth in block), default=0),
    )


def _mnemonics(function: Function, loop: Loop, own: set[int] | frozenset[int]) -> Counter[str]:
    return Counter(i.mnemonic for number in own for i in function.blocks[number].instructions)


def _count_blocks(function, syntax, numbers, accesses) -> Counts:
    total = Counts()
    for number in numbers:
        for i, instruction in enumerate(function.blocks[number].instructions):
            arithmetic = syntax.arithmetic(instruction)
            access = accesses[number][i]
            total += Counts(
                1,
                int(arithmetic == VECTOR),
                int(arithmetic == SCALAR),
                syntax.vector_bits(instruction),
                int(bool(access.written)),
                int(bool(access.read)),
            )
    return total


def _spill_accesses(
    function: Function, syntax: Syntax, depths: list[list[int]]
) -> list[list[StackAccess]]:
    """The accesses of each instruction of each block to slots of spilled registers.

    Such a slot is written and read by the function itself: one that it only reads is an argument,
    one that it only writes an argument of a call. Nor is one that holds a caller's register.
    """
    frame, saves = _frame(function, syntax)

    def from_entry(slots: Iterable[Slot], depth: int) -> tuple[Slot, ...]:
        return tuple(
            Slot(slot.register, slot.offset - depth)
            if slot.register == syntax.stack_pointer
            else slot
            for slot in slots
        )

    accesses: list[list[StackAccess]] = []
    saved: set[Slot] = set()
    for block, block_depths in zip(function.blocks, depths, strict=True):
        accesses.append([])
        for instruction, depth in zip(block.instructions, block_depths, strict=True):
            access = syntax.stack_access(instruction, frame)
            access = StackAccess(from_entry(access.written, depth), from_entry(access.read, depth))
            accesses[-1].append(access)
            if id(instruction) in saves:
                saved.update(access.written)
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


def _stack_depths(function: Function, syntax: Syntax) -> list[list[int]]:
    """How far the stack has grown since the function's entry, before each of its instructions."""
    at_entry = {0: 0}
    depths: list[list[int]] = [[0] * len(block.instructions) for block in function.blocks]
    pending = [0]
    while pending:
        number = pending.pop()
        depth, block = at_entry[number], function.blocks[number]
        for i, instruction in enumerate(block.instructions):
            depths[number][i] = depth
            depth += syntax.stack_growth(instruction)
        for successor in block.successors - at_entry.keys():
            at_entry[successor] = depth
            pending.append(successor)
    return depths


def _frame(function: Function, syntax: Syntax) -> tuple[set[str], set[int]]:
    """The registers that point into the stack frame, and the instructions (by id) that save.

    Those store a caller's registers where the stack has just grown.
    """
    frame, saves = {syntax.stack_pointer}, set[int]()
    growing = False
    for instruction in function.instructions():
        register = syntax.frame_register(instruction)
        if register is not None:
            frame.add(register)
            continue
        growth = syntax.stack_growth(instruction)
        growing = growing or growth > 0
        if growing and syntax.saves_register(instruction):
            saves.add(id(instruction))
        elif growth <= 0:
            growing = False
    return frame, saves
