"""Kernels as compilers get them: loops over `range` as `while`, and indices without a sign.

Both compilers make of `for i in range(…)` a loop that counts the steps that are left, and selects
between numbers where a loop would jump. And to an index that has a sign they add the length if it
is negative, which no index of a kernel is. Both fill registers: attention over a cache needs 159 of
them as it is written, 54 with `while`, 43 also without signs (`_decode`, 9.0, numba-cuda 0.30.4).
"""

import ast
import inspect
import itertools
import linecache
import textwrap
from types import FunctionType

import numpy as np

from microgpt.errors import KernelError

UNSIGNED = "_unsigned"  # what an index goes through


def lower(function: FunctionType, names: dict[str, object]) -> FunctionType:
    """Return a kernel or a device function for a compiler, with `names` as its globals.

    The text of the new function is kept where `inspect.getsource` looks for it. What the old one
    is closed over must be among the names.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise KernelError(f"{function.__name__} must be a function that begins with `def`")
    definition.decorator_list = []
    text = ast.unparse(ast.fix_missing_locations(_Lowering().visit(tree)))
    code = function.__code__
    file = f"<{code.co_filename}:{code.co_firstlineno}, lowered>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space = {**names, UNSIGNED: np.uint64}
    exec(compile(text, file, "exec"), space)
    return space[function.__name__]  # type: ignore[return-value]


class _Lowering(ast.NodeTransformer):
    def __init__(self) -> None:
        self._numbers = itertools.count()

    def visit_For(self, node: ast.For) -> ast.For | list[ast.stmt]:
        """Rewrite a loop; its count goes on before the body, so that `continue` may stand there."""
        self.generic_visit(node)
        limits = _limits(node)
        if limits is None:
            return node
        number = next(self._numbers)
        names = [f"_{word}_{number}" for word in ("count", "stop", "step")]
        count, stop, step = (ast.Name(name, ast.Load()) for name in names)
        before: list[ast.stmt] = [
            ast.Assign([ast.Name(name, ast.Store())], value)
            for name, value in zip(names, limits, strict=True)
        ]
        take: ast.stmt = ast.Assign([node.target], count)
        go_on: ast.stmt = ast.AugAssign(ast.Name(names[0], ast.Store()), ast.Add(), step)
        is_inside = ast.Compare(count, [ast.Lt()], [stop])
        return [*before, ast.While(is_inside, [take, go_on, *node.body], [])]

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript:
        self.generic_visit(node)
        if isinstance(node.slice, ast.Tuple):
            node.slice.elts = [_without_sign(index) for index in node.slice.elts]
        else:
            node.slice = _without_sign(node.slice)
        return node


def _without_sign(index: ast.expr) -> ast.expr:
    """An index that is a number is left: a compiler sees its sign, and tuples need it so."""
    if isinstance(index, ast.Constant | ast.Slice):
        return index
    return ast.Call(ast.Name(UNSIGNED, ast.Load()), [index], [])


def _limits(node: ast.For) -> tuple[ast.expr, ast.expr, ast.expr] | None:
    """Start, stop and step of a loop over a range that counts upwards, or None."""
    call = node.iter
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return None
    if call.func.id != "range" or call.keywords or node.orelse:
        return None
    given: list[ast.expr] = list(call.args)
    if len(given) == 1:
        given = [ast.Constant(0), *given]
    start, stop, step = [*given, ast.Constant(1)][:3]
    return None if isinstance(step, ast.UnaryOp) else (start, stop, step)
