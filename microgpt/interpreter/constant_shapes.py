"""Refuses a shared or local array whose shape a compiler would not know before the launch."""

import ast

from microgpt.errors import KernelError

MEMORY = {"cuda.shared.array": "shared", "cuda.local.array": "local"}


def check_shapes(definition: ast.FunctionDef) -> None:
    """Raise a KernelError for the first shape that is not a constant.

    Constant are numbers, names from outside the kernel, names that are assigned once from
    constants, and what is computed from these.
    """
    constants = _Constants(definition)
    for node in ast.walk(definition):
        if not isinstance(node, ast.Call):
            continue
        memory, shape = MEMORY.get(ast.unparse(node.func)), _shape(node)
        if memory is None or shape is None or constants.has(shape):
            continue
        raise KernelError(
            f"line {node.lineno}: the shape of a {memory} array must be a constant, which a "
            f"compiler knows before the launch; got {ast.unparse(shape)}; write a number, such as "
            "64"
        )


def _shape(call: ast.Call) -> ast.expr | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "shape"]
    return next(iter([*call.args, *named]), None)


class _Constants:
    """Which names of a function hold constants."""

    def __init__(self, definition: ast.FunctionDef):
        arguments = definition.args
        self._bound = {
            argument.arg
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        }
        stored = [
            node.id
            for node in ast.walk(definition)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
        self._bound |= set(stored)
        self._values: dict[str, ast.expr] = {}
        for node in ast.walk(definition):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._remember(target, node.value, stored)

    def _remember(self, target: ast.expr, value: ast.expr, stored: list[str]) -> None:
        if isinstance(target, ast.Name) and stored.count(target.id) == 1:
            self._values[target.id] = value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for part, its_value in zip(target.elts, value.elts, strict=False):
                self._remember(part, its_value, stored)

    def has(self, node: ast.expr) -> bool:
        """Whether an expression is a constant."""
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Name):
            if node.id in self._values:
                return self.has(self._values[node.id])
            return node.id not in self._bound
        if isinstance(node, ast.Tuple):
            return all(map(self.has, node.elts))
        if isinstance(node, ast.BinOp):
            return self.has(node.left) and self.has(node.right)
        return isinstance(node, ast.UnaryOp) and self.has(node.operand)
