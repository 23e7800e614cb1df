"""`GPT`: shapes, names, seeds, copies, and gradients that measuring confirms."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from custom_models import OwnMLP, Shouting
from model_cases import SMALL, batch

import microgpt as mg
from microgpt.autograd.engine import override_ops
from microgpt.config import PRESETS
from microgpt.errors import (
    SettingError,
    ShapeError,
    TokenError,
)


def test_gradients_of_the_full_model_are_the_measured_ones(backend):
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


@pytest.mark.parametrize(("call", "error_type", "message"), REFUSALS)
def test_errors_name_the_value(call, error_type, message):
    with pytest.raises(error_type, match=message):
        call()


def test_presets_can_be_built():
    for name, config in PRESETS.items():
        assert mg.GPTConfig.preset(name) == config
        sizes = {"vocab_size": 5, "block_size": 3, "n_layer": 1, "n_embd": 2 * config.n_head}
        small = dataclasses.replace(config, **sizes)
        assert repr(mg.GPT(small)).startswith("GPT(")


def test_copies_of_a_model(backend):
    model = mg.GPT(mg.GPTConfig())
    other = copy.deepcopy(model)
    assert other.loss([1, 2], [2, 3]).item() == model.loss([1, 2], [2, 3]).item()
    other.wte.weight.data[...] = 0
    assert model.wte.weight.data.any()
    assert len(mg.Adam(other.parameters()).flat_segments) == 1


def pickled(model):
    return pickle.loads(pickle.dumps(model))


def test_a_pickled_model_is_the_same_model(backend):
    model = Shouting(mg.GPTConfig(dropout=0.1))
    model.h[0].mlp = OwnMLP()
    model.lm_head.weight.requires_grad = False
    model.h[0].attn.eval()
    model.loss([1, 2], [2, 3]).backward()
    other = pickled(model)
    assert type(other) is Shouting
    assert other.config == model.config
    assert other.backend is model.backend
    assert other.h[0].mlp.same is other.h[0].mlp.weight
    assert (other.training, other.h[0].attn.training) == (True, False)
    assert other.dropout_counter == model.dropout_counter
    for (name, weight), (other_name, other_weight) in zip(
        model.named_parameters(), other.named_parameters(), strict=True
    ):
        assert (name, weight.requires_grad) == (other_name, other_weight.requires_grad)
        np.testing.assert_array_equal(other_weight.data, weight.data)
        np.testing.assert_array_equal(other_weight.grad, weight.grad)
    assert other.loss([1, 2], [2, 3]).item() == model.loss([1, 2], [2, 3]).item()  # same masks
    other.wte.weight.data[...] = 0
    assert model.wte.weight.data.any()


def test_a_pickled_models_parameters_are_flat(backend):
    model = mg.GPT(mg.GPTConfig())
    for other in (pickled(model), pickled(pickled(model)), pickled(copy.deepcopy(model))):
        (segment,) = mg.Adam(other).flat_segments
        assert segment[0].size == model.parameter_count()
        assert list(mg.generate(other, [0], 5)) == list(mg.generate(model, [0], 5))
    assert len(pickle.dumps(model)) < 4 * model.parameter_count() + 10_000  # no zeros of gradients


def test_frozen_weights_are_saved_and_copied(tmp_path, backend):
    model = mg.GPT(mg.GPTConfig())
    model.wte.weight.requires_grad = False
    mg.save(tmp_path, model)
    assert "wte.weight" in mg.load(tmp_path).model.state_dict()
    assert model.parameter_count() == 4192
    assert len(model.parameters()) == len(list(model.named_parameters())) - 1
    assert not copy.deepcopy(model).wte.weight.requires_grad


@pytest.mark.parametrize("other", ["numpy", "numba"])
def test_a_copy_keeps_class_and_parts(backend, other):
    model = Shouting(mg.GPTConfig(dropout=0.1))
    model.h[0].mlp = OwnMLP()
    model.lm_head.weight.requires_grad = False
    model.h[0].attn.eval()
    tied = model.h[0].mlp
    for duplicate in (copy.deepcopy(model), model.copy(), model.copy(other)):
        assert type(duplicate) is Shouting
        assert duplicate.config == model.config
        assert duplicate.h[0].mlp is not tied
        assert duplicate.h[0].mlp.same is duplicate.h[0].mlp.weight
        assert not duplicate.h[0].attn.training
        assert duplicate.training
        flags = [(name, weight.requires_grad) for name, weight in model.named_parameters()]
        assert flags == [
            (name, weight.requires_grad) for name, weight in duplicate.named_parameters()
        ]
        with mg.no_grad():
            np.testing.assert_allclose(
                duplicate([1, 2]).numpy(), model([1, 2]).numpy(), rtol=1e-5, atol=1e-6
            )
        duplicate.h[0].mlp.weight.data[...] = 0
        assert model.h[0].mlp.weight.data.all()
        store = duplicate.wte.weight.array.base
        assert all(weight.array.base is store for _, weight in duplicate.named_parameters())
    assert model.copy(other).backend.name == other
    with pytest.raises(mg.BackendUnavailable):
        model.copy("gpu")


def test_seeds_and_types_of_a_model_are_checked():
    for seed in (-1, 1.5, True, "a", 2**63):
        with pytest.raises(SettingError, match="seed must be"):
            mg.GPT(seed=seed)
    for dtype in ("abc", "int32", "float16", None, 3):
        with pytest.raises(mg.DtypeError, match="float32 or float64; got dtype"):
            mg.GPT(dtype=dtype)
    assert mg.GPT(dtype=np.float64).wte.weight.dtype == np.float64


def test_next_token_logits_are_computed_at_the_last_position_only(backend):
    model = mg.GPT(mg.GPTConfig(), dtype="float64")
    tokens = np.array([[1, 2, 3], [4, 5, 6]], np.int32)
    with mg.no_grad():
        every = model(tokens).numpy()
        last = mg.capture(lambda ids: model.next_token_logits(ids))
        for _ in range(3):
            np.testing.assert_allclose(last(tokens).numpy(), every[:, -1], rtol=1e-13)
        assert last.launches()[-1].shapes[0] == (2, 27)
        np.testing.assert_allclose(
            model.next_token_logits([1, 2, 3]).numpy(), every[:1, -1], rtol=1e-13
        )
        cache = mg.KVCache(model, 2)
        model.next_token_logits(tokens[:, :2], cache)
        assert cache.length == 2
        np.testing.assert_allclose(
            model.next_token_logits(tokens[:, 2:], cache).numpy(), every[:, -1], rtol=1e-12
        )
        loud = Shouting(mg.GPTConfig(), dtype="float64")
        np.testing.assert_allclose(
            loud.next_token_logits(tokens).numpy(), 2 * every[:, -1], rtol=1e-13
        )
    assert list(mg.generate(loud, [1], 3)) == list(mg.generate(loud, [1], 3))


def test_a_prompt_of_one_token_is_attended_to(backend):
    model = mg.GPT(seed=3, dtype="float64")
    cache = mg.KVCache(model)
    with mg.no_grad():
        for count in range(1, 5):
            logits = model([[count]], cache).numpy()[0, -1]
            np.testing.assert_allclose(logits, model([*range(1, count + 1)]).numpy()[-1], rtol=1e-9)


def test_the_loss_as_a_function_can_be_overridden(backend):
    model, seen = mg.GPT(), []

    def hook(name, op, args, options):
        seen.append(name)
        return op(*args, **options)

    with override_ops(hook):
        loss = model.loss([1, 2], [2, 3])
    assert seen[0] == "GPT.loss"
    assert loss.item() == model.loss([1, 2], [2, 3]).item()


def test_tokens_and_targets_have_one_shape(backend):
    with pytest.raises(ShapeError, match=r"must have one shape; got \(2, 3\) and \(3, 2\)"):
        mg.GPT().loss(np.ones((2, 3), int), np.ones((3, 2), int))
