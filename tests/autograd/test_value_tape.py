"""The tape against `Value`: the same numbers, to the last bit."""

import doctest
import random

import numpy as np
import pytest

import microgpt as mg
from microgpt.autograd import value_tape
from microgpt.autograd.engine import topological_order
from microgpt.autograd.value import Value
from microgpt.autograd.value_tape import record
from microgpt.errors import SettingError
from microgpt.models.tape_gpt import TapeGPT

SMALL = mg.GPTConfig(vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8, init_std=0.3)


# Each takes two numbers of any size and gives one that does not grow without bound.
STEPS = [
    lambda a, b: a + b.tanh(),
    lambda a, b: a.tanh() * b,
    lambda a, b: (a - b).relu(),
    lambda a, b: a.sigmoid() / (b * b + 0.5),
    lambda a, b: a.tanh().exp() + b * b.sigmoid(),
    lambda a, b: (a * a + 0.1).log() - b**1,
    lambda a, b: (a * a + 0.5) ** -0.5 + b.tanh() ** 3,
    lambda a, b: 2 - a**0 * b.tanh(),
    lambda a, b: 2 ** a.tanh() + 0.5 ** abs(b.tanh()) - 0 ** (b * b + 1),
]


def random_graph(seed):
    rng = random.Random(seed)
    nodes = leaves = [mg.Value(rng.gauss(0, 1)) for _ in range(4)]
    for _ in range(60):
        nodes = [*nodes, rng.choice(STEPS)(rng.choice(nodes), rng.choice(nodes))]
    return leaves, nodes[-1] * nodes[-2] + nodes[-3]


@pytest.mark.parametrize("seed", range(20))
def test_any_graph_has_the_numbers_gradients_and_order_of_its_values(seed):
    leaves, y = random_graph(seed)
    recorded, row = record([y], leaves=leaves)
    rng = random.Random(seed)
    recorded.data[:4] = [rng.gauss(0, 1) for _ in range(4)]  # the same leaves
    recorded.data[recorded.num_leaves :] = np.nan
    recorded.forward()
    recorded.backward(row[y])
    y.backward()
    assert [row[leaf] for leaf in leaves] == [0, 1, 2, 3]
    order = topological_order(y, leaves=False)
    assert recorded.topological_order(row[y]).tolist() == [row[node] for node in order]
    for node in (*order, *leaves):
        assert (recorded.data[row[node]], recorded.grad[row[node]]) == (node.data, node.grad)
    recorded.backward()
    assert [recorded.grad[i] for i in range(4)] == [leaf.grad for leaf in leaves]


def test_the_example_of_the_module():
    test = doctest.DocTestFinder().find(
        value_tape, "tape", globs={"Value": mg.Value, "record": record}
    )
    result = doctest.DocTestRunner().run(test[0])
    assert (result.failed, result.attempted) == (0, 4)


def test_a_maximum_is_computed_anew_and_is_constant_to_the_chain_rule():
    a, b = mg.Value(1.0), mg.Value(2.0)
    peak = mg.Value(2.0)
    y = a * b - peak
    recorded, row = record([a, b, y], maxima={peak: [a, b]})
    assert recorded.counts()["max"] == 2
    assert recorded.data[row[y]] == 0.0
    recorded.data[[row[a], row[b]]] = 7.0, 3.0
    recorded.forward()
    recorded.backward(row[y])
    assert recorded.data[row[y]] == 7 * 3 - 7
    assert (recorded.grad[row[a]], recorded.grad[row[b]]) == (3.0, 7.0)


def test_the_loops_are_compiled_once_and_round_as_python_does():
    import numba

    taped = TapeGPT(SMALL)
    taped.loss([1, 2], [2, 3])
    taped.backward()
    loops, recorded = taped.tape.loops, taped.tape
    graph = recorded.opcode, recorded.first, recorded.second
    order, numbers = recorded.topological_order(len(recorded) - 1), np.ones((4, 4))
    calls = {
        "forward": (recorded.data, *graph, recorded.num_leaves, len(recorded)),
        "topological_order": (
            order.copy(),
            order.copy(),
            recorded._visited,
            *graph[1:],
            recorded.num_leaves,
            10**9,
        ),
        "backward": (recorded.grad, recorded.data, *graph, order),
        "adam": (*numbers, 0.01, 0.9, 0.9, 1.0, 1.0, 1e-8, 2.0, 0.5),
    }
    for name, arguments in calls.items():
        loop = getattr(loops, name)
        loop.serial(*arguments)
        assert len(loop.serial.signatures) == 1
        fresh = numba.njit(**loop.flags)(loop.function)  # code from the cache does not show itself
        fresh(*arguments)
        (code,) = fresh.inspect_asm().values()
        assert "vfm" not in code
        assert "vfnm" not in code
        assert ("$pow," in code or "pow@" in code) == (name != "topological_order")


def test_errors_are_those_of_value():
    x = mg.Value(1.0)
    for y, number in [(x.log(), 0.0), (x**-2, 0.0), (x**0.5, -1.0), (x.exp(), 1000.0)]:
        recorded, row = record([y])
        recorded.data[row[x]] = number
        with pytest.raises((ValueError, ArithmeticError)) as from_tape:
            recorded.forward()
        again = mg.Value(number)
        with pytest.raises((ValueError, ArithmeticError)) as from_value:
            _ = getattr(again, y.op)() if not y.op.startswith("**") else again ** float(y.op[2:])
        assert repr(from_tape.value) == repr(from_value.value)


def test_a_tape_refuses_what_value_refuses():
    a = Value(3.0)
    value_tape, _ = record([a**2 + a])
    value_tape.data[0] = 1e200
    with pytest.raises(OverflowError):
        value_tape.forward()


def test_rows_beyond_the_table():
    a = Value(3.0)
    value_tape, _ = record([a * 2.0 + a])
    value_tape.forward(stop=len(value_tape) + 3)
    with pytest.raises(IndexError):
        value_tape.topological_order(len(value_tape) + 5)
    with pytest.raises(SettingError, match="at least one recorded result"):
        record([])
