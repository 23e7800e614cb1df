"""Loops over `range` as `while` loops: what the compilers get instead of what kernels say.

Both compilers make of `for i in range(…)` a loop that counts the steps left beside i, and selects
between numbers where a loop would jump; LLVM unrolls it and keeps what it selects from in registers.
Written as `while`, attention over a cache needs 56 registers instead of 159 (compute capability
9.0; `_decode`, numba-cuda 0.30.4), and each step is half as many instructions.
"""

import ast
import inspect
import itertools
import linecache
import textwrap
from types import CodeType, FunctionType

from microgpt.errors import KernelError


def with_while_loops(function: FunctionType) -> CodeType:
    """Return the module that defines a function, with `while` in place of `for … in range(…)`.

    The text of the new function is kept where `inspect.getsource` looks for it. Its free variables
    are globals: the definition stands alone.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise KernelError(f"{function.__name__} must be a function that begins with `def`")
    definition.decorator_list = []
    text = ast.unparse(ast.fix_missing_locations(_WhileLoops().visit(tree)))
    code = function.__code__
    file = f"<{code.co_filename}:{code.co_firstlineno}, with while loops>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    return compile(text, file, "exec")


class _WhileLoops(ast.NodeTransformer):
    def __init__(self) -> None:
        self._numbers = itertools.count()

    def visit_For(self, node: ast.For) -> ast.For | list[ast.stmt]:
        """Rewrite a loop; its count goes on before the body, so that `continue` may stand there."""
        self.generic_visit(node)
        limits = _limits(node)
        if limits is None:
            return node
        start, stop, step = limits
        number = next(self._numbers)
        count, end, stride = (f"_{word}_{number}" for word in ("count", "end", "stride"))
        constant_step = isinstance(step, ast.Constant)
        names = {count: start, end: stop} | ({} if constant_step else {stride: step})
        body: list[ast.stmt] = [
            ast.Assign([node.target], ast.Name(count, ast.Load())),
            ast.AugAssign(
                ast.Name(count, ast.Store()), ast.Add(),
                step if constant_step else ast.Name(stride, ast.Load()),
            ),
        ]  # fmt: skip
        is_inside = ast.Compare(
            ast.Name(count, ast.Load()), [ast.Lt()], [ast.Name(end, ast.Load())]
        )
        loop = ast.While(is_inside, [*body, *node.body], [])
        return [
            *(ast.Assign([ast.Name(name, ast.Store())], value) for name, value in names.items()),
            loop,
        ]


def _limits(node: ast.For) -> tuple[ast.expr, ast.expr, ast.expr] | None:
    """Start, stop and step of a loop over a range that counts upwards, or None."""
    call = node.iter
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return None
    if call.func.id != "range" or call.keywords or node.orelse:
        return None
    start, stop, step = ast.Constant(0), call.args[0], ast.Constant(1)
    if len(call.args) > 1:
        start, stop, *rest = call.args
        step = rest[0] if rest else step
    return None if isinstance(step, ast.UnaryOp) else (start, stop, step)
