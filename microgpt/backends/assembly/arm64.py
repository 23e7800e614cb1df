"""64-bit Arm instructions: the destination is the first operand, but for stores."""

import re
from collections.abc import Set

from microgpt.backends.assembly.instruction import (
    SCALAR,
    VECTOR,
    Instruction,
    Jump,
    Slot,
    StackAccess,
)

_ARITHMETIC = re.compile(
    r"f(?:n?m(?:add|sub|ul)|add|sub|mulx?|div|ml[as]|sqrt|abd|(?:max|min)(?:nm)?|rint\w"
    r"|rec(?:pe|ps|px)|rsqrt(?:e|s)|(?:add|max|min|maxnm|minnm)[pv])"
)
_LANES = re.compile(r"\bv\d+\.(\d+)([bhsd])\b")
_SCALABLE = re.compile(r"\bz\d+\.[hsd]\b")
_ELEMENT_BITS = {"h": 16, "s": 32, "d": 64}
_SLOT = re.compile(r"^\[(\w+)(?:,\s*#(-?\d+))?\](!?)$")

# What a function must give back as it was: x19 to x30, and the low halves of v8 to v15.
_CALLERS = re.compile(r"[xw](?:19|2\d|30)|d(?:8|9|1[0-5])")
_SIZES = {"w": 4, "x": 8, "b": 1, "h": 2, "s": 4, "d": 8, "q": 16}


class Arm64:
    """LLVM's assembly for AArch64."""

    comment = "//"
    stack_pointer = "sp"

    def arithmetic(self, instruction: Instruction) -> str | None:
        """The float arithmetic that it does."""
        if not _ARITHMETIC.fullmatch(instruction.mnemonic):
            return None
        text = " ".join(instruction.operands)
        return VECTOR if _LANES.search(text) or _SCALABLE.search(text) else SCALAR

    def vector_bits(self, instruction: Instruction) -> int:
        """The bits of its widest register in lanes; of lanes of bytes, copies of any register."""
        text = " ".join(instruction.operands)
        if _SCALABLE.search(text):
            return 128  # or a multiple: only the processor knows
        lanes = _LANES.findall(text)
        return max((int(n) * _ELEMENT_BITS[size] for n, size in lanes if size != "b"), default=0)

    def jump(self, instruction: Instruction) -> Jump | None:
        """Where it may go on."""
        mnemonic, operands = instruction.mnemonic, instruction.operands
        if mnemonic in ("ret", "brk", "udf"):
            return Jump()
        if mnemonic == "br":
            return Jump(through_table=True)
        if mnemonic == "b":
            return Jump((operands[0],))
        if mnemonic.startswith("b.") or mnemonic in ("cbz", "cbnz", "tbz", "tbnz"):
            return Jump((operands[-1],), falls_through=True)
        return None

    def stack_access(self, instruction: Instruction, frame: Set[str]) -> StackAccess:
        """The stack slots that it uses."""
        mnemonic, operands = instruction.mnemonic, instruction.operands
        if not mnemonic.startswith(("ld", "st")):
            return StackAccess()
        match = next(filter(None, map(_SLOT.match, operands)), None)
        if match is None or match[1] not in frame:
            return StackAccess()
        registers = operands[: operands.index(match[0])]
        start, size = int(match[2] or 0), _SIZES.get(registers[0][0], 8)
        slots = tuple(Slot(match[1], start + i * size) for i in range(len(registers)))
        return StackAccess(slots) if mnemonic.startswith("st") else StackAccess((), slots)

    def frame_register(self, instruction: Instruction) -> str | None:
        """The register that it makes a pointer into the stack frame."""
        if instruction.mnemonic in ("mov", "add") and instruction.operands[1] == "sp":
            register = instruction.operands[0]
            return register if register in ("x29", "x19") else None
        return None

    def stack_growth(self, instruction: Instruction) -> int:
        """By how many bytes it lets the stack grow."""
        mnemonic, operands = instruction.mnemonic, instruction.operands
        if mnemonic in ("sub", "add") and operands[:2] == ("sp", "sp") and operands[2][0] == "#":
            size = int(operands[2][1:]) << (12 if "lsl #12" in operands else 0)
            return size if mnemonic == "sub" else -size
        match = _SLOT.match(operands[-1]) if operands else None
        if match and match[1] == "sp" and match[3]:  # [sp, #-16]!
            return -int(match[2])
        if operands[-2:-1] == ("[sp]",):  # [sp], #16
            return -int(operands[-1].lstrip("#"))
        return 0

    def saves_register(self, instruction: Instruction) -> bool:
        """Whether it stores nothing but registers that belong to the caller."""
        registers = [name for name in instruction.operands if not name.startswith("[")]
        stores = instruction.mnemonic in ("stp", "str")
        return stores and all(map(_CALLERS.fullmatch, registers))

    def instruction_set(self, instructions: list[Instruction]) -> str:
        """NEON or SVE."""
        text = "\n".join(" ".join(instruction.operands) for instruction in instructions)
        if _SCALABLE.search(text):
            return "SVE"
        return "NEON" if _LANES.search(text) else "no vectors"
