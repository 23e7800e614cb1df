"""`TapeGPT` against `ScalarGPT`: the same numbers, to the last bit."""

import dataclasses

import numpy as np
import pytest

import microgpt as mg
from microgpt.autograd.value_tape import record
from microgpt.config import GPTConfig
from microgpt.errors import SettingError
from microgpt.models.tape_gpt import TapeGPT

SMALL = mg.GPTConfig(vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8, init_std=0.3)


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
def test_losses_gradients_and_logits_of_the_scalar_model(changes):
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
        for name, grads in taped.gradients().items():
            np.testing.assert_array_equal(grads, scalar.gradients()[name])
        for w in scalar.parameters():
            w.grad = 0.0
        expected = [[v.data for v in row] for row in scalar(tokens)]
        assert [taped.logits(int(t), i) for i, t in enumerate(tokens)] == expected


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
