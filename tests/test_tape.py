"""The tape against `Value`: the same numbers, to the last bit, and much faster."""

import dataclasses
import doctest
import json
import random
import subprocess
import sys

import numpy as np
import pytest
from test_reference import TRACE_LIBM, libm_fingerprint

import microgpt as mg
from microgpt import reference
from microgpt.autograd import value_tape
from microgpt.autograd.engine import topological_order
from microgpt.autograd.value import Value
from microgpt.autograd.value_tape import record
from microgpt.cli import main
from microgpt.config import GPTConfig
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
]


def random_graph(seed):
    rng = random.Random(seed)
    nodes = leaves = [mg.Value(rng.gauss(0, 1)) for _ in range(4)]
    for _ in range(60):
        nodes = [*nodes, rng.choice(STEPS)(rng.choice(nodes), rng.choice(nodes))]
    return leaves, nodes[-1] * nodes[-2] + nodes[-3]


@pytest.mark.parametrize("seed", range(20))
def test_any_graph_has_the_numbers_slopes_and_walk_of_its_values(seed):
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


def test_a_greatest_number_is_computed_anew_and_is_plain_to_the_chain_rule():
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


def test_the_recipes_tape_can_be_looked_at():
    recorded = TapeGPT(mg.GPTConfig()).tape
    counts = recorded.counts()
    assert counts["relu"] == 16 * 64
    assert counts["log"] == 16
    attended = sum(range(1, 17)) * 4  # every position to itself and those before, in four heads
    assert counts["exp"] == counts["max"] == 16 * 27 + attended
    assert counts["**"] == 16 * 27 + 2 * attended + 16 * 6  # a / b, and two for each norm
    assert repr(recorded).startswith(f"<Tape of {len(recorded):,} rows: {counts['*']:,} *, ")
    assert recorded.table(recorded.num_leaves).splitlines()[1].split()[1] == "+"
    assert len(recorded.table().splitlines()) == 21


@pytest.mark.parametrize(
    "changes",
    [{}, {"tie_weights": True}, {"final_norm": True, "embedding_norm": False}, {"n_head": 1}],
    ids=str,
)
def test_losses_slopes_and_logits_of_the_scalar_model(changes):
    config = dataclasses.replace(SMALL, **changes)
    rng = np.random.default_rng(3)
    scalar, taped = mg.ScalarGPT(config), TapeGPT(config)
    weights = {k: rng.normal(0, 0.3, shape) for k, shape in config.parameter_shapes().items()}
    scalar.load_state_dict(weights)
    taped.load_state_dict(weights)
    for length in (1, 6, 3, 6):
        tokens, targets = rng.integers(0, 11, (2, length))
        loss = scalar.loss(tokens, targets)
        assert taped.loss(tokens, targets) == loss.data
        loss.backward()
        taped.backward()
        for name, slopes in taped.gradients().items():
            np.testing.assert_array_equal(slopes, scalar.gradients()[name])
        for w in scalar.parameters():
            w.grad = 0.0
        expected = [[v.data for v in row] for row in scalar(tokens)]
        assert [taped.logits(int(t), i) for i, t in enumerate(tokens)] == expected


def test_the_trace_to_the_last_bit(data, fixtures):
    trace = json.loads((fixtures / "microgpt" / "trace.json").read_text())
    names = (data / "names.txt").read_text().split("\n")
    run = reference.run(names, engine="tape")
    if libm_fingerprint() == TRACE_LIBM:
        assert run.losses == trace["losses"]
    else:
        np.testing.assert_allclose(run.losses, trace["losses"], rtol=0, atol=1e-12)
    assert run.samples == trace["samples"]
    weights = [w for name in WEIGHTS for w in run.parameters[name].ravel().tolist()]
    assert len(weights) == 4192
    assert sum(weights) == pytest.approx(trace["sum_params"], abs=1e-9)
    assert sum(map(abs, weights)) == pytest.approx(trace["sum_abs_params"], abs=1e-9)
    if libm_fingerprint() == TRACE_LIBM and sys.version_info < (3, 12):  # else sums compensate
        assert (sum(weights), sum(map(abs, weights))) == (
            trace["sum_params"], trace["sum_abs_params"],
        )  # fmt: skip


