"""Copy and pickle a graph of nodes without recursion, whatever its depth.

A node is taken apart into its class, its inputs, and its other attributes by name.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from microgpt.autograd.engine import Node, topological_order

Fields = tuple[type, Sequence[Any], dict[str, Any]]


def fields(node: Node) -> Fields:
    """Return a node's class, its inputs, and its other attributes by name."""
    cls: Any = type(node)
    attributes = {name: getattr(node, name) for name in _slots(cls) if hasattr(node, name)}
    attributes |= getattr(node, "__dict__", {})  # a subclass may have one
    return cls, node.inputs, attributes


@cache
def _slots(cls: type) -> tuple[str, ...]:
    names = (name for base in cls.__mro__ for name in getattr(base, "__slots__", ()))
    return tuple(name for name in names if name not in ("inputs", "__weakref__"))


def restore_node(parts: Fields) -> Any:
    """Return a new node with these fields."""
    cls, inputs, attributes = parts
    node: Any = object.__new__(cls)
    node.inputs = tuple(inputs)
    for name, value in attributes.items():
        setattr(node, name, value)
    return node


def copy_graph(root: Node, memo: dict[int, Any]) -> Any:
    """Copy a node with all that it depends on; `memo` maps the id of a node to its copy."""
    for node in topological_order(root):
        if id(node) not in memo:
            cls, inputs, attributes = fields(node)
            memo[id(node)] = restore_node((cls, [memo[id(i)] for i in inputs], attributes))
    return memo[id(root)]


def reduce_graph(root: Node) -> tuple[Callable, tuple]:
    """Take a graph apart for pickle: its leaves, which other results may share, and a table."""
    if not root.inputs:
        return restore_node, (fields(root),)
    order = topological_order(root)
    leaves = [node for node in order if not node.inputs]
    computed = [node for node in order if node.inputs]
    row_of = {id(node): row for row, node in enumerate((*leaves, *computed))}
    table = []
    for node in computed:
        cls, inputs, attributes = fields(node)
        table.append((cls, [row_of[id(i)] for i in inputs], attributes))
    return _restore_graph, (leaves, table)


def _restore_graph(leaves: list[Node], table: list[Fields]) -> Node:
    """Return the last node of a graph; in the table, inputs are rows, leaves first."""
    nodes = list(leaves)
    for cls, rows, attributes in table:
        nodes.append(restore_node((cls, [nodes[row] for row in rows], attributes)))
    return nodes[-1]
