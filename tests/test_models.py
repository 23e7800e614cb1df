"""`GPT` and `ScalarGPT`: one model on two kinds of node."""

import dataclasses

import numpy as np
import pytest

import microgpt as mg
from microgpt.config import PRESETS
from microgpt.errors import SettingError, ShapeError, TokenError

SMALL = mg.GPTConfig(vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8, init_std=0.3)


def batch(config, rows=3, seed=0):
    rng = np.random.default_rng(seed)
    shape = (rows, config.block_size)
    return rng.integers(0, config.vocab_size, shape), rng.integers(-1, config.vocab_size, shape)


@pytest.mark.parametrize(
    "changes",
    [{}, {"tie_weights": True}, {"final_norm": True, "embedding_norm": False}, {"n_head": 1}],
    ids=str,
)
def test_scalar_and_tensor_gpt_agree(backend, changes):
    config = dataclasses.replace(SMALL, **changes)
    model = mg.GPT(config, seed=1, dtype="float64")
    scalar = mg.ScalarGPT(config)
    scalar.load_state_dict(model.state_dict())
    tokens, targets = batch(config, rows=1)
    loss, expected = model.loss(tokens[0], targets[0]), scalar.loss(tokens[0], targets[0])
    assert abs(loss.item() - expected.data) < 1e-12
    logits = [[v.data for v in row] for row in scalar(tokens[0])]
    np.testing.assert_allclose(model(tokens[0]).numpy(), logits, rtol=0, atol=1e-12)
    loss.backward()
    expected.backward()
    gradients = scalar.gradients()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad, gradients[name], rtol=0, atol=1e-12)


def test_gradients_of_the_whole_model_are_the_measured_ones(backend):
    config = dataclasses.replace(SMALL, bias=True, activation="tanh", n_layer=1)
    model = mg.GPT(config, seed=2, dtype="float64")
    tokens, targets = batch(config)
    assert mg.gradcheck(
        lambda *_: model.loss(tokens, targets), model.parameters(), directions=2, tolerance=1e-5
    )


def test_a_batch_is_its_rows(backend):
    model = mg.GPT(SMALL, dtype="float64")
    tokens, targets = batch(SMALL)
    logits = model(tokens).numpy()
    for row in range(3):
        np.testing.assert_allclose(logits[row], model(tokens[row]).numpy(), atol=1e-13)
    counts = (targets >= 0).sum(axis=1)
    losses = [model.loss(tokens[r], targets[r]).item() for r in range(3)]
    expected = (np.array(losses) * counts).sum() / counts.sum()
    assert model.loss(tokens, targets).item() == pytest.approx(expected, rel=1e-13)


def test_a_token_sees_no_later_one(backend):
    model = mg.GPT(SMALL, dtype="float64")
    tokens, _ = batch(SMALL, rows=1)
    changed = tokens.copy()
    changed[0, -1] = (changed[0, -1] + 1) % SMALL.vocab_size
    before, after = model(tokens).numpy(), model(changed).numpy()
    np.testing.assert_array_equal(before[0, :-1], after[0, :-1])
    assert not np.allclose(before[0, -1], after[0, -1])


def test_names_and_counts():
    assert mg.GPT(mg.GPTConfig.microgpt()).parameter_count() == 4192
    model = mg.GPT(SMALL)
    shapes = {name: p.shape for name, p in model.named_parameters()}
    assert list(shapes.items()) == list(SMALL.parameter_shapes().items())
    assert "h.1.attn.c_attn.weight" in shapes
    tied = dataclasses.replace(SMALL, tie_weights=True, bias=True, position="none")
    shapes = {name: p.shape for name, p in mg.GPT(tied).named_parameters()}
    assert shapes == tied.parameter_shapes()
    assert not {"wpe.weight", "lm_head.weight"} & set(shapes)


def test_weights_live_in_one_array_matrices_first():
    model = mg.GPT(dataclasses.replace(SMALL, bias=True))
    store = model.wte.weight.data.base
    assert model.wte.weight.data.__array_interface__["data"][0] % 64 == 0
    assert 0 <= store.size - model.parameter_count() <= 16
    assert all(p.data.base is store for p in model.parameters())
    grads = model.wte.weight.grad.base
    assert all(p.grad.base is grads for p in model.parameters())
    starts = {p.ndim: p.data.__array_interface__["data"][0] for p in reversed(model.parameters())}
    assert starts[2] < starts[1]


def test_seeds_give_weights():
    one, same, other = mg.GPT(SMALL, seed=1), mg.GPT(SMALL, seed=1), mg.GPT(SMALL, seed=2)
    np.testing.assert_array_equal(one.wte.weight.data, same.wte.weight.data)
    assert not np.array_equal(one.wte.weight.data, other.wte.weight.data)
    assert 0.2 < one.wte.weight.data.std() < 0.4


def test_loading_weights_names_every_problem():
    model = mg.GPT(SMALL)
    weights = model.state_dict()
    weights["extra"] = weights.pop("wpe.weight")
    weights["wte.weight"] = np.zeros((2, 2))
    before = model.state_dict()
    with pytest.raises(
        ShapeError, match=r"wpe.weight is missing; extra is not .*; wte.weight must"
    ):
        model.load_state_dict(weights)
    for name, parameter in model.named_parameters():
        np.testing.assert_array_equal(parameter.data, before[name])


def test_typos_on_a_module_are_errors():
    with pytest.raises(AttributeError):
        _ = mg.GPT(SMALL).wtee


REFUSALS = [
    (
        lambda: mg.ScalarGPT(dataclasses.replace(SMALL, dropout=0.1)),
        SettingError,
        "dropout must be 0.0",
    ),
    (lambda: mg.GPT(SMALL)(np.zeros((1, 7), int)), ShapeError, r"block_size 6; got \(1, 7\)"),
    (lambda: mg.GPT(SMALL)([]), ShapeError, "T from 1"),
    (lambda: mg.GPT(SMALL)([11]), TokenError, "from 0 to 10"),
    (lambda: mg.GPT(SMALL).loss([1, 2], [1]), ShapeError, "one shape"),
    (
        lambda: mg.ScalarGPT(dataclasses.replace(SMALL, bias=True)),
        SettingError,
        "bias must be False in a ScalarGPT",
    ),
    (
        lambda: mg.ScalarGPT(dataclasses.replace(SMALL, norm="layernorm")),
        SettingError,
        "norm must be 'rmsnorm'",
    ),
    (lambda: mg.ScalarGPT(SMALL)([11]), TokenError, "from 0 to 10"),
    (lambda: mg.ScalarGPT(SMALL)(range(7)), ShapeError, "1 to 6 tokens"),
    (lambda: mg.ScalarGPT(SMALL).loss([1], [-1]), TokenError, "ignored"),
    (lambda: mg.ScalarGPT(SMALL).load_state_dict({}), ShapeError, "missing"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSALS)
def test_what_came_is_said(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_presets_can_be_built():
    for name, config in PRESETS.items():
        assert mg.GPTConfig.preset(name) == config
        small = dataclasses.replace(config, vocab_size=5, block_size=3, n_layer=1)
        assert repr(mg.GPT(small)).startswith("GPT(")
