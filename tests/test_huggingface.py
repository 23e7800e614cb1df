"""Hugging Face's files: equal numbers, exact round trips, hostile files, the hub, and memory."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peaks import PEAK
from safetensors.numpy import load_file, save_file

import microgpt as mg
from microgpt.cli.main import main
from microgpt.errors import DownloadError, FormatError, NotWritable, SettingError
from microgpt.pretrained import export, tokenizer_files
from microgpt.pretrained.huggingface import config, hub, weights
from microgpt.pretrained.llmc import tokenizer_file

SMALL = mg.GPTConfig.preset(
    "gpt2-124M", vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8, init_std=0.3
)
MATRICES = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
FUZZ = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def random_model(config=SMALL, seed=3):
    """Every weight is drawn, those of norms too."""
    model, rng = mg.GPT(config, seed=seed, backend="numpy"), np.random.default_rng(seed)
    for parameter in model.parameters():
        parameter.data += rng.normal(0, 0.1, parameter.shape).astype(np.float32)
    return model


def theirs(model, prefix="transformer."):
    """The weights under Hugging Face's names, matrices of blocks as (in, out)."""
    return {
        prefix + name: np.ascontiguousarray(array.T)
        if name.endswith(tuple(f"{matrix}.weight" for matrix in MATRICES))
        else array
        for name, array in model.state_dict().items()
    }


def config_json(**changes):
    return {"vocab_size": 11, "n_positions": 6, "n_layer": 2, "n_head": 2, "n_embd": 8} | changes


