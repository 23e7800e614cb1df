"""`compare`: the first activation that differs from a reference."""

import numpy as np
import pytest
from parity_models import MODELS, TOKENS, on

import microgpt as mg
from microgpt.backends.bfloat16 import to_bfloat16
from microgpt.pretrained.llmc.debug_state import read_batch
from microgpt.pretrained.llmc.model_file import open_model
from microgpt.pretrained.weight_source import build_model


def test_every_intermediate_is_that_of_plain_numpy(backend, reference):
    found = mg.compare(on(backend), reference, tolerance=1e-5)
    assert found.passed
    assert found.first_failure is None
    assert [check.name for check in found.checks] == list(reference)[1:]
    assert not found.missing
    assert not found.unexpected
    assert max(check.relative_diff for check in found.checks) < 1e-5
    assert str(found).splitlines()[-1] == "PASS: 35 of 35 tensors agree with the reference"


PERTURBED = [
    ("wte.weight", (0, 0), "token_embedding"),
    ("h.1.ln_1.bias", (0,), "h.1.ln_1"),
    ("h.1.attn.c_attn.weight", (0, 0), "h.1.attn.q"),
    ("h.1.attn.c_attn.weight", (-1, 0), "h.1.attn.v"),  # scores and weights stay
    ("h.1.attn.c_proj.bias", (2,), "h.1.attn.out"),
    ("h.1.mlp.c_fc.weight", (3, 1), "h.1.mlp.c_fc"),
    ("h.1.mlp.c_proj.weight", (3, 1), "h.1.mlp.out"),
    ("ln_f.weight", (0,), "ln_f"),
    ("wpe.weight", (0, 0), "position_embedding"),
]


@pytest.mark.parametrize(("name", "index", "first"), PERTURBED)
def test_one_wrong_weight_is_found_where_it_acts_first(backend, reference, name, index, first):
    model = on(backend)
    dict(model.named_parameters())[name].array[index] += 0.1
    found = mg.compare(model, reference)
    assert found.first_failure == first
    assert not found.passed
    lines = str(found).splitlines()
    assert lines[-2].startswith(f"first difference: {first} (max abs ")
    assert lines[-1].startswith("FAIL: ")
    failed = next(line for line in lines if line.startswith("FAIL"))
    assert failed.split()[1] == first


def test_activations_are_a_reference(tmp_path, backend):
    ours = mg.activations(on("numpy"), TOKENS)
    assert list(ours)[:2] == ["tokens", "token_embedding"]
    assert list(ours)[-1] == "logits"
    assert ours["h.1.attn.weights"].shape == (2, 2, 5, 5)
    np.testing.assert_allclose(ours["h.1.attn.weights"].sum(-1), 1, rtol=1e-5)
    model = on(backend)
    assert mg.compare(model, ours).passed
    assert mg.compare(model, on("numpy"), tokens=TOKENS).passed
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "ours.npz", **ours)
        assert mg.compare(model, tmp_path / "ours.npz").passed
        assert (
            mg.compare(on(backend, seed=1), str(tmp_path / "ours.npz")).first_failure
            == "token_embedding"
        )
    one = mg.activations(on("numpy"), TOKENS[0])
    assert one["tokens"].shape == (5,)
    assert one["logits"].shape == (5, 7)
    without_batch = {name: a[0] if a.shape[0] == 1 else a for name, a in one.items()}
    assert mg.compare(model, without_batch).passed


def test_hugging_face_s_logits_are_a_reference(backend, fixtures):
    folder = fixtures / "hf" / "tiny"
    model = mg.load_pretrained(folder, backend=backend).model
    expected = np.load(folder / "expected.npz")
    found = mg.compare(model, {name: expected[name] for name in ("tokens", "logits")})
    assert found.passed
    assert found.missing[0] == "token_embedding"
    assert "not in the reference, so not compared: token_embedding, position_embedding" in str(
        found
    )
    all_of_it = mg.compare(model, folder / "expected.npz")  # loss and gradients are no activations
    assert all_of_it.first_failure is None
    assert not all_of_it.passed
    assert "grad:transformer.wte.weight" in all_of_it.unexpected


