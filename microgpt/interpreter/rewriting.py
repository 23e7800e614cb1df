"""Rewrites a kernel's source so that each of its threads can be run in turn.

Where threads wait for each other the function yields, so it becomes a generator; every subscript
becomes a call that knows its line. A rewritten function is compiled once and bound to each launch.
"""

import ast
import itertools
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from microgpt.errors import KernelError
from microgpt.interpreter.twins import collective_twin, twin
from microgpt.interpreter.warps import BLOCK_WAITS, WARP_WAITS

PLAIN, WATCHED, IN_STEP = "plain", "watched", "in step"  # how accesses are rewritten
ACCESS = "access"  # what a thread in step waits for: its turn to touch an element
_REFUSED = {
    ast.FunctionDef: "a function inside a kernel",
    ast.Lambda: "a lambda",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.With: "`with`",
    ast.Try: "`try`",
    ast.ClassDef: "a class",
    ast.Import: "an import",
    ast.ImportFrom: "an import",
    ast.Global: "`global`",
    ast.Nonlocal: "`nonlocal`",
    ast.Yield: "`yield`",
    ast.YieldFrom: "`yield`",
}


@dataclass(eq=False)
class Rewritten:
    """A function as the interpreter runs it; one that `waits` is a generator."""

    function: types.FunctionType
    code: types.CodeType
    name: str
    waits: bool
    constants: dict[str, Any]
    callees: dict[str, "Rewritten"] = field(default_factory=dict)
    twins: dict[str, Callable[..., Any]] = field(default_factory=dict)
    collectives: set[str] = field(default_factory=set)  # of the twins, those of a whole warp