WEIGHTS = [f"{name}.weight" for name in (
    "wte", "wpe", "lm_head", "h.0.attn.c_attn", "h.0.attn.c_proj", "h.0.mlp.c_fc", "h.0.mlp.c_proj"
)]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 7, "num_steps": 3, "n_layer": 2, "n_embd": 24, "num_samples": 1},
        {"seed": 1, "num_steps": 12, "n_embd": 8, "n_head": 1, "block_size": 5},
    ],
    ids=str,
)
def test_another_size_and_seed_equal_value_bit_for_bit(options):
    names = mg.load_corpus("names-mini").documents
    value = reference.run(names, engine="value", **options)
    taped = reference.run(names, engine="tape", **options)
    assert taped.losses == value.losses
    assert taped.samples == value.samples
    for name, weights in value.parameters.items():
        np.testing.assert_array_equal(taped.parameters[name], weights)


def test_samples_may_be_longer_than_any_document():
    names, options = ["ab", "ba", "bb"], {"num_steps": 2, "n_embd": 4, "n_head": 1}
    options |= {"block_size": 12, "num_samples": 60}
    value = reference.run(names, engine="value", **options)
    taped = reference.run(names, engine="tape", **options)
    assert max(map(len, value.samples)) > 6
    assert taped.samples == value.samples


def test_it_is_fifty_times_as_fast_as_value():
    names = [name for name in mg.load_corpus("names-mini").documents if len(name) == 7]
    value = reference.run(names, engine="value", num_steps=4, num_samples=0)
    taped = reference.run(names, engine="tape", num_steps=100, num_samples=0)
    assert taped.losses[0] == value.losses[0]
    assert min(value.seconds) > 50 * min(taped.seconds)


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
        "walk": (
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
        assert ("$pow," in code or "pow@" in code) == (name not in ("walk",))


def test_what_has_no_answer_is_refused_in_the_words_of_value():
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


def test_refusals():
    x = mg.Value(1.0)
    with pytest.raises(
        mg.SettingError, match=r"operations must be among \+, \*, .*; got 'sin' too"
    ):
        record([mg.Value(0.8, (x,), (0.5,), "sin")])
    with pytest.raises(mg.SettingError, match="an int or a float; got 1/2"):
        record([mg.Value(1.0, (x,), (0.5,), "**1/2")])
    with mg.no_grad(), pytest.raises(mg.StateError, match="no graph to record"):
        TapeGPT(SMALL)
    taped = TapeGPT(SMALL, length=3)
    with pytest.raises(mg.ShapeError, match="1 to 3 tokens and as many targets; got 4 and 4"):
        taped.loss([1] * 4, [1] * 4)
    with pytest.raises(mg.ShapeError, match="got 2 and 1"):
        taped.loss([1, 2], [1])
    with pytest.raises(mg.TokenError, match="from 0 to 10; got 11"):
        taped.loss([1, 11], [1, 2])
    with pytest.raises(mg.TokenError, match="from 0 to 10; got -1"):
        taped.loss([1, 2], [1, -1])
    with pytest.raises(mg.ShapeError, match="from 0 to 2 here; got 3"):
        taped.logits(1, 3)
    with pytest.raises(mg.ShapeError, match="missing"):
        taped.load_state_dict({})
    wrong = taped.state_dict() | {"wte.weight": np.zeros((2, 2))}
    with pytest.raises(mg.ShapeError, match=r"shape \(11, 8\); got \(2, 2\)"):
        taped.load_state_dict(wrong)


def test_without_numba_the_back_end_says_so():
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"numba", "llvmlite"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from microgpt import reference
try:
    reference.run(["anna"], engine="tape")
except Exception as error:
    print(type(error).__name__, error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("BackendUnavailable the back end 'numba' needs numba, which is")


def test_the_command(data, monkeypatch, capsys):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    assert main(["reference", "--engine", "tape", "--steps", "3"]) == 0
    assert "step    1  loss 3.4242727838717717" in capsys.readouterr().out
    assert main(["reference", "--engine", "tape", "--replay"]) == 1
    assert (
        "--engine must be tensor with --replay, as others have nothing to replay"
        in capsys.readouterr().err
    )


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


def test_no_gradient_without_a_loss():
    model = TapeGPT(GPTConfig(n_embd=4, n_head=1, block_size=3, vocab_size=3), 2)
    with pytest.raises(mg.StateError, match="no loss"):
        model.backward()
    model.loss([0, 1], [1, 2])
    model.logits(0, 0)
    with pytest.raises(mg.StateError, match="no loss"):
        model.backward()
    with pytest.raises(SettingError, match="length must be a positive integer"):
        TapeGPT(GPTConfig(), 0)
