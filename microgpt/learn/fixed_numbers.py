"""Finds a number that a kernel has in place of the threads of a block, by putting these there.

A number is named only if the kernel is right with `cuda.blockDim` in its place.
"""

import ast
import copy
import itertools
import linecache
import types
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from microgpt.interpreter.constant_shapes import MEMORY
from microgpt.interpreter.kernel_source import parse_kernel, plain_function
from microgpt.learn.kernel_runs import Axes, KernelRun, run_kernel

AXES = "xyz"
TOLERANCE = 1e-5
_files = itertools.count()


class FixedNumber(NamedTuple):
    """A number, its first line, and what belongs there: "cuda.blockDim.x // 2", for `threads`."""

    number: int
    line: int
    remedy: str
    threads: int
    axis: str


def fixed_number(
    run: KernelRun, grid: Axes, block: Axes, inputs: Sequence[np.ndarray]
) -> FixedNumber | None:
    """Return the number that makes a failing kernel wrong in this launch; None if none does."""
    function = plain_function(run.kernel)
    is_wrong = run.findings or run.wrong_orders(run.expected, TOLERANCE)
    if function is None or not is_wrong:
        return None
    definition = parse_kernel(function)
    for found in _candidates(definition, block):
        kernel = _with_remedy(function, definition, found)
        repaired = run_kernel(kernel, grid, block, inputs, run.expected)
        is_right = not repaired.wrong_orders(run.expected, TOLERANCE)
        if is_right and repaired.error is None and not repaired.findings and not repaired.changed:
            return found
    return None


def _candidates(definition: ast.FunctionDef, block: Axes) -> Iterator[FixedNumber]:
    """Yield each number that the threads of the block, or half of them, may replace."""
    first_lines: dict[Any, int] = {}
    for constant in _numbers(definition):
        first_lines.setdefault(constant.value, constant.lineno)
    sizes = block if isinstance(block, tuple) else (block,)
    for number, line in first_lines.items():
        for axis, threads in zip(AXES, sizes, strict=False):
            name = f"cuda.blockDim.{axis}"
            if number != threads:
                yield FixedNumber(number, line, name, threads, axis)
            if number != threads // 2:
                yield FixedNumber(number, line, f"{name} // 2", threads, axis)


def _numbers(definition: ast.FunctionDef) -> list[ast.Constant]:
    """Return the integers from 2 on, without those in the shapes of arrays."""
    in_shapes = {
        id(part)
        for node in ast.walk(definition)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in MEMORY
        for part in ast.walk(node)
    }
    return [
        node
        for node in ast.walk(definition)
        if isinstance(node, ast.Constant)
        and type(node.value) is int
        and node.value > 1
        and id(node) not in in_shapes
        and not _is_divisor(node, definition)
    ]


def _is_divisor(number: ast.Constant, definition: ast.FunctionDef) -> bool:
    """Whether a number halves: `// 2`, which is no size of a block."""
    return any(
        isinstance(node, ast.BinOp | ast.AugAssign)
        and isinstance(node.op, ast.FloorDiv)
        and number is (node.right if isinstance(node, ast.BinOp) else node.value)
        and number.value == 2
        for node in ast.walk(definition)
    )


class _Replacement(ast.NodeTransformer):
    """Replaces a number, and twice or half of it, wherever it stands."""

    def __init__(self, replaced: dict[int, ast.expr]):
        self.replaced = replaced

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return self.replaced.get(id(node), node)


def _with_remedy(
    function: types.FunctionType, definition: ast.FunctionDef, found: FixedNumber
) -> Any:
    """Return a kernel whose number, and twice or half of it, are those of its block."""
    name = f"cuda.blockDim.{found.axis}"
    is_half = found.remedy.endswith("// 2")
    other, other_remedy = (
        (2 * found.number, name) if is_half else (found.number / 2, f"{name} // 2")
    )
    remedies: dict[Any, str] = {found.number: found.remedy, other: other_remedy}
    definition = copy.deepcopy(definition)
    replaced = {}
    for node in _numbers(definition):
        number: Any = node.value
        if number == found.number or (number in remedies and number > 2):
            replaced[id(node)] = ast.parse(remedies[number], mode="eval").body
    tree = ast.Module([_Replacement(replaced).visit(definition)], [])
    source = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    file = f"<kernel with cuda.blockDim {next(_files)}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    names = dict(function.__globals__)
    names |= {
        name: cell.cell_contents
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        )
    }
    exec(compile(source, file, "exec"), names)
    return names[definition.name]