def test_bfloat16_weights_differ_from_the_start(fixtures):
    folder = fixtures / "llmc"
    float32, rounded = (build_model(open_model(folder / name), "numpy") for name in MODELS[1:])
    tokens = read_batch(folder / "tiny_debug_state_v1.bin")[0]
    assert mg.compare(rounded, float32, tokens).first_failure == "token_embedding"
    assert mg.compare(rounded, float32, tokens, tolerance=0.1).passed
    for parameter in float32.parameters():
        upper = to_bfloat16(parameter.array).astype(np.uint32) << 16
        parameter.array[...] = upper.view(np.float32)
    assert mg.compare(rounded, float32, tokens, tolerance=0).passed


def test_shapes_names_and_numbers_that_do_not_fit(reference):
    model = on("numpy")
    reference["h.0.mlp.out"] = reference["h.0.mlp.out"][:1]
    reference["h.0.mlp.c_fc_out"] = reference.pop("h.0.mlp.c_fc")
    found = mg.compare(model, reference)
    assert found.first_failure == "h.0.mlp.out"
    assert found.missing == ("h.0.mlp.c_fc",)
    assert found.unexpected == ("h.0.mlp.c_fc_out",)
    assert "h.0.mlp.out (shape (2, 5, 4), the reference has (1, 5, 4))" in str(found)
    assert "in the reference, but not in the model: h.0.mlp.c_fc_out" in str(found)
    for wrong in (np.nan, np.inf):
        reference["embedding"] = np.full((2, 5, 4), wrong)
        assert mg.compare(model, reference).first_failure == "embedding"
    reference["embedding"] = np.full((2, 5, 4), "a")
    assert "not numbers" in str(mg.compare(model, reference))


@pytest.mark.parametrize("shape", [(2, 16, 5), (10, 16), (5, 2, 16), (1, 2, 5, 16), (160,)])
def test_another_shape_of_the_same_size_is_another_shape(reference, shape):
    name = "h.0.mlp.c_fc"
    assert reference[name].shape == (2, 5, 16)
    reference[name] = np.ones(shape)
    found = mg.compare(on("numpy"), reference)
    assert found.first_failure == name
    assert str(found[name]) == f"shape (2, 5, 16), the reference has {shape}"


@pytest.mark.parametrize(("row", "column", "passes"), [(2, 3, True), (2, 2, False), (2, 1, False)])
def test_scores_count_up_to_their_own_position(reference, row, column, passes):
    reference["h.0.attn.scores"][..., row, column] += 1
    assert mg.compare(on("numpy"), reference)["h.0.attn.scores"].passed is passes


def test_the_tolerance_grows_with_the_reference_and_not_with_the_model(reference):
    model = on("numpy")
    for factor, passes in ((0.0, False), (0.5, False), (2.0, True)):
        changed = {"tokens": TOKENS, "logits": 1000 * factor * reference["logits"]}
        model.load_state_dict(on("numpy").state_dict())
        dict(model.named_parameters())["ln_f.weight"].array[...] *= 1000
        dict(model.named_parameters())["ln_f.bias"].array[...] *= 1000
        assert mg.compare(model, changed, tolerance=0.6).passed is passes


def test_what_compare_refuses(tmp_path, reference):
    model = on("numpy")
    for wrong, message in [
        (
            {"tokens": TOKENS, "x": 1},
            r"must be named as the model's: token_embedding, .*; got tokens, x",
        ),
        ({"embedding": 1}, "tokens must be an argument, or an array in"),
        (model, "tokens must be given to compare two models"),
        (3, "must be arrays by name"),
        (reference | {"tokens": [[0, 99]]}, "99"),
    ]:
        with pytest.raises(mg.MicrogptError, match=message):
            mg.compare(model, wrong)
    with pytest.raises(mg.SettingError, match="tolerance must be at least 0"):
        mg.compare(model, reference, tolerance=float("nan"))
    with pytest.raises(mg.SettingError, match="model must be a model, such as a GPT"):
        mg.activations(None, TOKENS)
    with pytest.raises(mg.FormatError, match=r"there is no \.npz file"):
        mg.compare(model, tmp_path / "none.npz")
