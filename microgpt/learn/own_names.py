"""Puts the names of a learner's kernel in the place of the course's, in the cause of a mistake."""

import ast
import re
from collections.abc import Iterator

# A name of the course -> how what a kernel assigns to its own name for it begins.
_VALUES = {"me": "cuda.threadIdx.x", "n": "cuda.grid(1)", "part": "cuda.shared.array"}
GRID = "column, row = cuda.grid(2)"


def in_own_words(cause: str, definition: ast.FunctionDef) -> str:
    """Return a cause whose code, between backticks, has a kernel's names, where it has such.

    The names are `part`, `me`, `n` and `half`. A cause that tells how to unpack the grid is that of
    a kernel that does it the wrong way round, so there `row` is the first of its two names.
    """
    names = dict(_own_names(definition))
    if GRID in cause:
        names |= _unpacked_grid(definition)
    parts = cause.split("`")
    if names:
        words = re.compile(rf"\b({'|'.join(names)})\b")
        parts[1::2] = [words.sub(lambda found: names[found[1]], code) for code in parts[1::2]]
    return "`".join(parts)


def _own_names(definition: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Yield a name of the course with the kernel's; of several, the first in its text is last."""
    for target, value in reversed(list(_assignments(definition))):
        for name, beginning in _VALUES.items():
            if isinstance(target, ast.Name) and ast.unparse(value).startswith(beginning):
                yield name, target.id
    loops = [node for node in ast.walk(definition) if isinstance(node, ast.While)]
    for node in [node for loop in loops for node in ast.walk(loop)]:
        if (
            isinstance(node, ast.AugAssign)
            and isinstance(node.op, ast.FloorDiv | ast.RShift)
            and isinstance(node.target, ast.Name)
        ):
            yield "half", node.target.id


def _unpacked_grid(definition: ast.FunctionDef) -> dict[str, str]:
    """Return the two names of a grid as those of the row and the column; {} if there are none."""
    for target, value in _assignments(definition):
        if ast.unparse(value) == "cuda.grid(2)" and isinstance(target, ast.Tuple):
            names = [ast.unparse(part) for part in target.elts]
            if len(names) == 2:
                return {"row": names[0], "column": names[1]}
    return {}


def _assignments(definition: ast.FunctionDef) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield what is assigned to, with its value; of `a, b = 1, 2` each pair."""
    for node in ast.walk(definition):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                yield from zip(target.elts, value.elts, strict=False)
            else:
                yield target, value