def folder_with(tmp_path, tensors, config=None):
    """A folder that the library of safetensors wrote."""
    folder = tmp_path / "model"
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def rewritten(path, change):
    """The file with its header's JSON changed, its length put right."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


def load(path, **options):
    return mg.load_pretrained(path, backend="numpy", **options).model


def require_equal(model, other):
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], array, err_msg=name)


# Weights in.


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


def test_a_loaded_model_is_in_evaluation_mode(tmp_path):
    folder = folder_with(tmp_path, theirs(random_model()), config_json())
    model = load(folder)
    assert model.config.dropout == 0.1  # GPT-2's, where config.json says nothing
    tokens = np.array([[1, 2, 3]])
    losses = {model.loss(tokens, tokens).item() for _ in range(3)}
    assert len(losses) == 1
    model.train()
    assert len({model.loss(tokens, tokens).item() for _ in range(3)}) > 1


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
        wanted = {name: half.astype(np.float32) for name, half in halves.items()}
    else:  # the upper halves of float32, which NumPy has no type for
        halves = {
            name: (array.view(np.uint32) >> 16).astype("u2") for name, array in tensors.items()
        }
        wanted = {
            name: (half.astype(np.uint32) << 16).view(np.float32) for name, half in halves.items()
        }
    folder = folder_with(tmp_path, halves, config_json())
    rewritten(
        folder / "model.safetensors",
        lambda header: [entry.update(dtype=dtype) for name, entry in header.items()],
    )
    loaded = theirs(load(folder))
    for name, array in wanted.items():
        np.testing.assert_array_equal(loaded[name], array)


@pytest.mark.parametrize(("dtype", "name"), [(np.float64, "float64"), (np.int32, "int32")])
def test_other_number_types_are_refused_by_name(tmp_path, dtype, name):
    tensors = {name: array.astype(dtype) for name, array in theirs(random_model()).items()}
    folder = folder_with(tmp_path, tensors, config_json())
    with pytest.raises(FormatError, match=rf"model.safetensors: .* has dtype {name}; float32, fl"):
        load(folder)


def test_an_output_head_of_its_own_is_refused(tmp_path):
    tensors = theirs(random_model())
    tensors["lm_head.weight"] = tensors["transformer.wte.weight"] + np.float32(1e-3)
    folder = folder_with(tmp_path, tensors, config_json())
    with pytest.raises(FormatError, match=r"lm_head.weight must equal transformer.wte.weight"):
        load(folder)


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


UNSUPPORTED = {
    "activation_function": "relu",
    "layer_norm_epsilon": 1e-6,
    "model_type": "llama",
    "scale_attn_weights": False,
    "scale_attn_by_inverse_layer_idx": True,
    "add_cross_attention": True,
    "n_inner": 64,
    "n_layer": 10**15,
    "n_head": 3,
    "n_embd": "8",
    "vocab_size": -1,
    "n_positions": 1e300,
    "attn_pdrop": 7,
    "initializer_range": "0.02",
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_config_json_may_not_say(tmp_path, name):
    changes = {name: UNSUPPORTED[name]}
    if name.endswith("pdrop"):
        changes |= {"embd_pdrop": 7, "resid_pdrop": 7}
    folder = folder_with(tmp_path, theirs(random_model()), config_json(**changes))
    with pytest.raises(FormatError, match=r"model") as refused:
        load(folder)
    assert str(folder) in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "must be UTF-8"),
        (b"[1]", "must be a JSON object"),
        (b"{", "is not JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"n_layer": 1, "n_layer": 2}', "'n_layer' comes twice"),
        (b'{"n_embd": 8}', "must have vocab_size, n_positions, n_layer, n_head"),
        (b" " * (2 << 20), "JSON of at most"),
    ],
)
def test_config_json_that_is_none(tmp_path, content, message):
    folder = folder_with(tmp_path, theirs(random_model()))
    (folder / "config.json").write_bytes(content)
    with pytest.raises(FormatError, match=message) as refused:
        load(folder)
    assert str(folder / "config.json") in str(refused.value)


def sharded(tmp_path, model):
    """A model in two files, and the index that says what is where."""
    folder, tensors = tmp_path / "parts", theirs(model)
    folder.mkdir()
    names = sorted(tensors)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, part in parts.items():
        save_file({name: tensors[name] for name in part}, folder / file)
    places = {name: file for file, part in parts.items() for name in part}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    (folder / "config.json").write_text(json.dumps(config_json()))
    return folder, index, places


def test_several_files(tmp_path):
    model = random_model()
    folder, index, places = sharded(tmp_path, model)
    require_equal(model, load(folder))
    require_equal(model, load(index))
    first, second = sorted(places)[:2]
    for changed, message in (
        ({**places, first: "../x.safetensors"}, r"files beside it; got '../x.safetensors'"),
        ({**places, first: "c.safetensors"}, r"which is not beside it|says is in 'c.saf"),
        ({**places, first: places[second]}, r"holds .* which model.safetensors.index.json says"),
        ({**places, "more": places[first]}, r"names 'more', which is in none of its files"),
        ({**places, first: 3}, r"must have a weight_map"),
        ([], r"must have a weight_map"),
    ):
        index.write_text(json.dumps({"weight_map": changed}))
        with pytest.raises(FormatError, match=message):
            load(folder)


# Hostile files.


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
    source = weights.open_model(path)
    os.truncate(path, path.stat().st_size - 8)
    last = max(source.shapes, key=lambda name: source.labels[name])
    with pytest.raises(FormatError, match="ends 8 bytes too early"):
        source.read_into(last, np.empty(source.shapes[last], np.float32))


def loads_or_refuses(path):
    """Any file gives a model, or a FormatError that names it."""
    error = None
    try:
        load(path)
    except FormatError as refused:
        error = refused
    assert error is None or str(path.parent) in str(error)


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


ENTRIES = [*config_json(), "n_ctx", "n_inner", "initializer_range"]
ENTRIES += [*config._SUPPORTED, *config._DROPOUTS]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@FUZZ
@given(st.dictionaries(st.sampled_from(ENTRIES), JSON, max_size=3))
def test_any_config_json_is_refused_or_read(tmp_path, changes):
    folder = folder_with(tmp_path, theirs(random_model()), config_json(**changes))
    loads_or_refuses(folder / "model.safetensors")


@FUZZ
@given(st.dictionaries(st.text(max_size=5), JSON) | JSON)
def test_any_index_is_refused(tmp_path, places):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    with pytest.raises(FormatError) as refused:
        load(tmp_path)
    assert str(index) in str(refused.value)


# Weights out.


def test_round_trips_are_exact(tmp_path):
    model = random_model(replace(SMALL, dropout=0.2))
    weights = {name: array.copy() for name, array in model.state_dict().items()}
    weights["ln_f.bias"][:3] = -0.0, 1e-45, np.nextafter(np.float32(1), np.float32(2))
    model.load_state_dict(weights)
    folder = mg.save_pretrained(tmp_path / "out", model)
    loaded = load(folder)
    assert loaded.config == model.config
    for name, array in model.state_dict().items():
        assert loaded.state_dict()[name].tobytes() == array.tobytes()
    again = mg.save_pretrained(tmp_path / "again", loaded)
    for name in ("model.safetensors", "config.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_the_library_reads_what_is_written(tmp_path):
    model = random_model()
    tensors = load_file(mg.save_pretrained(tmp_path, model) / "model.safetensors")
    assert tensors.keys() == theirs(model).keys()
    for name, array in theirs(model).items():
        np.testing.assert_array_equal(tensors[name], array)


def test_what_hugging_face_wrote_is_written_again(tmp_path, fixtures):
    source = fixtures / "hf" / "tiny"
    folder = mg.save_pretrained(tmp_path, load(source))
    before, after = (load_file(place / "model.safetensors") for place in (source, folder))
    assert before.keys() == after.keys()
    for name in before:
        np.testing.assert_array_equal(after[name], before[name])
    said, known = (json.loads((place / "config.json").read_text()) for place in (folder, source))
    for name in said.keys() - {"bos_token_id", "eos_token_id"}:
        assert said[name] == known[name], name


def byte_pairs():
    return mg.tokenizers.train_bpe("the cat sat on the mat, the cat sat still\n" * 3, 270)


def test_the_tokenizer_goes_with_it(tmp_path):
    tokenizer = byte_pairs()
    model = random_model(replace(SMALL, vocab_size=tokenizer.vocab_size))
    folder = mg.save_pretrained(tmp_path / "out", model, tokenizer)
    ids = json.loads((folder / "vocab.json").read_text("utf-8"))
    assert ids["<|endoftext|>"] == tokenizer.eos_token_id
    assert sorted(ids.values()) == list(range(tokenizer.vocab_size))
    assert json.loads((folder / "config.json").read_text())["eos_token_id"] == len(ids) - 1
    loaded = mg.load_pretrained(folder, backend="numpy")
    text = "the cat sat in Ænother ☕ hat\n"
    assert loaded.tokenizer.encode(text, bos=True) == tokenizer.encode(text, bos=True)
    (folder / "merges.txt").write_text("#version: 0.2\nt h\n")
    (folder / "vocab.json").unlink()
    with pytest.raises(FormatError, match=r"merges.txt makes 258 tokens, but the model in model"):
        load(folder)


def test_gpt2_s_tokenizer_is_found_without_a_network(tmp_path, data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    model = mg.GPT(replace(SMALL, vocab_size=50257), backend="numpy")
    folder = mg.save_pretrained(tmp_path, model)
    tokenizer = mg.load_pretrained(folder, backend="numpy").tokenizer
    assert tokenizer.encode("Every effort moves you") == [6109, 3626, 6100, 345]


def test_only_the_shape_of_gpt2_can_be_written(tmp_path):
    for changes, message in (
        (
            {"activation": "relu"},
            "activation must be activation='gelu', as in GPT-2, .*; got 'relu'",
        ),
        (
            {"norm": "rmsnorm", "bias": False},
            "norm and bias must be norm='layernorm', bias=True, .*; got norm='rmsnorm', bias=False",
        ),
        ({"tie_weights": False}, "tie_weights must be tie_weights=True, .*; got False"),
    ):
        model = mg.GPT(replace(SMALL, **changes), backend="numpy")
        for kind in export.FORMATS:
            with pytest.raises(SettingError, match=message):
                mg.save_pretrained(tmp_path / "out", model, format=kind)
    assert not (tmp_path / "out").exists()


def test_what_save_pretrained_refuses(tmp_path):
    model = random_model()
    with pytest.raises(
        SettingError, match="format must be one of 'huggingface', 'llmc'; got 'onnx'"
    ):
        mg.save_pretrained(tmp_path, model, format="onnx")
    with pytest.raises(SettingError, match="model must be a GPT; got dict"):
        mg.save_pretrained(tmp_path, model.state_dict())
    with pytest.raises(
        SettingError, match="got CharTokenizer; write the weights alone with tokenizer=None"
    ):
        mg.save_pretrained(tmp_path, model, mg.tokenizers.CharTokenizer("abcdefghij"))
    with pytest.raises(
        SettingError, match="tokenizer must be one of the model's 11 tokens; got 270"
    ):
        mg.save_pretrained(tmp_path, model, byte_pairs())
    with pytest.raises(SettingError, match="path must be a folder"):
        mg.save_pretrained(tmp_path / "x.safetensors", model)
    assert list(tmp_path.iterdir()) == []
    mg.save(tmp_path, model)
    with pytest.raises(NotWritable, match="is a checkpoint of microgpt"):
        mg.save_pretrained(tmp_path, model)
    (tmp_path / "file").touch()
    with pytest.raises(NotWritable, match="file"):
        mg.save_pretrained(tmp_path / "file", model)


@pytest.mark.parametrize("value", [None, "0.02", True, [0.02], float("nan")])
def test_an_initializer_range_that_is_no_number(tmp_path, value):
    folder = folder_with(tmp_path, theirs(random_model()), config_json(initializer_range=value))
    with pytest.raises(FormatError, match=r"config.json does not describe a GPT-2: init_std must"):
        load(folder)


def test_a_pattern_that_the_files_cannot_say_is_refused(tmp_path):
    tokenizer = mg.tokenizers.train_bpe("the cat sat on the mat\n" * 9, 262, pattern=r"\S+|\s+")
    model = random_model(replace(SMALL, vocab_size=tokenizer.vocab_size))
    with pytest.raises(SettingError, match=r"splits texts with GPT-2's pattern.*; got '.*\+'"):
        mg.save_pretrained(tmp_path / "out", model, tokenizer)
    assert not (tmp_path / "out").exists()
    file = mg.save_pretrained(tmp_path / "c", model, tokenizer, format="llmc")  # it only decodes
    assert file.with_name("gpt2_tokenizer.bin").is_file()


def test_no_model_comes_with_the_tokenizer_of_another(tmp_path):
    tokenizer = byte_pairs()
    model = random_model(replace(SMALL, vocab_size=tokenizer.vocab_size))
    for kind, names in (
        ("huggingface", "vocab.json, tokenizer_config.json|merges.txt"),
        ("llmc", "gpt2_tokenizer.bin"),
    ):
        folder = tmp_path / kind
        mg.save_pretrained(folder, model, tokenizer, format=kind)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(NotWritable, match=rf"({names}).*, which would be taken for the tokeni"):
            mg.save_pretrained(folder, random_model(), format=kind)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        mg.save_pretrained(folder, model, tokenizer, format=kind)


def test_two_programs_models_in_one_folder_are_refused(tmp_path):
    mg.save_pretrained(tmp_path, random_model())
    file = mg.save_pretrained(tmp_path, random_model(seed=4), format="llmc")
    with pytest.raises(FormatError, match=r"2 models, model.safetensors, model.bin; give the path"):
        load(tmp_path)
    require_equal(random_model(seed=4), load(file))
    file.unlink()
    (tmp_path / "model.ckpt.index").touch()
    with pytest.raises(FormatError, match=r"holds 2 models, model.safetensors, model.ckpt.index;"):
        load(tmp_path)


def test_gpt2_s_tokenizer_is_not_given_to_a_model_with_another(tmp_path, data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    file, gpt2 = tmp_path / "model.safetensors", mg.tokenizers.gpt2()
    config = replace(SMALL, vocab_size=50257)
    decoder, described_in = tmp_path / "gpt2_tokenizer.bin", tmp_path / "tokenizer.json"

    def found():
        return tokenizer_files.find_tokenizer(file, config)

    assert found() is not None
    tokenizer_file.write_tokenizer(decoder, gpt2)
    assert found().merges == gpt2.merges
    content = bytearray(decoder.read_bytes())
    content[1024 + 1] ^= 1  # the first token's only byte
    for wrong in (content, b"cut"):
        decoder.write_bytes(wrong)
        assert found() is None
    decoder.unlink()
    described = {
        "model": {"vocab": mg.tokenizers.get_vocab(gpt2),
                  "merges": mg.tokenizers.format_merges(gpt2).split("\n")[1:-1]},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
    }  # fmt: skip
    described_in.write_text(json.dumps(described))
    assert found().merges == gpt2.merges
    described_in.write_text(json.dumps(gpt2.to_dict()))
    assert found().merges == gpt2.merges
    described["model"]["merges"] = [line.split() for line in described["model"]["merges"]]
    described_in.write_text(json.dumps(described))
    assert found().merges == gpt2.merges
    for part, name, value in (
        ("pre_tokenizer", "add_prefix_space", True),
        ("model", "merges", described["model"]["merges"][::-1]),
        ("model", "merges", [7]),
        ("model", "vocab", {}),
    ):
        described_in.write_text(json.dumps({**described, part: {**described[part], name: value}}))
        assert found() is None
    for wrong in ("[]", "{}", '{"model": {}, "pre_tokenizer": 1}', "no JSON"):
        described_in.write_text(wrong)
        assert found() is None


def test_a_disk_that_fills_leaves_what_was_there(tmp_path, monkeypatch):
    folder = mg.save_pretrained(tmp_path, random_model())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        mg.save_pretrained(folder, random_model(seed=4))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_float64_is_rounded(tmp_path):
    model = mg.GPT(SMALL, dtype="float64", backend="numpy")
    loaded = load(mg.save_pretrained(tmp_path, model))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(loaded.state_dict()[name], array.astype(np.float32))


def test_export(tmp_path, capsys):
    tokenizer = byte_pairs()
    model = random_model(replace(SMALL, vocab_size=tokenizer.vocab_size))
    mg.save(tmp_path / "run", model, tokenizer)
    places = {"huggingface": tmp_path / "hf", "llmc": tmp_path / "c" / "small.bin"}
    for kind, place in places.items():
        command = ["export", str(tmp_path / "run"), str(place), "--format", kind]
        assert main([*command, "--backend", "numpy"]) == 0
        said = capsys.readouterr()
        assert f"saved: {place}" in said.out
        assert said.err == ""
        require_equal(model, load(place))
    assert (tmp_path / "c" / "gpt2_tokenizer.bin").is_file()
    require_equal(model, load(tmp_path / "c"))
    assert main(["export", "names", str(tmp_path / "x"), "--backend", "numpy"]) == 1
    assert "tie_weights and bias must be" in capsys.readouterr().err
    letters = mg.GPT(SMALL, backend="numpy")
    mg.save(tmp_path / "letters", letters, mg.tokenizers.CharTokenizer("abcdefghij"))
    bare = ["export", str(tmp_path / "run"), str(tmp_path / "bare"), "--no-tokenizer"]
    assert main([*bare, "--backend", "numpy"]) == 0
    assert capsys.readouterr().err == ""
    assert sorted(path.name for path in (tmp_path / "bare").iterdir()) == [
        "config.json", "model.safetensors",
    ]  # fmt: skip
    command = ["export", str(tmp_path / "letters"), str(tmp_path / "y"), "--backend", "numpy"]
    assert main(command) == 0
    assert "note: a CharTokenizer has no file" in capsys.readouterr().err


# The hub.


class Hub(BaseHTTPRequestHandler):
    """What the library asks of the hub: what a file is (HEAD), and its bytes from a place on."""

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        server = self.server
        server.asked.append((self.command, self.path, self.headers.get("Range")))
        place, _, file = self.path.rpartition("/")
        path = server.folder / file
        if not place.startswith("/openai-community/gpt2/resolve/") or not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", "1" * 40)
        self.send_header("ETag", f'"{server.etags.get(file) or sha256(content)}"')
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", span)
        self.end_headers()
        if with_body:
            cut = server.cuts.pop(file, None)
            self.wfile.write(content[start:cut])
            self.close_connection = cut is not None

    def log_message(self, *_):
        pass


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A hub on this machine with a small `gpt2`, and an empty cache for the library."""
    from huggingface_hub import constants

    tokenizer = byte_pairs()
    model = random_model(replace(SMALL, vocab_size=tokenizer.vocab_size))
    found = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    found.folder = mg.save_pretrained(tmp_path / "published", model, tokenizer)
    (found.folder / "vocab.json").unlink()  # ids in GPT-2's order need none
    found.asked, found.etags, found.cuts, found.model = [], {}, {}, model
    address = f"http://127.0.0.1:{found.server_address[1]}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        address + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 500)
    monkeypatch.chdir(tmp_path)
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    with found:
        yield found
        found.shutdown()
        thread.join()


