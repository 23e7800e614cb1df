"""Where the lines of a kernel stand: in which loops and branches, and where its barriers are."""

import ast
from typing import Any

from microgpt.interpreter.kernel_source import parse_kernel, plain_function

BARRIER = "cuda.syncthreads"


class KernelLines:
    """The lines of a kernel; those of other functions, which it calls, stand nowhere."""

    def __init__(self, kernel: Any):
        function = plain_function(kernel)
        self.definition = None if function is None else parse_kernel(function)
        nodes = [] if self.definition is None else list(ast.walk(self.definition))
        self._loops = [node for node in nodes if isinstance(node, ast.While | ast.For)]
        self._branches = [node for node in nodes if isinstance(node, ast.If)]
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        self.barriers = sorted(
            node.lineno for node in calls if ast.unparse(node.func).startswith(BARRIER)
        )
        self.prints = any(ast.unparse(node.func) == "print" for node in calls)

    def is_in_loop(self, line: int) -> bool:
        """Whether a line stands in a loop."""
        return any(_holds(loop, line) for loop in self._loops)

    def are_in_one_loop(self, *lines: int) -> bool:
        """Whether a loop holds all of these lines."""
        return any(all(_holds(loop, line) for line in lines) for loop in self._loops)

    def is_in_branch_of_loop(self, line: int) -> bool:
        """Whether a line stands in an `if` that stands in a loop."""
        return any(
            _holds(branch, line) and self.is_in_loop(branch.lineno) for branch in self._branches
        )

    def has_barrier_between(self, first: int, last: int) -> bool:
        """Whether a barrier stands on a line between two others."""
        return any(first < line < last for line in self.barriers)

    def is_stub(self) -> bool:
        """Whether nothing is written yet: `...`, `pass`, NotImplementedError or `todo()`."""
        body = [] if self.definition is None else self.definition.body
        return bool(body) and all(_is_stub(statement) for statement in body)


def _holds(node: Any, line: int) -> bool:
    return bool(node.lineno <= line <= node.end_lineno)


def _is_stub(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    text = ast.unparse(statement)
    if isinstance(statement, ast.Raise):
        return text.startswith("raise NotImplementedError")
    if isinstance(statement, ast.Return | ast.Expr):
        value = text.removeprefix("return").strip()
        return value in ("", "...", "NotImplemented") or value.endswith("todo()")
    return False
