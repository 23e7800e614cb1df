"""Hugging Face's safetensors: equal numbers, names, dtypes, shards, hostile files."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from huggingface_files import JSON, config_json, folder_with, rewritten, theirs
from hypothesis import given
from hypothesis import strategies as st
from random_gpt2 import FUZZ, SMALL, load, loads_or_refuses, random_model, require_equal
from safetensors.numpy import save_file

import microgpt as mg
from microgpt.errors import FormatError, SettingError
from microgpt.pretrained.state_dict import model_file


def test_the_tiny_model_agrees_with_hugging_face(backend, fixtures):
    checkpoint = mg.load_pretrained(fixtures / "hf" / "tiny")
    expected = np.load(fixtures / "hf" / "tiny" / "expected.npz")
    model = checkpoint.model
    assert model.backend.name == backend
    assert checkpoint.tokenizer is None
    tokens, targets = expected["tokens"].astype(int), expected["targets"].astype(int)
    np.testing.assert_allclose(model(tokens).numpy(), expected["logits"], rtol=0, atol=1e-4)
    loss = model.loss(tokens, targets)
    assert loss.item() == pytest.approx(float(expected["loss"]), abs=1e-4)
    loss.backward()
    for name, parameter in model.named_parameters():
        gradient = expected[f"grad:transformer.{name}"]
        gradient = gradient.T if name.endswith("weight") and "c_" in name else gradient
        off = np.linalg.norm(parameter.grad - gradient) / np.linalg.norm(gradient)
        assert off < 2e-4, name
    greedy = expected["greedy"][0].tolist()
    assert list(mg.generate(model, greedy[:5], len(greedy) - 5, temperature=0)) == greedy[5:]


@pytest.mark.parametrize("prefix", ["transformer.", ""])
@pytest.mark.parametrize("described", [True, False], ids=["config.json", "no config.json"])
def test_names_matrices_and_buffers(tmp_path, prefix, described):
    model = random_model()
    tensors = theirs(model, prefix)
    for layer in range(2):
        mask = np.tril(np.ones((6, 6), np.uint8)).reshape(1, 1, 6, 6)
        tensors[f"{prefix}h.{layer}.attn.bias"] = mask
        tensors[f"{prefix}h.{layer}.attn.masked_bias"] = np.array(-1e4, np.float32)
    tensors["lm_head.weight"] = tensors[f"{prefix}wte.weight"].copy()
    folder = folder_with(tmp_path, tensors, config_json() if described else None)
    for source in (folder, str(folder / "model.safetensors")):
        loaded = load(source, n_head=2)
        assert loaded.config == replace(SMALL, dropout=loaded.config.dropout, init_std=0.02)
        require_equal(model, loaded)


def test_heads_are_64_wide_unless_something_says_otherwise(tmp_path):
    wide = random_model(replace(SMALL, n_embd=128, n_head=2))
    folder = folder_with(tmp_path, theirs(wide))
    assert load(folder).config.n_head == 2
    assert load(folder, n_head=4).config.n_head == 4
    narrow = folder_with(tmp_path, theirs(random_model()))
    with pytest.raises(FormatError, match=r"8 is not a multiple of the usual 64; give n_head"):
        load(narrow)
    (narrow / "config.json").write_text(json.dumps(config_json()))
    with pytest.raises(
        SettingError, match=r"n_head must be 2, as .*model.safetensors has it; got 4"
    ):
        load(narrow, n_head=4)


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_halves_are_read_as_float32(tmp_path, dtype):
    tensors = theirs(random_model())
    if dtype == "F16":
        halves = {name: array.astype(np.float16) for name, array in tensors.items()}
        expected = {name: half.astype(np.float32) for name, half in halves.items()}
    else:  # the upper halves of float32, which NumPy has no type for
        halves = {
            name: (array.view(np.uint32) >> 16).astype("u2") for name, array in tensors.items()
        }
        expected = {
            name: (half.astype(np.uint32) << 16).view(np.float32) for name, half in halves.items()
        }
    folder = folder_with(tmp_path, halves, config_json())
    rewritten(
        folder / "model.safetensors",
        lambda header: [entry.update(dtype=dtype) for name, entry in header.items()],
    )
    loaded = theirs(load(folder))
    for name, array in expected.items():
        np.testing.assert_array_equal(loaded[name], array)


@pytest.mark.parametrize(("dtype", "name"), [(np.float64, "float64"), (np.int32, "int32")])
def test_other_number_types_are_refused_by_name(tmp_path, dtype, name):
    tensors = {name: array.astype(dtype) for name, array in theirs(random_model()).items()}
    folder = folder_with(tmp_path, tensors, config_json())
    with pytest.raises(FormatError, match=rf"model.safetensors: .* has dtype {name}; float32, fl"):
        load(folder)


@pytest.mark.parametrize("tied", [None, False, True])
def test_an_output_head_of_its_own(tmp_path, tied):
    tensors = theirs(random_model())
    tensors["lm_head.weight"] = tensors["transformer.wte.weight"] + np.float32(1e-3)
    folder = folder_with(tmp_path, tensors, config_json(tie_word_embeddings=tied))
    if tied:
        with pytest.raises(FormatError, match=r"lm_head.weight must equal transformer.wte.weight"):
            load(folder)
        return
    model = load(folder)
    assert not model.config.tie_weights
    np.testing.assert_array_equal(model.lm_head_weight.numpy(), tensors["lm_head.weight"])


def test_missing_surplus_and_misshapen_tensors_are_listed(tmp_path):
    tensors = theirs(random_model())
    del tensors["transformer.h.1.ln_2.bias"]
    tensors["transformer.h.0.attn.rotary"] = np.zeros(3, np.float32)
    tensors["transformer.h.0.mlp.c_fc.weight"] = np.zeros((8, 31), np.float32)
    folder = folder_with(tmp_path, tensors, config_json())
    with pytest.raises(FormatError, match=r"does not hold a whole model") as refused:
        load(folder)
    for part in (
        str(folder / "model.safetensors"),
        "transformer.h.1.ln_2.bias is missing",
        "transformer.h.0.attn.rotary is not of this model",
        "transformer.h.0.mlp.c_fc.weight must have shape (32, 8) (as out, in); got (31, 8)",
    ):
        assert part in str(refused.value)


def test_a_name_with_and_without_the_prefix_is_refused(tmp_path):
    tensors = theirs(random_model())
    tensors["wte.weight"] = tensors["transformer.wte.weight"].copy()
    folder = folder_with(tmp_path, tensors, config_json())
    with pytest.raises(FormatError, match="holds both"):
        load(folder)


def sharded(tmp_path, model):
    """A model in two files, and the index that says what is where."""
    folder, tensors = tmp_path / "parts", theirs(model)
    folder.mkdir()
    names = sorted(tensors)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, part in parts.items():
        save_file({name: tensors[name] for name in part}, folder / file)
    weight_map = {name: file for file, part in parts.items() for name in part}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "config.json").write_text(json.dumps(config_json()))
    return folder, index, weight_map


def test_several_files(tmp_path):
    model = random_model()
    folder, index, weight_map = sharded(tmp_path, model)
    require_equal(model, load(folder))
    require_equal(model, load(index))
    first, second = sorted(weight_map)[:2]
    for changed, message in (
        ({**weight_map, first: "../x.safetensors"}, r"files beside it; got '../x.safetensors'"),
        ({**weight_map, first: "c.safetensors"}, r"which is not beside it|says is in 'c.saf"),
        (
            {**weight_map, first: weight_map[second]},
            r"holds .* which model.safetensors.index.json says",
        ),
        ({**weight_map, "more": weight_map[first]}, r"names 'more', which is in none of its files"),
        ({**weight_map, first: 3}, r"must have a weight_map"),
        ([], r"must have a weight_map"),
    ):
        index.write_text(json.dumps({"weight_map": changed}))
        with pytest.raises(FormatError, match=message):
            load(folder)


NAME = "transformer.ln_f.bias"


OTHER = "transformer.ln_f.weight"


LIES = {
    "offsets beyond the end": (lambda h: h[NAME].update(data_offsets=[10**9, 10**9 + 32]), "gap"),
    "offsets turned round": (lambda h: h[NAME].update(data_offsets=[32, 0]), "data_offsets leave"),
    "two in one place": (
        lambda h: h[NAME].update(data_offsets=h[OTHER]["data_offsets"]),
        "overlaps|gap",
    ),
    "a larger shape": (lambda h: h[NAME].update(shape=[10**12]), "needs 4,000,000,000,000 bytes"),
    "a shape that overflows": (lambda h: h[NAME].update(shape=[2**62, 4]), "data_offsets leave"),
    "a negative shape": (lambda h: h[NAME].update(shape=[-8]), "must be integers"),
    "a true shape": (lambda h: h[NAME].update(shape=[True] * 2), "must be integers"),
    "many axes": (lambda h: h[NAME].update(shape=[1] * 100), "must be integers"),
    "no dtype": (lambda h: h[NAME].pop("dtype"), "must have a dtype"),
    "an odd dtype": (lambda h: h[NAME].update(dtype="F128"), "'F128', which is not known"),
    "a list": (lambda h: h.update({NAME: [1]}), "must have a dtype"),
    "less than there is": (lambda h: h.pop("transformer.wte.weight"), "gap|must have"),
}


@pytest.mark.parametrize("lie", LIES)
def test_headers_that_lie(tmp_path, lie):
    folder = folder_with(tmp_path, theirs(random_model()), config_json())
    rewritten(folder / "model.safetensors", LIES[lie][0])
    with pytest.raises(FormatError, match=LIES[lie][1]) as refused:
        load(folder)
    assert str(folder / "model.safetensors") in str(refused.value)


def test_files_that_are_cut_off_or_too_long(tmp_path):
    folder = folder_with(tmp_path, theirs(random_model()), config_json())
    path = folder / "model.safetensors"
    content = path.read_bytes()
    for cut in (0, 4, 8, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(FormatError, match=r"model\.safetensors"):
            load(folder)
    path.write_bytes(content + b"more")
    with pytest.raises(FormatError, match=r"must have [\d,]+ bytes, as its header says; it has"):
        load(folder)
    path.write_bytes((2**63).to_bytes(8, "little") + content[8:])
    with pytest.raises(FormatError, match="must fit into"):
        load(folder)
    path.write_bytes((9 << 20).to_bytes(8, "little") + b"{}".ljust(9 << 20))
    with pytest.raises(FormatError, match="at most 8,388,608 are read"):
        load(folder)
    with path.open("wb") as stream:  # a hole: 40 MB that take no room
        stream.write((40 << 20).to_bytes(8, "little") + b"{")
        stream.truncate(41 << 20)
    with pytest.raises(FormatError, match="at most 33,554,432 are read"):
        load(folder)


def test_a_file_that_shrinks_while_it_is_read(tmp_path):
    folder = folder_with(tmp_path, theirs(random_model()), config_json())
    path = folder / "model.safetensors"
    source = model_file.open_model(path)
    os.truncate(path, path.stat().st_size - 8)
    last = max(source.shapes, key=lambda name: source.labels[name])
    with pytest.raises(FormatError, match="ends 8 bytes too early"):
        source.read_into(last, np.empty(source.shapes[last], np.float32))


@FUZZ
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(tmp_path, content):
    for name, start in (("x.safetensors", b""), ("x", len(content).to_bytes(8, "little") + b"{")):
        (tmp_path / name).write_bytes(start + content)
        loads_or_refuses(tmp_path / name)


@FUZZ
@given(st.data())
def test_any_change_is_refused_or_read(tmp_path, data):
    folder = folder_with(tmp_path, theirs(random_model()), config_json())
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    end = 8 + int.from_bytes(content[:8], "little")
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, end))] = data.draw(st.sampled_from(b'0129{}[]",:FT\xff '))
    path.write_bytes(bytes(content))
    loads_or_refuses(path)


@FUZZ
@given(st.dictionaries(st.text(max_size=5), JSON) | JSON)
def test_any_index_is_refused(tmp_path, weight_map):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(FormatError) as refused:
        load(tmp_path)
    assert str(index) in str(refused.value)
