"""Backward passes over a graph step by step, for the stethoscope.

A node may pass its gradient on only once all the nodes that read it have passed on theirs. One
order of the edges keeps this rule; the others break it, each in the way it is often broken.
"""

from collections.abc import Iterator, Sequence

from microgpt.autograd.engine import topological_order
from microgpt.autograd.value import Value
from microgpt.viz.stethoscope import ORDERS, EdgeStep
from microgpt.widgets.backward_passes import (
    Edge,
    Order,
    arrivals,
    breadth_first,
    depth_first,
    edges,
    running_totals,
)


def _library_order(last: Value) -> Iterator[Edge]:
    """Yield the edges in the order of `Value.backward`, so that the sums agree to the last bit."""
    for node in reversed(topological_order(last)):
        yield from edges(node)


_EDGES: dict[str, Order] = dict(
    zip(ORDERS, (_library_order, depth_first, breadth_first, running_totals), strict=True)
)


def replay_backward(
    graph: Sequence[Value], order: str = ORDERS[0], accumulates: bool = True
) -> tuple[EdgeStep, ...]:
    """Return the steps of a backward pass from the last node of `graph`, in one of ORDERS.

    A gradient that arrives is added to what arrived before or, unless `accumulates`, replaces it.
    """
    index_of = {node: index for index, node in enumerate(graph)}
    return tuple(
        EdgeStep(
            index_of[edge.node], edge.input_index, index_of[edge.input], edge.local_grad,
            upstream, contribution, before, total,
        )
        for edge, upstream, contribution, before, total in arrivals(
            graph[-1], _EDGES[order], accumulates
        )
    )  # fmt: skip
