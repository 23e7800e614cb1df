"""Backward passes over a graph edge by edge, in the right order and in three others.

A node may pass its gradient on only once all the nodes that read it have passed on theirs. The
three other orders break this rule, each in the way in which it is often broken.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from microgpt.autograd.engine import Node, topological_order
from microgpt.autograd.value import Value
from microgpt.viz.stethoscope import ORDERS, EdgeStep

Edge = tuple[int, int]  # a node, and the position of the input among its inputs


def replay_backward(
    graph: Sequence[Value], order: str = ORDERS[0], accumulates: bool = True
) -> tuple[EdgeStep, ...]:
    """Return the steps of a backward pass from the last node of `graph`, in one of ORDERS.

    A gradient that arrives is added to what arrived before or, unless `accumulates`, replaces it.
    """
    index_of: dict[Node, int] = {node: index for index, node in enumerate(graph)}
    inputs = [tuple(index_of[one] for one in node.inputs) for node in graph]
    grads: dict[int, float] = {len(graph) - 1: 1.0}
    steps = []
    edges = _right(graph, index_of) if order == ORDERS[0] else _WRONG_ORDERS[order](inputs)
    for node, position in edges:
        target, local_grad = inputs[node][position], graph[node].local_grads[position]
        upstream, before = grads[node], grads.get(target)
        contribution = local_grad * upstream
        is_added = before is not None and accumulates
        grads[target] = before + contribution if is_added else contribution  # type: ignore[operator]
        steps.append(
            EdgeStep(node, position, target, local_grad, upstream, contribution, before,
                     grads[target])
        )  # fmt: skip
    return tuple(steps)


def _right(graph: Sequence[Value], index_of: dict[Node, int]) -> Iterator[Edge]:
    """Each node after all that read it, as in `Value.backward`."""
    for node in reversed(topological_order(graph[-1])):
        yield from _edges_of(index_of[node], len(node.inputs))


def _depth_first(inputs: Sequence[tuple[int, ...]]) -> Iterator[Edge]:
    """The node that was found last passes on first; each once."""
    return _each_once(inputs, deque.pop)


def _breadth_first(inputs: Sequence[tuple[int, ...]]) -> Iterator[Edge]:
    """The node that was found first passes on first, level by level; each once."""
    return _each_once(inputs, deque.popleft)


def _each_once(
    inputs: Sequence[tuple[int, ...]], take: Callable[[deque[int]], int]
) -> Iterator[Edge]:
    found, waiting = {len(inputs) - 1}, deque([len(inputs) - 1])
    while waiting:
        node = take(waiting)
        yield from _edges_of(node, len(inputs[node]))
        fresh = [one for one in dict.fromkeys(inputs[node]) if one not in found]
        found.update(fresh)
        waiting.extend(fresh)


def _recursion(inputs: Sequence[tuple[int, ...]]) -> Iterator[Edge]:
    """A node passes on whatever it has, once for each path that leads to it."""

    def visit(node: int) -> Iterator[Edge]:
        for position, one in enumerate(inputs[node]):
            yield node, position
            yield from visit(one)

    return visit(len(inputs) - 1)


def _edges_of(node: int, num_inputs: int) -> Iterator[Edge]:
    return ((node, position) for position in range(num_inputs))


_WRONG_ORDERS: dict[str, Callable[[Sequence[tuple[int, ...]]], Iterator[Edge]]] = dict(
    zip(ORDERS[1:], (_depth_first, _breadth_first, _recursion), strict=True)
)
