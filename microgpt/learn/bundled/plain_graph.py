"""Graphs of plain nodes for 01.backward, read from a few lines of arithmetic."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from microgpt.learn.parsers import ParseError, number

MAX_SHOWN = 6  # statements of a graph that are shown whole


class GraphNode:
    """A node that knows its `inputs` and, one for each of them, its `local_grads`.

    It cannot be changed, so a copy of it is the node itself.
    """

    __slots__ = ("_text", "inputs", "local_grads", "name")
    name: str
    inputs: tuple["GraphNode", ...]
    local_grads: tuple[float, ...]

    def __init__(self, name: str, inputs: tuple = (), local_grads: tuple = (), text: str = ""):
        for field, value in zip(self.__slots__, (text, inputs, local_grads, name), strict=True):
            object.__setattr__(self, field, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a node stays as it is, so it takes no {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a node stays as it is, and keeps its {name}")

    def __deepcopy__(self, memo: dict) -> "GraphNode":
        return self

    def __copy__(self) -> "GraphNode":
        return self

    def __repr__(self) -> str:
        return self._text or self.name  # type: ignore[attr-defined]


def graph(program: str, **numbers: float) -> GraphNode:
    """Return the last node of a program such as "c = a * b; y = c + a", given a and b.

    Each statement is a sum, a difference or a product of two names; without one, the only number is
    the last node.
    """
    data = {name: float(number) for name, number in numbers.items()}
    nodes = {name: GraphNode(name) for name in numbers}
    statements = [statement.split() for statement in program.split("; ") if statement]
    given = ", ".join(f"{name} = {value:g}" for name, value in numbers.items())
    shown = "; ".join(program.split("; ")[:MAX_SHOWN]) + ("; …" * (len(statements) > MAX_SHOWN))
    for index, (name, _, left, op, right) in enumerate(statements, 1):
        a, b = data[left], data[right]
        data[name] = a * b if op == "*" else a + b if op == "+" else a - b
        local_grads = (b, a) if op == "*" else (1.0, 1.0 if op == "+" else -1.0)
        is_last = index == len(statements)
        text = f"{name}, where {shown} and {given}" if is_last else ""
        nodes[name] = GraphNode(name, (nodes[left], nodes[right]), local_grads, text)
    return list(nodes.values())[-1]


@cache  # a graph cannot be changed
def doublings(count: int) -> GraphNode:
    """Return the last of `count` sums of a node with itself."""
    node = GraphNode("x")
    for index in range(1, count + 1):
        text = f"y{count}, after {count} doublings of x: y1 = x + x; y2 = y1 + y1; …"
        node = GraphNode(f"y{index}", (node, node), (1.0, 1.0), text if index == count else "")
    return node


@cache  # a graph cannot be changed
def chain(length: int) -> GraphNode:
    """Return the last of `length` nodes in a row, each the negative of the one before."""
    node = GraphNode("x")
    for index in range(1, length + 1):
        text = f"y{length}, at the end of a chain of {length:,} nodes: y1 = -x; y2 = -y1; …"
        node = GraphNode(f"y{index}", (node,), (-1.0,), text if index == length else "")
    return node


def grads_by_name(value: Any) -> dict[str, float]:
    """Convert a dictionary from nodes to numbers to one from their names to floats."""
    if not isinstance(value, Mapping):
        raise ParseError("a dictionary from each node to its gradient")
    grads: dict[str, float] = {}
    for node, gradient in value.items():
        if not isinstance(node, GraphNode):
            raise ParseError("a dictionary whose keys are the nodes themselves")
        name = node.name
        while name in grads:  # a node of another graph, left behind by an earlier call
            name += "'"
        try:
            grads[name] = gradient if type(gradient) is float else number(gradient)
        except ParseError:
            raise ParseError("a dictionary with one number for each node") from None
    return grads
