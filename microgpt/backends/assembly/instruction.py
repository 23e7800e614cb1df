"""What the counts need to know of an instruction, in any processor's syntax."""

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import NamedTuple, Protocol

VECTOR, SCALAR = "vector", "scalar"

_OUTSIDE_BRACKETS = re.compile(r",\s*(?![^(\[{]*[)\]}])")


@dataclass(frozen=True)
class Instruction:
    """An instruction's name and operands, as the assembler reads them."""

    mnemonic: str
    operands: tuple[str, ...]

    @classmethod
    def parse(cls, line: str) -> "Instruction":
        mnemonic, _, rest = line.strip().partition("\t")
        if not rest:
            mnemonic, _, rest = mnemonic.partition(" ")
        operands = _OUTSIDE_BRACKETS.split(rest.strip()) if rest.strip() else []
        return cls(mnemonic, tuple(operands))


@dataclass(frozen=True)
class Jump:
    """Where an instruction may go on: at labels, through a table, at the next instruction."""

    labels: tuple[str, ...] = ()
    through_table: bool = False
    falls_through: bool = False


class Slot(NamedTuple):
    """A slot of the stack, at so many bytes from what a register points to."""

    register: str
    offset: int


@dataclass(frozen=True)
class StackAccess:
    """The stack slots that an instruction writes and reads."""

    written: tuple[Slot, ...] = ()
    read: tuple[Slot, ...] = ()


class Syntax(Protocol):
    """How a processor's instructions are read."""

    comment: str
    stack_pointer: str

    def arithmetic(self, instruction: Instruction) -> str | None:
        """VECTOR or SCALAR float arithmetic; None for a copy, comparison or conversion."""

    def vector_bits(self, instruction: Instruction) -> int:
        """The bits of the widest register that it uses as a vector; 0 where that is unsure."""

    def jump(self, instruction: Instruction) -> Jump | None:
        """Where it may go on; None if it only goes on at the next instruction."""

    def stack_access(self, instruction: Instruction, frame: Set[str]) -> StackAccess:
        """The slots at a constant distance from a register of `frame` that it uses."""

    def frame_register(self, instruction: Instruction) -> str | None:
        """The register that it makes a second pointer into the stack frame."""

    def stack_growth(self, instruction: Instruction) -> int:
        """By how many bytes it lets the stack grow; negative: shrink."""

    def saves_register(self, instruction: Instruction) -> bool:
        """Whether it stores only registers that a function must give back as they were."""

    def instruction_set(self, instructions: list[Instruction]) -> str:
        """The name of the SIMD instructions that these use."""