def test_gpt2_is_fetched_once(server):
    require_equal(server.model, load("gpt2"))
    assert {path.rsplit("/", 1)[1] for kind, path, _ in server.asked if kind == "GET"} >= set(
        hub.FILES
    )
    server.asked.clear()
    checkpoint = mg.load_pretrained("openai-community/gpt2", backend="numpy")
    require_equal(server.model, checkpoint.model)
    assert checkpoint.tokenizer.vocab_size == 270
    assert server.asked == []


def test_a_download_goes_on_where_it_broke_off(server):
    server.cuts["model.safetensors"] = 1000
    require_equal(server.model, load("gpt2"))
    ranges = [given for command, _, given in server.asked if command == "GET" and given]
    assert [given.startswith("bytes=1000-") for given in ranges] == [True]


def test_a_damaged_download_is_deleted(server, tmp_path):
    server.etags["model.safetensors"] = "0" * 64
    with pytest.raises(DownloadError, match=r"model.safetensors arrived damaged.*try again"):
        load("gpt2")
    assert not list((tmp_path / "hub").rglob("model.safetensors"))
    server.etags.clear()
    require_equal(server.model, load("gpt2"))


def test_what_has_no_checksum_is_said(tmp_path):
    (tmp_path / "merges.txt").touch()
    for etag in (None, "W/1"):
        with pytest.warns(UserWarning, match="merges.txt could not be verified: the hub named no"):
            hub._verify_checksum(tmp_path / "merges.txt", etag)


