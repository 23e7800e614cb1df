"""`mg.quantize`: codes by hand, the same tokens eager and recorded, and what it refuses."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from generation_cases import CONFIG, GPT2, by_hand

import microgpt as mg
from microgpt import ops
from microgpt.errors import DtypeError, SettingError, StateError
from microgpt.nn import Module
from microgpt.ops.quantized import FORMATS, QuantizedMatrix, to_int8
from microgpt.tokenizers.association import associate, associated_tokenizer

CONFIGS = {
    "microgpt": CONFIG,
    "no positions": dataclasses.replace(CONFIG, position="none"),
    "gpt2": dataclasses.replace(CONFIG, **GPT2),
    "gpt2 with dropout": dataclasses.replace(CONFIG, **GPT2, dropout=0.3),
}
TOKENS = np.array([[1, 2, 3, 0, 8], [4, 4, 0, 7, 7]], np.int32)


@pytest.fixture(params=FORMATS)
def weights(request):
    return request.param


@pytest.fixture(params=CONFIGS)
def model(request, backend):
    return mg.GPT(CONFIGS[request.param], seed=4)


def rounded(model, quantized):
    """A float32 copy whose matrices are what the codes of `quantized` stand for."""
    other = model.copy().eval()
    parts = dict(other.named_modules())
    for path, module in quantized.named_modules():
        if isinstance(getattr(module, "weight", None), QuantizedMatrix):
            parts[path].weight.data = module.weight.numpy()
    return other


# -- codes ---------------------------------------------------------------------------------------


def test_int8_by_hand():
    numbers = np.array([[127, -63.5, 0.4], [-2.54, 1.27, 0.03], [0, 0, 0]], np.float32)
    codes, scales = to_int8(numbers, "w")
    np.testing.assert_allclose(scales, [1, 0.02, 0], rtol=1e-7)
    assert codes.dtype == np.int8
    assert codes.tolist() == [[127, -64, 0], [-127, 64, 2], [0, 0, 0]]  # −63.5 and 63.5 to even


def test_int8_is_within_half_a_step_of_every_number():
    numbers = np.random.default_rng(0).normal(size=(700, 40)).astype(np.float32)
    numbers *= 10.0 ** np.linspace(-38, 37, 700, dtype=np.float32)[:, None]
    codes, scales = to_int8(numbers, "w")
    assert (np.abs(codes.astype(int)).max(axis=1) == 127).all()
    steps = scales[:, None].astype(np.float64)
    assert (abs(codes * steps - numbers) <= 0.5001 * steps).all()


def test_the_smallest_numbers_do_not_overflow():
    tiny = np.float32(1.4e-45) * np.array([[1, 0], [190, -1], [64, 3]], np.float32)
    codes, scales = to_int8(tiny, "w")
    assert np.isfinite(scales).all()
    assert np.abs(codes.astype(int)).max() <= 127
    np.testing.assert_allclose((codes * scales[:, None])[1:], tiny[1:], atol=1e-43)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_int8_refuses_what_is_not_finite_and_bf16_keeps_it(wrong):
    model = mg.GPT(CONFIG, backend="numpy")
    model.h[1].mlp.c_fc.weight.data[3, 2] = wrong
    with pytest.raises(SettingError, match=r"h\.1\.mlp\.c_fc\.weight must be finite.*bf16"):
        mg.quantize(model, "int8")
    kept = mg.quantize(model, "bf16").h[1].mlp.c_fc.weight.numpy()
    np.testing.assert_array_equal(kept[3, 2], np.float32(wrong))
    assert np.isfinite(kept).sum() == kept.size - 1


# -- what it computes ----------------------------------------------------------------------------


def test_logits_and_loss_are_those_of_the_rounded_weights(model, weights):
    quantized = mg.quantize(model, weights)
    expected = rounded(model, quantized)
    logits = quantized(TOKENS).numpy()
    np.testing.assert_allclose(logits, expected(TOKENS).numpy(), rtol=1e-4, atol=1e-5)
    assert np.abs(logits - model.eval()(TOKENS).numpy()).max() > 1e-4  # it is another model
    loss = quantized.loss(TOKENS[:, :-1], TOKENS[:, 1:]).item()
    assert loss == pytest.approx(expected.loss(TOKENS[:, :-1], TOKENS[:, 1:]).item(), rel=1e-5)


def test_recorded_steps_give_the_tokens_of_eager_ones(model, weights):
    quantized = mg.quantize(model, weights)
    for seed, (prompt, temperature) in enumerate([([1], 0), ([2, 3], 1.0), ([5, 1, 2], 0.7)] * 2):
        options = {"temperature": temperature, "seed": seed}
        texts = [
            list(mg.generate(quantized, prompt, 20, **options, capture=capture))
            for capture in (True, False)
        ]
        assert texts[0] == texts[1]
        first = prompt + texts[0][: 8 - len(prompt)]  # as long as nothing is dropped
        assert by_hand(quantized, prompt, 8 - len(prompt), **options) == first


def test_decode_steps_are_recorded(weights):
    """With their own kernels, and no part of a step computes with a float32 matrix."""
    from microgpt.sampling.captured_decode import _idle_steps

    quantized = mg.quantize(mg.GPT(CONFIGS["gpt2"], backend="numba"), weights)
    list(mg.generate(quantized, [1], 7))
    launches = _idle_steps[quantized]._step.launches()
    names = [launch.name for launch in launches]
    assert names.count("quantized_linear_forward") == 4 * 2 + 1
    assert "quantized_token_position_embedding_forward" in names
    assert not any(name.startswith("linear_") for name in names)


def test_a_batch_gives_each_text_alone(model, weights):
    quantized, prompts = mg.quantize(model, weights), [[1, 2], [3], [4, 5, 6]]
    batch = mg.generate_batch(quantized, prompts, 5, temperature=0)
    alone = [list(mg.generate(quantized, prompt, 5, temperature=0)) for prompt in prompts]
    assert [list(row) for row in batch] == alone


def test_a_trace_sees_every_activation(model, weights):
    quantized = mg.quantize(model, weights)
    names = []
    for one in (quantized, model.eval()):
        with mg.trace(one) as t:
            one(TOKENS)
            names.append(list(t))
    assert names[0] == names[1] != []


# -- what is kept --------------------------------------------------------------------------------


def test_no_float32_matrix_is_left(model, weights):
    quantized = mg.quantize(model, weights)
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    coded = {n: shape for n, shape in shapes.items() if len(shape) == 2 and n != "wpe.weight"}
    numbers, rows = (sum(map(f, coded.values())) for f in (np.prod, lambda shape: shape[0]))
    floats = sum(map(np.prod, shapes.values())) - numbers
    per_number = 2 if weights == "bf16" else 1
    scales = 0 if weights == "bf16" else 4 * rows
    assert quantized.weight_bytes == per_number * numbers + scales + 4 * floats
    assert quantized.float32_bytes == 4 * model.parameter_count()
    assert quantized.parameter_count() == model.parameter_count()
    assert sum(matrix.size for matrix in quantized.matrices()) == numbers
    held = [w.flat.data.size for _, w in Module.named_parameters(quantized)]
    assert set(held) <= {floats}  # the flat array that they share has no more
    assert f"; {weights} weights, " in repr(quantized)


def test_it_is_not_for_training(model, weights):
    quantized = mg.quantize(model.train(), weights)
    assert not any(part.training for _, part in quantized.named_modules())
    assert quantized.eval() is quantized
    assert not quantized(TOKENS).requires_grad
    np.testing.assert_array_equal(quantized(TOKENS).numpy(), quantized(TOKENS).numpy())


def test_it_is_independent(model, weights):
    quantized = mg.quantize(model, weights)
    before = quantized(TOKENS).numpy()
    for parameter in model.parameters():
        parameter.data[...] = 0.5
    np.testing.assert_array_equal(quantized(TOKENS).numpy(), before)


@pytest.mark.parametrize(
    "make",
    [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), lambda m: m.copy()],
    ids=["copy", "deepcopy", "pickle", "model.copy"],
)
def test_copies_compute_the_same(weights, make):
    tokenizer = mg.load_corpus("names-mini").tokenizer()
    model = mg.GPT(dataclasses.replace(CONFIGS["gpt2"], vocab_size=27), backend="numba")
    associate(model, tokenizer)
    quantized = mg.quantize(model, weights)
    other = make(quantized)
    assert type(other) is type(quantized)
    np.testing.assert_array_equal(other(TOKENS).numpy(), quantized(TOKENS).numpy())
    assert other.weight_bytes == quantized.weight_bytes
    assert associated_tokenizer(quantized) is tokenizer
    assert associated_tokenizer(other).characters == tokenizer.characters


@pytest.mark.parametrize("config", CONFIGS)
def test_it_moves_to_other_back_ends(config, weights):
    quantized = mg.quantize(mg.GPT(CONFIGS[config], seed=4, backend="numba"), weights)
    assert quantized.to("numba") is quantized
    for name in ("numpy", "interpreter"):
        other = quantized.to(name)
        assert other.backend.name == name
        assert all(matrix.backend.name == name for matrix in other.matrices())
        np.testing.assert_allclose(
            other(TOKENS[:, :2]).numpy(), quantized(TOKENS[:, :2]).numpy(), rtol=1e-4, atol=1e-5
        )


# -- what it refuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda m, folder: m.parameters(),
        lambda m, folder: m.state_dict(),
        lambda m, folder: m.load_state_dict({}),
        lambda m, folder: m.train(),
        lambda m, folder: mg.AdamW(m, 0.1),
        lambda m, folder: mg.Trainer(m, mg.load_corpus("names-mini")),
        lambda m, folder: mg.save(folder, m),
        lambda m, folder: mg.save_pretrained(folder, m),
        lambda m, folder: mg.save_pretrained(folder, m, format="llmc"),
    ],
    ids=["parameters", "state_dict", "load_state_dict", "train", "AdamW", "Trainer", "save",
         "huggingface", "llmc"],
)  # fmt: skip
def test_what_needs_float32_weights_is_refused(use, tmp_path):
    config = dataclasses.replace(mg.GPTConfig.preset("gpt2-small"), vocab_size=27, n_layer=1)
    quantized = mg.quantize(mg.GPT(config, backend="numpy"), "int8")
    with pytest.raises(StateError, match="int8 are for reading and generating; train, save and"):
        use(quantized, tmp_path / "out")
    assert not list(tmp_path.rglob("*.safetensors")) + list(tmp_path.rglob("*.bin"))


def test_no_gradient_flows_back_through_codes():
    quantized = mg.quantize(mg.GPT(CONFIG, backend="numpy"), "bf16")
    x = mg.Tensor(np.ones((1, 12), "f"), requires_grad=True, backend="numpy")
    y = ops.linear(x, quantized.h[0].attn.c_attn.weight)
    with pytest.raises(StateError, match="float32 model"):
        y.backward(np.ones(y.shape))


def test_models_that_cannot_be_quantized():
    class Own(mg.GPT):
        pass

    model = mg.GPT(CONFIG, backend="numpy")
    with pytest.raises(SettingError, match="one of 'bf16', 'int8'; got 'int4'"):
        mg.quantize(model, "int4")
    with pytest.raises(StateError, match="kept as int8 already"):
        mg.quantize(mg.quantize(model, "int8"), "bf16")
    with pytest.raises(SettingError, match="of no class of your own; got Own"):
        mg.quantize(Own(CONFIG, backend="numpy"), "int8")
    with pytest.raises(DtypeError, match=r"wte\.weight is float64"):
        mg.quantize(mg.GPT(CONFIG, dtype="float64", backend="numpy"), "int8")
    with pytest.raises(StateError, match=r"mg\.quantize"):
        mg.models.QuantizedGPT(CONFIG)


def test_inputs_that_do_not_fit_are_refused():
    weight = mg.quantize(mg.GPT(CONFIG, backend="numpy"), "int8").h[0].attn.c_attn.weight
    with pytest.raises(DtypeError, match="float64"):
        ops.linear(mg.Tensor(np.ones((1, 12)), dtype="float64", backend="numpy"), weight)
    with pytest.raises(mg.DeviceError, match="numba"):
        ops.linear(mg.Tensor(np.ones((1, 12), "f"), backend="numba"), weight)
    with pytest.raises(mg.ShapeError, match=r"\(1, 11\)"):
        ops.linear(mg.Tensor(np.ones((1, 11), "f"), backend="numpy"), weight)
    with pytest.raises(mg.ShapeError, match=r"\(36,\)"):
        ops.linear(mg.Tensor(np.ones((1, 12), "f"), backend="numpy"), weight,
                   mg.Tensor(np.ones(35, "f"), backend="numpy"))  # fmt: skip
