"""Five backward passes over a graph of numbers: one is right, four are wrong in ways of their own.

A backward pass takes the edges of a graph one after the other. Along each, the gradient of a node
times a local gradient is added to one of its inputs. That is `backward`, and all passes share it;
what tells them apart is the order of the edges:

- `inputs_wait`: a node waits until everything that it feeds has reported. Right.
- `running_totals`: each visit passes on the total so far, and again at the next visit.
- `depth_first`: each node is visited once, the latest found first.
- `breadth_first`: each node is visited once, the earliest found first.

A node is anything with `inputs` and `local_grads`, such as a `Value`. No pass changes it.
"""

from collections.abc import Callable, Iterator
from typing import Any

Edge = tuple[Any, Any, float]  # a node, one of its inputs, the local gradient of that input
Order = Callable[[Any], Iterator[Edge]]


def backward(last: Any, order: Order, accumulate: bool = True) -> dict[Any, float]:
    """Return the gradient of `last` with respect to every node, taking the edges in that order.

    Without `accumulate`, what arrives at a node replaces what arrived before.
    """
    grads = {last: 1.0}
    for node, input, local_grad in order(last):
        before = grads.get(input, 0.0) if accumulate else 0.0
        grads[input] = before + local_grad * grads[node]
    return grads


def edges(node: Any) -> Iterator[Edge]:
    """Yield the edges from one node to its inputs."""
    for input, local_grad in zip(node.inputs, node.local_grads, strict=True):
        yield node, input, local_grad


def inputs_wait(last: Any) -> Iterator[Edge]:
    """Yield the edges of each node after those of every node that it feeds: the right order."""
    for node in reversed(inputs_first(last)):
        yield from edges(node)


def inputs_first(last: Any) -> list[Any]:
    """Return every node that `last` depends on, each once and after its inputs."""
    listed: dict[Any, None] = {}
    waiting = [last]
    while waiting:
        missing = [input for input in waiting[-1].inputs if input not in listed]
        waiting += missing
        if not missing:
            listed[waiting.pop()] = None
    return list(listed)


def running_totals(last: Any) -> Iterator[Edge]:
    """Yield each edge and then, at once, all that follow from it: a node has many visits."""
    for node, input, local_grad in edges(last):
        yield node, input, local_grad
        yield from running_totals(input)


def depth_first(last: Any) -> Iterator[Edge]:
    """Yield the edges of each node once, beginning with the node that was found latest."""
    seen, waiting = set(), [last]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            yield from edges(node)
            waiting += node.inputs


def breadth_first(last: Any) -> Iterator[Edge]:
    """Yield the edges of each node once, beginning with the node that was found earliest."""
    seen, waiting = set(), [last]
    while waiting:
        node = waiting.pop(0)
        if node not in seen:
            seen.add(node)
            yield from edges(node)
            waiting += node.inputs


ORDERS: dict[str, Order] = {
    "right": inputs_wait,
    "depth first": depth_first,
    "breadth first": breadth_first,
    "recursion": running_totals,
}
