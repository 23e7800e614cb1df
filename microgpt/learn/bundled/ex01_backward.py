"""01.backward: the backward pass over a graph of plain nodes."""

from collections import defaultdict

import numpy as np

from microgpt.learn.bundled.backward_mistakes import common_mistakes
from microgpt.learn.bundled.plain_graph import (
    GraphNode,
    chain,
    doublings,
    grads_by_name,
    graph,
)
from microgpt.learn.exercise import Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section

DEPTH, NUM_DOUBLINGS = 10_000, 40


def backward(last):
    order, seen, stack = [], set(), [(last, False)]
    while stack:
        node, inputs_are_done = stack.pop()
        if inputs_are_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((input, False) for input in node.inputs)
    grad = dict.fromkeys(order, 0.0)
    grad[last] = 1.0
    for node in reversed(order):
        for input, local_grad in zip(node.inputs, node.local_grads, strict=True):
            grad[input] += local_grad * grad[node]
    return grad


def _by_counting(last):
    """A node passes its gradient on when as many nodes have reported as it feeds."""
    nodes, missing = [last], {last: 0}
    for node in nodes:
        for input in node.inputs:
            if input not in missing:
                nodes.append(input)
            missing[input] = missing.get(input, 0) + 1
    grads, ready = dict.fromkeys(nodes, 0), [last]
    grads[last] = 1
    while ready:
        node = ready.pop()
        for input, local_grad in zip(node.inputs, node.local_grads, strict=True):
            grads[input] += local_grad * grads[node]
            missing[input] -= 1
            if not missing[input]:
                ready.append(input)
    return grads


def _by_depth(last):
    """Nodes sorted by their longest distance from a leaf: whatever a node feeds is further away."""
    depth, waiting = {}, [last]
    while waiting:
        node = waiting[-1]
        unknown = [input for input in node.inputs if input not in depth]
        if unknown:
            waiting.extend(unknown)
        else:
            depth[waiting.pop()] = 1 + max((depth[input] for input in node.inputs), default=0)
    grads = {last: 1.0}
    for node in sorted(depth, key=depth.get, reverse=True):
        for index, input in enumerate(node.inputs):
            grads[input] = grads.get(input, 0.0) + node.local_grads[index] * grads[node]
    return grads


def _with_iterators(last):
    """A depth-first walk that keeps, for each node on the path, an iterator over its inputs."""
    order, seen, path = [], {last}, [(last, iter(last.inputs))]
    while path:
        node, rest = path[-1]
        for input in rest:
            if input not in seen:
                seen.add(input)
                path.append((input, iter(input.inputs)))
                break
        else:
            order.insert(0, path.pop()[0])
    grads = defaultdict(float, {last: np.float64(1)})
    for node in order:
        for input, local_grad in zip(node.inputs, node.local_grads, strict=True):
            grads[input] += local_grad * grads[node]
    return grads


def _is_right(answer, last):
    """Compare the gradients of a large graph, and show those of three nodes at most."""
    got, expected = answer(last), grads_by_name(backward(last))
    if got == expected:
        return None
    names = [name for name in expected if got.get(name) != expected[name]][:3]
    return Mismatch(
        {name: got[name] for name in names if name in got},
        {name: expected[name] for name in names},
    )


def _calls_twice(answer, last):
    answer(last)
    got, expected = answer(last), grads_by_name(backward(last))
    return None if got == expected else Mismatch(got, expected, _texts["causes"]["twice"])


def _cases(*programs, **numbers):
    return lambda rng: [(graph(program, **numbers),) for program in programs]


def _random(rng):
    for size in (2, 3, 4, 5, 6, 8, 10, 12):
        for _ in range(3):
            names, statements = ["a", "b"], []
            for index in range(size):
                left, right = names[-1 - int(rng.integers(0, 2))], rng.choice(names)
                names.append(f"v{index + 1}")
                statements.append(f"{names[-1]} = {left} {rng.choice(['+', '-', '*'])} {right}")
            a, b = rng.integers(1, 4, 2).tolist()
            yield (graph("; ".join(statements), a=float(a), b=-float(b) / 2),)


_texts = message_section("01.backward")
_descriptions, _causes = _texts["properties"], _texts["causes"]
EXAMPLE = graph("y = a * a", a=3.0)

BACKWARD = Exercise(
    id="01.backward",
    signature="backward(last) -> grads",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((EXAMPLE,), {EXAMPLE: 1.0, EXAMPLE.inputs[0]: 6.0}),
    difficulty=3,
    importance=5,
    minutes=9,
    prerequisites=("slope", "chain_rule"),
    hints=tuple(_texts["hints"]),
    solution=backward,
    alternative_solutions=(_by_counting, _by_depth, _with_iterators),
    properties=(
        Property(_descriptions["seed"], lambda rng: [(GraphNode("x"),)]),
        Property(_descriptions["tree"], _cases("c = a * b; y = c + d", a=2, b=3, d=4)),
        Property(
            _descriptions["used_twice"],
            _cases("y = a + a", "y = a * a", "b = a + a; y = b + b", a=3),
        ),
        Property(
            _descriptions["diamond"],
            _cases("c = a + b; d = a * b; s = c + d; p = c * d; y = s + p", a=2, b=3),
        ),
        Property(_descriptions["left"], _cases("c = a * b; p = c * a; y = p + c", a=2, b=3)),
        Property(_descriptions["right"], _cases("c = a * b; p = c * a; y = c + p", a=2, b=3)),
        Property(_descriptions["random"], _random),
        Property(_descriptions["doublings"], lambda rng: [(doublings(NUM_DOUBLINGS),)], _is_right),
        Property(_descriptions["depth"], lambda rng: [(chain(DEPTH),)], _is_right),
        Property(_descriptions["twice"], _cases("b = a + a; y = b + b", a=3), _calls_twice),
    ),
    common_mistakes=common_mistakes(),
    parse=grads_by_name,
)
