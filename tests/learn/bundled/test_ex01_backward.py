"""01.backward: what learners write for the backward pass, and what they are told."""

from collections import defaultdict, deque

import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn import time_limit
from microgpt.learn.bundled.plain_graph import GraphNode, chain, doublings, graph

ID = "01.backward"


def edges(node):
    return zip(node.inputs, node.local_grads, strict=True)


def inputs_first(last):
    listed, stack = {}, [last]
    while stack:
        missing = [parent for parent in stack[-1].inputs if parent not in listed]
        stack += missing
        if not missing:
            listed[stack.pop()] = True
    return list(listed)


def reports_of(last):
    counts = defaultdict(int)
    for node in inputs_first(last):
        for parent in node.inputs:
            counts[parent] += 1
    return counts


def with_a_queue(last):
    counts, grads, ready = reports_of(last), defaultdict(float, {last: 1.0}), deque([last])
    while ready:
        node = ready.popleft()
        for parent, local in edges(node):
            grads[parent] += local * grads[node]
            counts[parent] -= 1
            if counts[parent] == 0:
                ready.append(parent)
    return grads


def with_values(last):
    values = {}
    for node in inputs_first(last):
        inputs = tuple(values[parent] for parent in node.inputs)
        values[node] = mg.Value(0.0, inputs, node.local_grads)
    values[last].backward()
    return {node: value.grad for node, value in values.items()}


def with_integers(last):
    grads = dict.fromkeys(inputs_first(last), 0)
    grads[last] = 1
    for node in list(grads)[::-1]:
        for index, parent in enumerate(node.inputs):
            grads[parent] += node.local_grads[index] * grads[node]
    return grads


def pulled(last):
    """Each node's gradient is the sum over the nodes that it feeds."""
    order = inputs_first(last)[::-1]
    users = {node: [] for node in order}
    for node in order:
        for parent, local in edges(node):
            users[parent].append((node, local))
    grads = {}
    for node in order:
        grads[node] = sum((grads[user] * local for user, local in users[node]), float(node is last))
    return grads


@pytest.mark.parametrize("answer", [with_a_queue, with_values, with_integers, pulled])
def test_right_answers_of_many_forms(answer, monkeypatch):
    monkeypatch.setattr(time_limit, "CPU_LIMIT", 30.0)  # seconds: no machine is too slow
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def recursive(last):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.inputs:
                visit(parent)
            order.append(node)

    visit(last)
    return in_order(order[::-1], last)


def in_order(order, last, combine=lambda before, local, upstream: before + local * upstream):
    grads = dict.fromkeys(order, 0.0)
    grads[last] = 1.0
    for node in order:
        for parent, local in edges(node):
            grads[parent] = combine(grads[parent], local, grads[node])
    return grads


def combining(combine):
    return lambda last: in_order(inputs_first(last)[::-1], last, combine)


def stack_walk(last, take=list.pop):
    grads, seen, waiting = {last: 1.0}, set(), [last]
    while waiting:
        node = take(waiting)
        if node in seen:
            continue
        seen.add(node)
        for parent, local in edges(node):
            grads[parent] = grads.get(parent, 0.0) + local * grads[node]
            waiting.append(parent)
    return grads


def queue_walk(last):
    return stack_walk(last, lambda waiting: waiting.pop(0))


def recursion_with_totals(last, grads=None):
    grads = {last: 1.0} if grads is None else grads
    for parent, local in edges(last):
        grads[parent] = grads.get(parent, 0.0) + local * grads[last]
        recursion_with_totals(parent, grads)
    return grads


def every_path(last, upstream=1.0, grads=None):
    grads = {} if grads is None else grads
    grads[last] = grads.get(last, 0.0) + upstream
    for parent, local in edges(last):
        every_path(parent, upstream * local, grads)
    return grads


def overwriting_in_a_walk(last):
    grads, waiting = {last: 1.0}, [last]
    while waiting:
        node = waiting.pop()
        for parent, local in edges(node):
            grads[parent] = local * grads[node]
            waiting.append(parent)
    return grads


def micrograd(last):
    for node in inputs_first(last):
        node.grad = 0.0
    last.grad = 1.0
    return {node: node.grad for node in inputs_first(last)}


def reads_grad(last):
    return {node: node.grad for node in inputs_first(last)}


def plus_without_a_start(last):
    grads = {last: 1.0}
    for node in inputs_first(last)[::-1]:
        for parent, local in edges(node):
            grads[parent] += local * grads[node]
    return grads


def only(keep):
    def answer(last):
        return {node: grad for node, grad in pulled(last).items() if keep(node, last)}

    return answer


def without_seed(last):
    grads = dict.fromkeys(inputs_first(last), 0.0)
    for node in inputs_first(last)[::-1]:
        for parent, local in edges(node):
            grads[parent] += local * grads[node]
    return grads


def forwards(last):
    return in_order(inputs_first(last), last)


def swapped(last):
    grads = dict.fromkeys(inputs_first(last), 0.0)
    grads[last] = 1.0
    for node in inputs_first(last)[::-1]:
        for parent, local in zip(node.inputs, node.local_grads[::-1], strict=True):
            grads[parent] += local * grads[node]
    return grads


