"""x86-64 instructions in AT&T's order: the destination is the last operand."""

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
    r"v?(?:add|sub|mul|div|sqrt|min|max|addsub|hadd|hsub|dp|round|rndscale|range|reduce|scalef"
    r"|r(?:cp|sqrt)(?:14|28)?|fn?m(?:add|sub|addsub|subadd)(?:132|213|231))([ps])[sdh]"
)
_REGISTER_BITS = {"zmm": 512, "ymm": 256, "xmm": 128}
_VECTOR_REGISTER = re.compile(r"%([xyz]mm)(\d+)")
_SLOT = re.compile(r"^(-?\d*)\((%\w+)\)")

_COPIES = re.compile(r"v?(?:mov|extract|pextr|compress|cvtps2ph|maskmov)|kmov|set|f(?:i?st)")
_READERS = re.compile(r"cmp|test|bt|v?u?comis|push|i?mul|i?div|f(?:i?ld)|call|jmp|prefetch|vptest")
_GROWTH = re.compile(r"(sub|add)q \$(-?\d+), %rsp")
_FRAME_POINTERS = ("%rbp", "%rbx")


class X86:
    """LLVM's assembly for x86-64."""

    comment = "#"
    stack_pointer = "%rsp"

    def arithmetic(self, instruction: Instruction) -> str | None:
        """The float arithmetic that it does."""
        match = _ARITHMETIC.fullmatch(instruction.mnemonic)
        return None if match is None else VECTOR if match[1] == "p" else SCALAR

    def vector_bits(self, instruction: Instruction) -> int:
        """The bits of its widest register; xmm holds single numbers too, but for arithmetic."""
        names = _VECTOR_REGISTER.findall(" ".join(instruction.operands))
        bits = max((_REGISTER_BITS[name] for name, _ in names), default=0)
        return bits if bits > 128 or self.arithmetic(instruction) == VECTOR else 0

    def jump(self, instruction: Instruction) -> Jump | None:
        """Where it may go on."""
        mnemonic = instruction.mnemonic
        if mnemonic.startswith("ret") or mnemonic == "ud2":
            return Jump()
        if not mnemonic.startswith("j"):
            return None
        target = instruction.operands[-1]
        if target.startswith("*"):
            return Jump(through_table=True)
        return Jump((target,), falls_through=not mnemonic.startswith("jmp"))

    def stack_access(self, instruction: Instruction, frame: Set[str]) -> StackAccess:
        """The stack slots that it uses."""
        mnemonic, operands = instruction.mnemonic, instruction.operands
        if mnemonic.startswith("lea"):
            return StackAccess()
        slots = [_slot(operand, frame) for operand in operands]
        read = tuple(slot for slot in slots[:-1] if slot is not None)
        if not slots or slots[-1] is None:
            return StackAccess((), read)
        last = (slots[-1],)
        if _COPIES.match(mnemonic):
            return StackAccess(last, read)
        # Two operands: the last one is read and written. `imulq 8(%rsp)` only reads.
        if _READERS.match(mnemonic):
            return StackAccess((), read + last)
        return StackAccess(last, read + last)

    def frame_register(self, instruction: Instruction) -> str | None:
        """The register that it makes a pointer into the stack frame."""
        if instruction.mnemonic == "movq" and instruction.operands[0] == self.stack_pointer:
            register = instruction.operands[1]
            return register if register in _FRAME_POINTERS else None
        return None

    def stack_growth(self, instruction: Instruction) -> int:
        """By how many bytes it lets the stack grow."""
        mnemonic = instruction.mnemonic
        if mnemonic in ("pushq", "popq"):
            return 8 if mnemonic == "pushq" else -8
        match = _GROWTH.fullmatch(f"{mnemonic} {', '.join(instruction.operands)}")
        if match is None:
            return 0
        return int(match[2]) if match[1] == "sub" else -int(match[2])

    def saves_register(self, instruction: Instruction) -> bool:
        """Pushes do, which are no accesses here."""
        return False

    def instruction_set(self, instructions: list[Instruction]) -> str:
        """AVX-512, AVX2, AVX or SSE."""
        widest, found = 0, "general registers only"
        for instruction in instructions:
            text = " ".join(instruction.operands)
            registers = _VECTOR_REGISTER.findall(text)
            rank = 0
            if "%k" in text or any(n == "zmm" or int(i) > 15 for n, i in registers):
                rank = 4
            elif any(name == "ymm" for name, _ in registers):
                rank = 3 if instruction.mnemonic.startswith(("vp", "vf")) else 2
            elif registers:
                rank = 2 if instruction.mnemonic.startswith("v") else 1
            if rank > widest:
                widest, found = rank, ("SSE", "AVX", "AVX2", "AVX-512")[rank - 1]
        return found


def _slot(operand: str, frame: Set[str]) -> Slot | None:
    """The slot that an operand is, without an index."""
    match = _SLOT.match(operand.lstrip("*"))
    return Slot(match[2], int(match[1] or 0)) if match and match[2] in frame else None
