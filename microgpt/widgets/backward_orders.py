"""Backward passes over a graph by the names of their orders, and step by step for the stethoscope.

A node may pass its gradient on only once all the nodes that read it have passed on theirs. One
order of the edges keeps this rule; the others break it, each in the way it is often broken.
"""

from collections.abc import Sequence

from microgpt.autograd.edge_orders import (
    Order,
    arrivals,
    breadth_first,
    depth_first,
    inputs_wait,
    running_totals,
)
from microgpt.autograd.value import Value
from microgpt.viz.order_names import ORDER_NAMES, RIGHT_ORDER
from microgpt.viz.stethoscope import EdgeStep

EDGE_ORDERS: dict[str, Order] = dict(
    zip(ORDER_NAMES, (inputs_wait, depth_first, breadth_first, running_totals), strict=True)
)


def replay_backward(
    graph: Sequence[Value], order: str = RIGHT_ORDER, accumulates: bool = True
) -> tuple[EdgeStep, ...]:
    """Return the steps of a backward pass from the last node of `graph`, in one of EDGE_ORDERS.

    A gradient that arrives is added to what arrived before or, unless `accumulates`, replaces it.
    """
    index_of = {node: index for index, node in enumerate(graph)}
    return tuple(
        EdgeStep(
            index_of[edge.node], edge.input_index, index_of[edge.input], edge.local_grad,
            upstream, contribution, before, total,
        )
        for edge, upstream, contribution, before, total in arrivals(
            graph[-1], EDGE_ORDERS[order], accumulates
        )
    )  # fmt: skip
