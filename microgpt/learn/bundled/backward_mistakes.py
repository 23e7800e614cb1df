"""The common mistakes of 01.backward: orders, sums, and what is returned."""

from collections.abc import Callable, Iterator
from typing import Any

from microgpt.autograd.edge_orders import (
    backward,
    breadth_first,
    depth_first,
    edges,
    inputs_first,
    inputs_wait,
    running_totals,
)
from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section

MANY_NODES = 40  # graphs in which every path cannot be walked


def every_path(last: Any) -> dict:
    """Walk every path to a node and add up the products of local gradients: right, and endless."""
    grads: dict = {}
    waiting = [(last, 1.0)]
    while waiting:
        node, gradient = waiting.pop()
        grads[node] = grads.get(node, 0.0) + gradient
        waiting += [(edge.input, edge.local_grad * gradient) for edge in edges(node)]
    return grads


def recursive(last: Any) -> dict:
    """Return the right gradients of a graph that is not too deep for recursion."""
    order: dict = {}

    def visit(node: Any) -> None:
        if node not in order:
            for input in node.inputs:
                visit(input)
            order[node] = None

    visit(last)
    return backward(last, lambda last: (edge for node in reversed(order) for edge in edges(node)))


def _combined(
    last: Any,
    combine: Callable[[float, float, float], float],
    seed: float = 1.0,
    from_right: bool = False,
) -> Any:
    """Return gradients in a right order, as `combine(before, local gradient, upstream)`."""
    grads = dict.fromkeys(inputs_first(last), 0.0)
    grads[last] = seed
    for node, _, input, local_grad in inputs_wait(last, from_right):
        grads[input] = combine(grads[input], local_grad, grads[node])
    return grads


def _one_arrival(last: Any, is_first: bool, from_right: bool = False) -> Any:
    """Return what is left in the right order if each node keeps its first or its last arrival."""
    return _combined(
        last, lambda old, g, dy: old if is_first and old else g * dy, from_right=from_right
    )


def _keeps_one(is_first: bool) -> Callable[[Any, Any], bool]:
    """Return whether gradients are those of `_one_arrival`; orders from both sides are common."""

    def matches(result: Any, last: Any) -> bool:
        kept = (_one_arrival(last, is_first, from_right) for from_right in (False, True))
        return any(result == {node.name: grad for node, grad in grads.items()} for grads in kept)

    return matches


def _every_visit(last: Any, position: int) -> Iterator:
    """Yield the edges of each node as often as it waits, taken from one end of the list."""
    if _is_large(None, last):
        raise RecursionError  # it would not come back, and a mistake runs without a time limit
    waiting = [last]
    while waiting:
        node = waiting.pop(position)
        yield from edges(node)
        waiting += node.inputs


def _swapped_edges(last: Any) -> Iterator:
    for node in reversed(inputs_first(last)):
        for edge, local_grad in zip(edges(node), reversed(node.local_grads), strict=True):
            yield edge._replace(local_grad=local_grad)


def _forwards(last: Any) -> Iterator:
    grads = {last}
    for node in inputs_first(last):
        if node in grads:
            yield from edges(node)


def _right(last: Any) -> dict:
    return backward(last, inputs_wait)


def _some(keep: Callable[[Any, Any], bool]) -> Callable[[Any], dict]:
    """Return the mistake of giving the right gradients of some nodes only."""
    return lambda last: {node: grad for node, grad in _right(last).items() if keep(node, last)}


def _lacks_nodes(result: Any, last: Any) -> bool:
    """Whether the gradients are right, but not all there."""
    right = {node.name: grad for node, grad in _right(last).items()}
    return len(result) < len(right) and all(right[name] == grad for name, grad in result.items())


def _lacks_leaves(result: Any, last: Any) -> bool:
    leaves = {node.name for node in inputs_first(last) if not node.inputs}
    return _lacks_nodes(result, last) and not leaves & result.keys()


def _lacks_last(result: Any, last: Any) -> bool:
    return _lacks_nodes(result, last) and last.name not in result


def _running_totals(last: Any) -> dict:
    if _is_large(None, last):
        raise RecursionError  # it would not come back, and a mistake runs without a time limit
    return backward(last, running_totals)


def _reads_what_is_missing(last: Any) -> dict:
    grads = {last: 1.0}
    for node, _, input, local_grad in inputs_wait(last):
        grads[input] += local_grad * grads[node]
    return grads


def _sets_attributes(last: Any) -> Any:
    last.grad = 1.0


def _is_large(result: Any, last: Any) -> bool:
    """Whether a graph has so many paths that walking them all never ends."""
    nodes = inputs_first(last)
    return len(nodes) > MANY_NODES and any(len(node.inputs) > 1 for node in nodes)


def common_mistakes() -> tuple[CommonMistake, ...]:
    """Return the mistakes; the first of those that explain an answer equally well is named."""
    causes = message_section("01.backward")["mistakes"]
    mistakes: dict[str, Callable[[Any], Any]] = {
        "depth_first": lambda last: backward(last, depth_first),
        "breadth_first": lambda last: backward(last, breadth_first),
        "running_totals": _running_totals,
        "last_only": lambda last: backward(last, edges),
        "no_upstream": lambda last: _combined(last, lambda old, g, dy: old + g),
        "no_local": lambda last: _combined(last, lambda old, g, dy: old + dy),
        "added": lambda last: _combined(last, lambda old, g, dy: old + g + dy),
        "multiplied": lambda last: _combined(last, lambda old, g, dy: (old or 1.0) * g * dy),
        "averaged": lambda last: _combined(
            last, lambda old, g, dy: (old + g * dy) / 2 if old else g * dy
        ),
        "no_seed": lambda last: _combined(last, lambda old, g, dy: old + g * dy, seed=0.0),
        "swapped": lambda last: backward(last, _swapped_edges),
        "forwards": lambda last: {**dict.fromkeys(inputs_first(last), 0.0),
                                  **backward(last, _forwards)},
        "key_error": _reads_what_is_missing,
        "attributes": _sets_attributes,
        "recursive": recursive,
        "visited_again": lambda last: backward(last, lambda last: _every_visit(last, -1)),
        "visited_again_in_a_queue": lambda last: backward(last, lambda last: _every_visit(last, 0)),
    }  # fmt: skip
    incomplete = {
        "without_last": (_some(lambda node, last: node is not last), _lacks_last),
        "without_leaves": (_some(lambda node, last: bool(node.inputs)), _lacks_leaves),
        "some_missing": (_some(lambda node, last: node in (last, *last.inputs)), _lacks_nodes),
    }
    one_arrival = {"overwrite": False, "first_only": True}
    return (
        *(
            CommonMistake(
                key.replace("_", " "),
                lambda last, is_first=is_first: _one_arrival(last, is_first),
                causes[key],
                matches=_keeps_one(is_first),
            )
            for key, is_first in one_arrival.items()
        ),
        *(
            CommonMistake(key.replace("_", " "), function, causes[key])
            for key, function in mistakes.items()
        ),
        *(
            CommonMistake(key.replace("_", " "), function, causes[key], matches=matches)
            for key, (function, matches) in incomplete.items()
        ),
        CommonMistake(
            "every path", every_path, causes["every_path"], times_out=True, matches=_is_large
        ),
    )