def remembers(last, grads={}):  # noqa: B006
    grads.update(pulled(last))
    return grads


def one_level(last):
    grads = {last: 1.0}
    for parent, local in edges(last):
        grads[parent] = grads.get(parent, 0.0) + local
    return grads


def walk_without_seen(end):
    def answer(last):
        grads, waiting = {last: 1.0}, [last]
        while waiting:
            node = waiting.pop(end)
            for parent, local in edges(node):
                grads[parent] = grads.get(parent, 0.0) + local * grads[node]
                waiting.append(parent)
        return grads

    return answer


def endless(last):
    waiting = [last]
    while waiting:
        node = waiting[0]
        waiting.append(node)
    return {}


ATTRIBUTES = "A node has `.inputs` and `.local_grads`"
DICTIONARY = "a dictionary from each node to its gradient"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (combining(lambda before, local, dy: local * dy), "the second arrival replaced the first"),
        (combining(lambda before, local, dy: before or local * dy), "Only one arrival"),
        (stack_walk, "which follows the node found last, is not that order"),
        (queue_walk, "does not tell which node is ready"),
        (combining(lambda before, local, dy: before + local), "without the gradient that arrives"),
        (combining(lambda before, local, dy: before + dy), "passes its gradient on as it is"),
        (combining(lambda before, local, dy: before + local + dy), "not local + grad[node]"),
        (combining(lambda before, local, dy: (before or 1) * local * dy), "is multiplied in your"),
        (without_seed, "Every gradient is 0"),
        (swapped, "paired with the wrong inputs"),
        (forwards, "begins at the leaves"),
        (plus_without_a_start, "Begin at 0.0"),
        (micrograd, ATTRIBUTES),
        (reads_grad, ATTRIBUTES),
        (lambda last: {last: 1.0, **{p: s for p, s in zip(last._prev, last.slopes)}}, ATTRIBUTES),  # noqa: B905, C416
        (recursive, "At a depth of 10,000 Python's limit on recursion"),
        (only(lambda node, last: node is not last), "`last` itself is missing"),
        (only(lambda node, last: node.inputs), "the leaves, which have no inputs, are missing"),
        (only(lambda node, last: not node.inputs or node is last), "some nodes are missing"),
        (remembers, "something that an earlier call left behind"),
        (one_level, "Only `last` passed its gradient on"),
        (lambda last: list(pulled(last).items()), DICTIONARY),
        (lambda last: list(pulled(last).values()), DICTIONARY),
        (lambda last: {n.name: g for n, g in pulled(last).items()}, "whose keys are the nodes"),
        (lambda last: {id(n): g for n, g in pulled(last).items()}, "whose keys are the nodes"),
        (lambda last: {n: [g] * 2 for n, g in pulled(last).items()}, "one number for each node"),
        (lambda last: {n: mg.Value(g) for n, g in pulled(last).items()}, "one number for each"),
        (lambda last: print(pulled(last)), "a `return` is missing"),
        (lambda last: {}, "missing"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause, monkeypatch):
    monkeypatch.setattr(time_limit, "CPU_LIMIT", 30.0)  # seconds: no machine is too slow
    for seed in range(2):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (overwriting_in_a_walk, "the second arrival replaced the first"),
        (recursion_with_totals, "the first arrival is counted twice"),
        (walk_without_seen(-1), "b waits in your list twice"),
        (walk_without_seen(0), "b stands in your queue twice"),
    ],
)
def test_the_cause_is_named_of_a_wrong_answer_that_would_walk_on_and_on(answer, cause, monkeypatch):
    monkeypatch.setattr(time_limit, "CPU_LIMIT", 1.0)
    for seed in range(2):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause


def test_walking_every_path_is_told_apart_from_a_loop_without_an_end(short_cpu_limit):
    assert "2.2 trillion visits" in learn.check(ID, every_path).cause
    assert "A loop never ends" in learn.check(ID, endless).cause


def test_nodes_cannot_be_changed_and_show_what_they_are():
    last = graph("c = a * b; y = c + a", a=2.0, b=3.0)
    with pytest.raises(AttributeError, match="takes no grad"):
        last.grad = 1.0
    with pytest.raises(AttributeError):
        del last.inputs
    assert repr(last) == "y, where c = a * b; y = c + a and a = 2, b = 3"
    assert repr(last.inputs) == "(c, a)"
    assert last.inputs[0].local_grads == (3.0, 2.0)


def test_large_graphs_are_as_large_as_they_say():
    assert len(inputs_first(doublings(40))) == 41
    assert len(inputs_first(chain(10_000))) == 10_001
    last = doublings(40)
    assert pulled(last)[inputs_first(last)[0]] == 2.0**40


def test_the_card_shows_the_graph_and_the_gradients_by_name():
    result = learn.check(ID, stack_walk)
    assert "c = a + b; d = a * b" in repr(result)
    assert result.expected["a"] == 25.0
    assert result.got["a"] == 21.0
    assert isinstance(result.input["last"], GraphNode)
