"""The functions in an assembly text of LLVM, each as a graph of basic blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from microgpt.backends.assembly.arm64 import Arm64
from microgpt.backends.assembly.instruction import Instruction, Syntax
from microgpt.backends.assembly.x86 import X86

SYNTAXES: dict[str, Syntax] = {"x86_64": X86(), "aarch64": Arm64()}

_TYPE = re.compile(r'\.type\s+"?([^",\s]+)"?,\s*[@%]function')
_LABEL = re.compile(r'"?([^"\s:]+)"?:')
_TABLE = re.compile(r"\.LJTI\w+")
_TABLE_ENTRY = re.compile(r"\.(?:quad|long|byte|hword|word|xword)\s+\(?(\.LBB\w+)")


@dataclass
class Block:
    """Instructions that run one after the other, and the numbers of the blocks that may follow."""

    label: str
    instructions: list[Instruction] = field(default_factory=list)
    successors: set[int] = field(default_factory=set)


@dataclass
class Function:
    """A function's name, as the linker knows it, and its blocks; the first is its entry."""

    name: str
    blocks: list[Block]

    def instructions(self) -> Iterator[Instruction]:
        """Each instruction, in order."""
        for block in self.blocks:
            yield from block.instructions


def parse_functions(text: str, syntax: Syntax) -> list[Function]:
    """Return the functions of an assembly text, in order."""
    named = set(_TYPE.findall(text))
    functions: list[Function] = []
    tables: dict[str, list[str]] = {}
    current: Function | None = None
    table: list[str] = []
    for line in text.splitlines():
        code = line.split(syntax.comment)[0].rstrip()
        if not code:
            continue
        label = _LABEL.match(code)
        if label is None:
            entry = _TABLE_ENTRY.match(code.strip())
            if entry is not None:
                table.append(entry[1])
            elif current is not None and not code.strip().startswith("."):
                _append(current, Instruction.parse(code), syntax)
        elif label[1] in named:
            current = Function(label[1], [Block(label[1])])
            functions.append(current)
        elif _TABLE.fullmatch(label[1]):
            current, table = None, tables.setdefault(label[1], [])
        elif label[1].startswith((".Lfunc_end", ".LCPI")):
            current = None
        elif current is not None:
            current.blocks.append(Block(label[1]))
    for function in functions:
        _link(function, tables, syntax)
    return functions


def _append(function: Function, instruction: Instruction, syntax: Syntax) -> None:
    block = function.blocks[-1]
    if block.instructions and syntax.jump(block.instructions[-1]) is not None:
        block = Block("")  # behind a jump, without a label
        function.blocks.append(block)
    block.instructions.append(instruction)


def _link(function: Function, tables: dict[str, list[str]], syntax: Syntax) -> None:
    """Give each block its successors; a jump out of the function, such as a tail call, is none."""
    numbers = {block.label: number for number, block in enumerate(function.blocks)}
    table = ""  # the last one that was named: its address goes into the jump's register
    for number, block in enumerate(function.blocks):
        for instruction in block.instructions:
            for name in _TABLE.findall(" ".join(instruction.operands)):
                table = name
        jump = syntax.jump(block.instructions[-1]) if block.instructions else None
        labels = list(jump.labels) if jump is not None else []
        if jump is not None and jump.through_table:
            labels += tables.get(table, [])
        block.successors = {numbers[label] for label in labels if label in numbers}
        if (jump is None or jump.falls_through) and number + 1 < len(function.blocks):
            block.successors.add(number + 1)
