"""Backward passes edge by edge: the right one is the library's, three others fail as known."""

import pytest
from expressions import random_expressions

from microgpt.autograd.value import Value
from microgpt.viz.order_names import ORDER_NAMES
from microgpt.widgets.backward_orders import replay_backward
from microgpt.widgets.expression_parser import parse_expression

TWICE = "c = a*b; c*a + c", (2.0, 3.0)
OTHER_WAY = "c = a*b; c + c*a", (2.0, 3.0)
SQUARE = "a*a", (3.0,)
DOUBLED = "b = a+a; b+b", (2.0,)
DIAMOND = "c = a+b; d = a*b; (c+d) + (c*d)", (2.0, 3.0)
FOUND_EARLY = "c = a+b; d = c*a; c + (d*c)", (2.0, 3.0)
TREE = "(tanh(w*x + b) - t)**2", (0.5, 2.0, -0.4, 0.2)

ALL_CASES = TWICE, OTHER_WAY, SQUARE, DOUBLED, DIAMOND, FOUND_EARLY, TREE


def final_grads(case, order="right", accumulates=True):
    """The gradients of the leaves after a pass."""
    expression = parse_expression(case[0])
    steps = replay_backward(expression.graph(case[1]), order, accumulates)
    totals = {step.target: step.total for step in steps}
    return tuple(totals[index] for index in expression.leaf_indices)


@pytest.mark.parametrize(
    ("case", "right", "depth_first", "breadth_first", "recursion", "overwritten"),
    [
        (SQUARE, (6,), (6,), (6,), (6,), (3,)),
        (DOUBLED, (4,), (4,), (4,), (6,), (1,)),
        (TWICE, (15, 6), (9, 2), (15, 6), (21, 10), (6, 4)),
        (OTHER_WAY, (15, 6), (15, 6), (9, 2), (18, 8), (6, 4)),
        (DIAMOND, (25, 19), (21, 16), (25, 19), (29, 22), (1, 1)),
        (FOUND_EARLY, (46, 21), (46, 21), (26, 1), (58, 33), (10, 10)),
    ],
    ids=["square", "doubled", "twice", "other way", "diamond", "found early"],
)
def test_each_order_has_its_own_result(
    case, right, depth_first, breadth_first, recursion, overwritten
):
    assert [final_grads(case, order) for order in ORDER_NAMES] == [
        right, depth_first, breadth_first, recursion,
    ]  # fmt: skip
    assert final_grads(case, accumulates=False) == overwritten


@pytest.mark.parametrize("accumulates", [True, False])
@pytest.mark.parametrize("order", ORDER_NAMES)
def test_on_a_tree_all_are_right(order, accumulates):
    assert final_grads(TREE, order, accumulates) == final_grads(TREE)


def test_the_right_order_is_that_of_the_library_to_the_last_bit():
    for source, leaf_values in random_expressions(100, seed=1):
        graph = parse_expression(source).graph(list(leaf_values.values()))
        steps = replay_backward(graph)
        graph[-1].backward()
        totals = {step.target: step.total for step in steps}
        assert {graph[index].grad for index in totals} == set(totals.values()), source
        assert all(graph[index].grad == total for index, total in totals.items()), source


@pytest.mark.parametrize("order", ORDER_NAMES)
def test_a_step_multiplies_along_its_edge_and_adds_where_edges_meet(order):
    expression = parse_expression(TWICE[0])
    graph = expression.graph(TWICE[1])
    grads = {len(graph) - 1: 1.0}
    for step in replay_backward(graph, order):
        assert graph[step.node].inputs[step.input_index] is graph[step.target]
        assert step.local_grad == graph[step.node].local_grads[step.input_index]
        assert step.upstream == grads[step.node]
        assert step.contribution == step.local_grad * step.upstream
        assert step.before == grads.get(step.target)
        assert step.total == (step.before or 0.0) + step.contribution
        grads[step.target] = step.total


@pytest.mark.parametrize("order", ORDER_NAMES[:3])
def test_each_edge_is_passed_once(order):
    graph = parse_expression(DIAMOND[0]).graph(DIAMOND[1])
    edges = [(step.node, step.input_index) for step in replay_backward(graph, order)]
    assert len(edges) == len(set(edges)) == sum(len(node.inputs) for node in graph)


def test_the_recursion_walks_every_path():
    graph = [Value(1.0)]
    for _ in range(8):
        graph.append(graph[-1] + graph[-1])
    assert len(replay_backward(graph)) == 16
    assert len(replay_backward(graph, "recursion")) == 2**9 - 2