def test_no_network(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match=r"'gpt2-xl' could not be fetched .*put config.json, m"):
        load("gpt2-xl")


def test_a_file_that_the_hub_lacks(server):
    (server.folder / "merges.txt").unlink()
    with pytest.raises(DownloadError, match="'gpt2' could not be fetched"):
        load("gpt2")


def test_without_the_library(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(DownloadError, match=r'pip install "microgpt-lab\[hub\]"; or do without: p'):
        load("gpt2")


def test_a_folder_of_that_name_wins(tmp_path, monkeypatch):
    model = random_model()
    monkeypatch.chdir(tmp_path)
    mg.save_pretrained("gpt2", model)
    with pytest.warns(UserWarning, match="gpt2 is read; the published 'gpt2' is loaded where"):
        require_equal(model, load("gpt2"))
    require_equal(model, load(tmp_path / "gpt2"))


# Memory.

MEASURE = f"""{PEAK}
import microgpt as mg

mg.GPT(backend="numpy")  # what is loaded on first use is no part of it
list(mg.generate(mg.load_pretrained("names", backend="numpy").model, [0], 3))
mg.load_pretrained(sys.argv[1], backend="numpy")
forget()
before = peak()
model = mg.load_pretrained(sys.argv[2], backend="numpy").model
loaded = peak()
list(mg.generate(model, [1, 2, 3], 16, temperature=0))
print(4 * model.parameter_count(), loaded - before, peak() - before)
"""


def test_loading_takes_no_more_than_the_weights(tmp_path):
    large = replace(SMALL, n_embd=512, n_head=8, n_layer=4, vocab_size=3000, block_size=64)
    small = mg.save_pretrained(tmp_path / "small", random_model())
    folder = mg.save_pretrained(tmp_path / "large", mg.GPT(large, seed=1, backend="numpy"))
    environment = {name: text for name, text in os.environ.items() if "POISON" not in name}
    said = subprocess.run(
        [sys.executable, "-c", MEASURE, str(small), str(folder)],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    weights, loaded, generated = map(int, said.split())
    assert weights > 50e6
    assert 0.9 * weights < loaded < 1.1 * weights
    assert generated < 1.3 * weights
    shutil.rmtree(folder)
