"""Where the lines of a kernel stand: in which loops and branches, and where its barriers are."""

import ast
import re
from typing import Any

from microgpt.interpreter.kernel_source import parse_kernel, plain_function

BARRIER = "cuda.syncthreads"
# What a cause calls a thing -> what a kernel assigns to its own name of it.
_NAMED = {
    "me": "cuda.threadIdx.x", "n": "cuda.grid(1)", "part": "cuda.shared.array",
}  # fmt: skip
GRID = "`column, row = cuda.grid(2)`"


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

    def in_own_words(self, cause: str) -> str:
        """Return a cause whose code has this kernel's names for `part`, `me`, `half` and `n`.

        Where it says how to unpack the grid, the kernel has the two names the other way round.
        """
        names = self._own_names()
        first, second = self._unpacked_grid()
        if GRID in cause and first and second:
            names |= {"row": first, "column": second}
        word = re.compile(r"\b(" + "|".join(names) + r")\b") if names else None
        parts = cause.split("`")
        for number in range(1, len(parts), 2):  # the code
            if word is not None:
                parts[number] = word.sub(lambda found: names[found[1]], parts[number])
        return "`".join(parts)

    def _own_names(self) -> dict[str, str]:
        """Return the kernel's name for each word of the course that it has one for."""
        names: dict[str, str] = {}
        for target, value in self._assignments:
            for word, text in _NAMED.items():
                if value.startswith(text):
                    names.setdefault(word, target)
        for loop in self._loops:
            halved = [
                node.target.id
                for node in ast.walk(loop)
                if isinstance(node, ast.AugAssign)
                and isinstance(node.op, ast.FloorDiv | ast.RShift)
                and isinstance(node.target, ast.Name)
            ]
            if halved:
                names.setdefault("half", halved[0])
        return names

    def _unpacked_grid(self) -> tuple[str, str]:
        """Return the two names to which `cuda.grid(2)` is unpacked; "" twice if there are none."""
        nodes = [] if self.definition is None else list(ast.walk(self.definition))
        for node in nodes:
            if isinstance(node, ast.Assign) and ast.unparse(node.value) == "cuda.grid(2)":
                names = ast.unparse(node.targets[0]).strip("()").split(", ")
                if len(names) == 2:
                    return names[0], names[1]
        return "", ""

    @property
    def _assignments(self) -> list[tuple[str, str]]:
        """The names that are assigned, each with its value as text; of `a, b = …` each pair."""
        nodes = [] if self.definition is None else list(ast.walk(self.definition))
        pairs: list[tuple[ast.expr, ast.expr]] = []
        for node in nodes:
            if isinstance(node, ast.Assign):
                target, value = node.targets[0], node.value
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    pairs += zip(target.elts, value.elts, strict=False)
                else:
                    pairs.append((target, value))
        return [
            (target.id, ast.unparse(value))
            for target, value in pairs
            if isinstance(target, ast.Name)
        ]

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
