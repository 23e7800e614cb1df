"""Kernels and device functions as Python wrote them, and as they are rewritten."""

import ast
import functools
import inspect
import textwrap
import types
from typing import Any

from microgpt.errors import KernelError
from microgpt.interpreter.constant_shapes import check_shapes
from microgpt.interpreter.rewriting import Rewriter, Rewritten
from microgpt.interpreter.twins import collective_twin, twin


def plain_function(kernel: Any) -> types.FunctionType | None:
    """Return the Python function of a kernel or a device function, compiled or not."""
    kernel = getattr(kernel, "py_func", getattr(kernel, "function", kernel))
    return kernel if isinstance(kernel, types.FunctionType) else None


def rewrite(
    function: types.FunctionType, mode: str, callers: tuple[types.FunctionType, ...] = ()
) -> Rewritten:
    """Rewrite a kernel or a device function; one that was rewritten is not rewritten again.

    What it calls is looked up each time: a cell that defines a device function may run again.
    Raises a KernelError for what no kernel may hold.
    """
    if function in callers:
        raise KernelError(
            f"{function.__name__} calls itself, which no compiler for GPUs takes; write a loop"
        )
    names = inspect.getclosurevars(function)
    called = []
    for name, value in {**names.globals, **names.nonlocals}.items():
        if name == "cuda":  # which the launch brings
            continue
        if twin(value) is not None or collective_twin(value) is not None:
            called.append((name, value))
        elif (callee := plain_function(value)) is not None:
            called.append((name, rewrite(callee, mode, (*callers, function))))
    return _rewrite(function, mode, tuple(called))


@functools.lru_cache(maxsize=1024)
def _rewrite(function: types.FunctionType, mode: str, called: tuple[Any, ...]) -> Rewritten:
    definition = parse_kernel(function)
    check_shapes(definition)
    rewriter = Rewriter(dict(called), mode)
    body = ast.Module([rewriter.visit(definition)], [])
    code = compile(ast.fix_missing_locations(body), function.__code__.co_filename, "exec")
    return Rewritten(
        function, code, definition.name, rewriter.waits, rewriter.constants, rewriter.callees,
        rewriter.twins, rewriter.collectives,
    )  # fmt: skip


def parse_kernel(function: types.FunctionType) -> ast.FunctionDef:
    """Return a function's definition, without its docstring; lines count as in its file.

    Raises a KernelError if its source is not to be had, or is a lambda.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        tree = ast.Module([], [])
    definition = tree.body[0] if tree.body else None
    if not isinstance(definition, ast.FunctionDef):
        raise KernelError(
            f"the source of {function.__name__} must be a function that begins with `def`, in a "
            "file or a notebook's cell; write it so"
        )
    definition.decorator_list, definition.returns = [], None
    for argument in definition.args.args:
        argument.annotation = None
    if ast.get_docstring(definition) is not None:
        definition.body = definition.body[1:] or [ast.Pass()]
    ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)
    return definition