class Rewriter(ast.NodeTransformer):
    """Rewrites one definition; `names` holds what it calls: functions rewritten, instructions."""

    def __init__(self, names: dict[str, Any], mode: str):
        self.names, self.is_watched, self.is_in_step = names, mode != PLAIN, mode == IN_STEP
        self.mode, self.waits = mode, False
        self.constants: dict[str, Any] = {}
        self.callees: dict[str, Rewritten] = {}
        self.twins: dict[str, Callable[..., Any]] = {}
        self.collectives: set[str] = set()
        self._numbers = itertools.count()
        self._target, self._function = "", ""

    def visit(self, node: ast.AST) -> Any:
        refused = _REFUSED.get(type(node))
        if refused and not (isinstance(node, ast.FunctionDef) and not self._function):
            raise KernelError(
                f"line {getattr(node, 'lineno', 0)}: {refused} cannot be interpreted, nor compiled "
                "for a GPU; write it with loops, ifs and device functions"
            )
        return super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._function = node.name
        self.generic_visit(node)
        return node

    # -- what waits -----------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = ast.unparse(node.func)
        self.generic_visit(node)
        line = ast.Constant(node.lineno)
        if called.startswith("cuda."):
            name = called.removeprefix("cuda.")
            if name in BLOCK_WAITS + WARP_WAITS:
                return self._wait(ast.Constant(name), node)
            if name in ("shared.array", "local.array"):
                site = ast.Constant(f"{self._function}:{node.lineno}:{node.col_offset}")
                shown = ast.Constant(self._target or name.partition(".")[0])
                node.keywords += [ast.keyword("site", site), ast.keyword("name", shown)]
            elif name.startswith("atomic."):
                node.keywords.append(ast.keyword("line", line))
                return self._await_step(node, node)
            return node
        if isinstance(node.func, ast.Name):
            return self._call_of(node.func.id, node, line)
        return node

    def _call_of(self, name: str, node: ast.Call, line: ast.Constant) -> ast.AST:
        """Rewrite the call of a function that has a name: an instruction, or a device function."""
        value = self.names.get(name)
        collective, alone = collective_twin(value), twin(value)
        alias = f"_{name}_interpreted"
        if collective is not None:
            self.twins[alias] = collective
            self.collectives.add(alias)
            return self._wait(ast.Name(alias, ast.Load()), node)
        if alone is not None:
            self.twins[alias] = alone
            call = ast.Call(ast.Name(alias, ast.Load()), [line, *node.args], node.keywords)
            return self._await_step(_at(call, node), node)
        if not isinstance(value, Rewritten):
            return node
        self.callees[alias] = value
        node.func = _at(ast.Name(alias, ast.Load()), node)
        if not value.waits:
            return node
        self.waits = True
        return _at(ast.YieldFrom(node), node)

    def _wait(self, what: ast.expr, node: ast.Call) -> ast.AST:
        """`yield (what, arguments, line)`."""
        self.waits = True
        arguments = ast.Tuple([*node.args, *(k.value for k in node.keywords)], ast.Load())
        return _at(
            ast.Yield(ast.Tuple([what, arguments, ast.Constant(node.lineno)], ast.Load())), node
        )

    def _await_step(self, access: ast.expr, node: ast.expr | ast.stmt) -> ast.expr:
        """In step, a thread waits for its turn before it touches memory."""
        if not self.is_in_step:
            return access
        self.waits = True
        message = ast.Tuple(
            [ast.Constant(ACCESS), ast.Tuple([], ast.Load()), ast.Constant(node.lineno)], ast.Load()
        )
        both = ast.Tuple([ast.Yield(message), access], ast.Load())
        return _at(ast.Subscript(both, ast.Constant(1), ast.Load()), node)

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        tick = ast.Expr(_call("tick", ast.Constant(node.lineno)))
        node.body = [_at(tick, node), *node.body]
        return node

    # -- reads and writes -----------------------------------------------------------------------

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not self.is_watched or not isinstance(node.ctx, ast.Load):
            return node
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return node
        line = ast.Constant(node.lineno)
        return self._await_step(
            _at(_call("read", node.value, _index(node.slice), line), node), node
        )

    def visit_Assign(self, node: ast.Assign) -> Any:
        target = node.targets[0]
        self._target = target.id if isinstance(target, ast.Name) else ""
        node.value = self.visit(node.value)
        self._target = ""
        if not self.is_watched:
            node.targets = [self.visit(target) for target in node.targets]
            return node
        if len(node.targets) > 1 and any(isinstance(t, ast.Subscript) for t in node.targets):
            raise KernelError(
                f"line {node.lineno}: two places are assigned at once; write a line for each"
            )
        if isinstance(target, ast.Subscript):
            return self._write(target, node.value, node)
        if isinstance(target, ast.Tuple | ast.List):
            return self._write_each(target, node)
        return node

    def _write_each(self, target: ast.Tuple | ast.List, node: ast.Assign) -> Any:
        """`a[i], b = …`: each part through a name of its own."""
        if any(not isinstance(part, ast.Name | ast.Subscript) for part in target.elts):
            raise KernelError(
                f"line {node.lineno}: names and elements can be assigned together, nothing else; "
                "write a line for each"
            )
        if not any(isinstance(part, ast.Subscript) for part in target.elts):
            return node
        names = [self._new_name("part") for _ in target.elts]
        stored: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
        statements: list[ast.stmt] = [ast.Assign([ast.Tuple(stored, ast.Store())], node.value)]
        for part, name in zip(target.elts, names, strict=True):
            value = ast.Name(name, ast.Load())
            if isinstance(part, ast.Subscript):
                statements.append(self._write(part, value, node))
            else:
                statements.append(ast.Assign([part], value))
        return [_at(statement, node) for statement in statements]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        node.value = self.visit(node.value)
        if not (self.is_watched and isinstance(node.target, ast.Subscript)):
            node.target = self.visit(node.target)
            return node
        target, line = node.target, ast.Constant(node.lineno)
        where, held = self._new_name("index"), self._new_name("array")
        statements: list[ast.stmt] = [
            ast.Assign([ast.Name(held, ast.Store())], self.visit(target.value)),
            ast.Assign([ast.Name(where, ast.Store())], _index(self.visit(target.slice))),
        ]
        element: list[ast.expr] = [ast.Name(held, ast.Load()), ast.Name(where, ast.Load())]
        old = self._await_step(_at(_call("read", *element, line), node), node)
        new = ast.BinOp(old, node.op, node.value)
        value = self._new_name("value")
        statements.append(ast.Assign([ast.Name(value, ast.Store())], new))
        call = _call("write", *element, ast.Name(value, ast.Load()), line)
        statements.append(ast.Expr(self._await_step(_at(call, node), node)))
        return [_at(statement, node) for statement in statements]

    def _write(self, target: ast.Subscript, value: ast.expr, node: ast.stmt) -> ast.stmt:
        line = ast.Constant(node.lineno)
        array, index = self.visit(target.value), _index(self.visit(target.slice))
        held = self._new_name("value")  # computed before the turn to write comes
        keep = ast.NamedExpr(ast.Name(held, ast.Store()), value)
        call = _call("write", array, index, ast.Name(held, ast.Load()), line)
        both = ast.Tuple([keep, self._await_step(_at(call, node), node)], ast.Load())
        return _at(ast.Expr(both), node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if type(node.value) is not float:
            return node
        name = f"_float64_{len(self.constants)}"  # as Numba types a literal
        self.constants[name] = np.float64(node.value)
        return _at(ast.Name(name, ast.Load()), node)

    def _new_name(self, word: str) -> str:
        return f"_{word}_{next(self._numbers)}"


def _at(node: Any, source: ast.AST) -> Any:
    return ast.fix_missing_locations(ast.copy_location(node, source))


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(f"_interpreter_{name}", ast.Load()), list(arguments), [])


def _index(node: ast.expr) -> ast.expr:
    """Return a subscript as an expression: slices become calls."""
    if isinstance(node, ast.Slice):
        ends = [end or ast.Constant(None) for end in (node.lower, node.upper, node.step)]
        return ast.Call(ast.Name("slice", ast.Load()), ends, [])
    if isinstance(node, ast.Tuple):
        return ast.Tuple([_index(part) for part in node.elts], ast.Load())
    return node
