"""Finds what makes a line compute in float64: a literal, an array, an argument or a quotient."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

# Calls that give a float64 only if one of their arguments is one; any other call is a conversion.
_KEEPS_DTYPE = ("abs", "max", "min", "math.")
UNKNOWN = (
    "a literal, an argument or a function that it calls is one; begin with "
    "`f = {array}.dtype.type` and write `f(0.5)` for 0.5"
)


def double_origin(
    definition: ast.FunctionDef, line: int, array: str, arguments: Mapping[str, Any]
) -> str:
    """Return where the float64 comes from that a line writes to an array, and what to do.

    Goes back from the value to the assignments of the names in it. `arguments` are the kernel's by
    name: what has a `dtype` is known by it.
    """
    return next(_Origins(definition, arguments).of_line(line), UNKNOWN.format(array=array))


class _Assigned(NamedTuple):
    """A value, the names that it is given, and the lines of the statement."""

    names: frozenset[str]
    value: ast.expr
    first_line: int
    last_line: int


class _Origins:
    """The assignments of one function, and what they hold that is float64."""

    def __init__(self, definition: ast.FunctionDef, arguments: Mapping[str, Any]):
        self.arguments = arguments
        self.assignments = [one for node in ast.walk(definition) for one in _assigned(node)]
        self.memory = dict(_doubles_in_memory(self.assignments))

    def of_line(self, line: int) -> Iterator[str]:
        """Yield the origins of what the assignments of a line write; those of literals first."""
        reached = [one for one in self.assignments if one.first_line <= line <= one.last_line]
        for one in reached:  # grows
            names = {part.id for part in _parts(one.value) if isinstance(part, ast.Name)}
            reached += [
                other for other in self.assignments if other not in reached and other.names & names
            ]
        values = [one.value for one in reached]
        for search in (self._literals, self._arrays, self._quotients):
            for value in values:
                yield from search(value)

    def _literals(self, value: ast.expr) -> Iterator[str]:
        for node in _parts(value):
            text, line = ast.unparse(node), getattr(node, "lineno", 0)
            is_literal = isinstance(node, ast.Constant) and type(node.value) is float
            if is_literal or (isinstance(node, ast.Attribute) and text.startswith("math.")):
                yield f"`{text}` in line {line} is a float64; write `float32({text})`"

    def _arrays(self, value: ast.expr) -> Iterator[str]:
        for node in _parts(value):
            name = _array_name(node) if isinstance(node, ast.Subscript) else ""
            dtype = getattr(self.arguments.get(name), "dtype", None)
            if name in self.memory:
                yield f"the array {name} is float64; make it `{self.memory[name]}(…, float32)`"
            elif dtype is not None and _makes_double(dtype):
                yield f"the array {name} is {dtype}; give the kernel one of float32"
            if isinstance(node, ast.Name) and isinstance(
                self.arguments.get(node.id), float | np.float64
            ):
                yield f"the argument {node.id} is a float64; write `float32({node.id})`"

    def _quotients(self, value: ast.expr) -> Iterator[str]:
        for node in _parts(value):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                text = ast.unparse(node)
                yield (
                    f"`{text}` in line {node.lineno} is a float64 if both are integers; write "
                    f"`float32({ast.unparse(node.left)}) / float32({ast.unparse(node.right)})`"
                )


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of an expression that decide its dtype: no index, condition or conversion."""
    if isinstance(node, ast.Compare):
        return
    yield node
    if isinstance(node, ast.Subscript | ast.Attribute):
        return
    if isinstance(node, ast.Call) and not ast.unparse(node.func).startswith(_KEEPS_DTYPE):
        return
    parts = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    for part in parts:
        if isinstance(part, ast.expr) and part is not getattr(node, "test", None):
            yield from _parts(part)


def _assigned(node: ast.AST) -> Iterator[_Assigned]:
    """Yield what a statement assigns; of `a, b = 0.5, 1` each part."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) or node.value is None:
        return
    lines = node.lineno, node.end_lineno or node.lineno
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
        for one, value in pairs:
            parts = one.elts if isinstance(one, ast.Tuple) else [one]
            names = frozenset(part.id for part in parts if isinstance(part, ast.Name))
            yield _Assigned(names, value, *lines)


def _array_name(node: ast.Subscript) -> str:
    inner: ast.expr = node
    while isinstance(inner, ast.Subscript):
        inner = inner.value
    return inner.id if isinstance(inner, ast.Name) else ""


def _doubles_in_memory(assignments: list[_Assigned]) -> Iterator[tuple[str, str]]:
    """Yield the names of shared and local arrays that are float64, and the call that makes them."""
    for one in assignments:
        if isinstance(one.value, ast.Call) and ast.unparse(one.value).endswith("float64)"):
            for name in one.names:
                yield name, ast.unparse(one.value.func)


def _makes_double(dtype: np.dtype) -> bool:
    """Whether float32 numbers computed with such numbers are float64."""
    return np.result_type(dtype, np.float32) == np.float64
