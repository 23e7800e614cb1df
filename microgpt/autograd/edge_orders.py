"""The orders in which a backward pass can take the edges of a graph: one is right, three are wrong.

A backward pass takes the edges of a graph one after the other. Along each, the gradient of a node
times a local gradient is added to one of its inputs. That is `backward`, and all passes share it;
what tells them apart is the order of the edges:

- `inputs_wait`: a node waits until everything that it feeds has reported. Right.
- `running_totals`: each visit passes on the total so far, and again at the next visit.
- `depth_first`: each node is visited once, the latest found first.
- `breadth_first`: each node is visited once, the earliest found first.

A node is anything with `inputs` and `local_grads`, such as a `Value`. No pass changes it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Edge(NamedTuple):
    """The edge from `node` to `node.inputs[input_index]`, which is `input`."""

    node: Any
    input_index: int
    input: Any
    local_grad: float


class Arrival(NamedTuple):
    """What reaches an input along an edge.

    The input had the gradient `before`, `None` if nothing had arrived, and has `total` after it;
    `contribution` is the local gradient × `upstream`, the gradient of the node so far.
    """

    edge: Edge
    upstream: float
    contribution: float
    before: float | None
    total: float


Order = Callable[[Any], Iterator[Edge]]


def backward(last: Any, order: Order, accumulate: bool = True) -> dict[Any, float]:
    """Return the gradient of `last` with respect to every node, taking the edges in that order.

    Without `accumulate`, what arrives at a node replaces what arrived before.
    """
    totals = {one.edge.input: one.total for one in arrivals(last, order, accumulate)}
    return {last: 1.0, **totals}


def arrivals(last: Any, order: Order, accumulate: bool = True) -> Iterator[Arrival]:
    """Yield what arrives along each edge of the pass that `backward` makes."""
    grads = {last: 1.0}
    for edge in order(last):
        upstream, before = grads[edge.node], grads.get(edge.input)
        contribution = edge.local_grad * upstream
        replaces = before is None or not accumulate
        total = contribution if replaces else (before or 0.0) + contribution
        grads[edge.input] = total
        yield Arrival(edge, upstream, contribution, before, total)


def edges(node: Any) -> Iterator[Edge]:
    """Yield the edges from one node to its inputs."""
    for index, (input, local_grad) in enumerate(zip(node.inputs, node.local_grads, strict=True)):
        yield Edge(node, index, input, local_grad)


def inputs_wait(last: Any, from_right: bool = False) -> Iterator[Edge]:
    """Yield the edges of each node after those of every node that it feeds: the right order.

    It is the engine's, so the sums of `Value.backward` come out to the last bit. `from_right` gives
    another right order: see `inputs_first`.
    """
    for node in reversed(inputs_first(last, from_right)):
        yield from edges(node)


def inputs_first(last: Any, from_right: bool = False) -> list[Any]:
    """Return every node that `last` depends on, each once and after its inputs.

    The inputs of a node are listed from left to right, or from right to left.
    """
    listed: dict[Any, None] = {}
    waiting = [last]
    while waiting:
        missing = [input for input in waiting[-1].inputs if input not in listed]
        waiting += missing if from_right else reversed(missing)  # the last is listed first
        if not missing:
            listed[waiting.pop()] = None
    return list(listed)


def running_totals(last: Any) -> Iterator[Edge]:
    """Yield each edge and then, at once, all that follow from it: a node has many visits."""
    for edge in edges(last):
        yield edge
        yield from running_totals(edge.input)


def depth_first(last: Any) -> Iterator[Edge]:
    """Yield the edges of each node once, beginning with the node that was found latest."""
    return _each_once(last, deque.pop)


def breadth_first(last: Any) -> Iterator[Edge]:
    """Yield the edges of each node once, beginning with the node that was found earliest."""
    return _each_once(last, deque.popleft)


def _each_once(last: Any, take: Callable[[deque], Any]) -> Iterator[Edge]:
    found, waiting = {last}, deque([last])
    while waiting:
        node = take(waiting)
        yield from edges(node)
        for input in node.inputs:
            if input not in found:
                found.add(input)
                waiting.append(input)
