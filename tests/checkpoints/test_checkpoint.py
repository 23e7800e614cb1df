"""Checkpoints: round trips, hostile files, and a crash that loses nothing."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peaks import PEAK
from safetensors.numpy import save as serialised

import microgpt as mg
from microgpt.errors import FormatError


def test_a_checkpoint_keeps_the_tokenizer(tmp_path):
    trained = mg.load_corpus("story").tokenizer("bpe:400")
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=400), seed=1, backend="numpy")
    path = mg.save(tmp_path, model, trained)
    assert mg.load(path, backend="numpy").tokenizer.to_dict() == trained.to_dict()


CONFIG = mg.GPTConfig(vocab_size=5, block_size=4, n_embd=8, n_head=2, bias=True)


@pytest.fixture
def model():
    return mg.GPT(CONFIG, seed=3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_saved_comes_back(tmp_path, backend, dtype):
    model = mg.GPT(CONFIG, seed=3, dtype=dtype)
    tokenizer = mg.tokenizers.CharTokenizer("éłab")
    path = mg.save(tmp_path / "run", model, tokenizer, {"steps": 7})
    assert path == tmp_path / "run" / "model.safetensors"
    for source in (tmp_path / "run", path, str(path)):
        checkpoint = mg.load(source)
        assert checkpoint.model.config == CONFIG
        assert checkpoint.model.backend.name == backend
        assert checkpoint.tokenizer.characters == tokenizer.characters
        assert checkpoint.metadata == {"steps": 7}
        for name, weights in model.state_dict().items():
            loaded = checkpoint.model.state_dict()[name]
            assert loaded.dtype == weights.dtype
            np.testing.assert_array_equal(loaded, weights)
    tokens = [0, 1, 2]
    np.testing.assert_array_equal(model(tokens).numpy(), checkpoint.model(tokens).numpy())


def test_no_tokenizer_is_fine(tmp_path, model):
    mg.save(tmp_path / "m.safetensors", model)
    assert mg.load(tmp_path / "m.safetensors").tokenizer is None
    assert os.listdir(tmp_path) == ["m.safetensors"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_crash_while_saving_loses_nothing(tmp_path, model, monkeypatch, moment):
    path = mg.save(tmp_path, model)
    before = path.read_bytes()

    def crash(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, moment, crash)
    with pytest.raises(OSError, match="No space left"):
        mg.save(tmp_path, mg.GPT(CONFIG, seed=4))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_nothing_there(tmp_path):
    with pytest.raises(FormatError, match=r"no checkpoint at .*nowhere"):
        mg.load(tmp_path / "nowhere")


def test_truncated_and_corrupted_files(tmp_path, model):
    path = mg.save(tmp_path, model)
    content = path.read_bytes()
    for cut in (0, 4, 8, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(FormatError, match="is not a microgpt checkpoint"):
            mg.load(path)
    path.write_bytes(b"\xff" * 8 + content[8:])
    with pytest.raises(FormatError, match="is not a microgpt checkpoint"):
        mg.load(path)


def write(path, arrays, header):
    metadata = None if header is None else {"microgpt": json.dumps(header)}
    path.write_bytes(serialised(arrays, metadata))
    return path


def header(**changes):
    from dataclasses import asdict

    return {"format": 1, "config": asdict(CONFIG), "tokenizer": None, "metadata": {}} | changes


def config(**changes):
    return header()["config"] | changes


FOREIGN = {
    "another program": (None, "written by another program"),
    "another format": (header(format=2), "format 1"),
    "no config": ({"format": 1}, "config"),
    "unknown field": (
        header(config=config(rotary=True)),
        "a field of GPTConfig must be .*; got 'rotary'",
    ),
    "unknown norm": (
        header(config=config(norm="batchnorm")),
        "norm must be one of 'rmsnorm', 'layernorm'",
    ),
    "huge": (header(config=config(vocab_size=10**9)), "do not fit its configuration"),
    "deep": (header(config=config(n_layer=10**9)), "cannot come from"),
    "endless": (
        header(config=config(position="none", block_size=10**12)),
        "block_size must be at most 16,777,216; got 1,000,000,000,000",
    ),
    "text": (header(config=config(n_embd="8")), "n_embd must be a positive integer"),
    "not a truth": (header(config=config(bias="false")), "bias must be True or False"),
    "infinite": (header(config=config(init_std=float("inf"))), "init_std must be"),
    "a word for a tokenizer": (header(tokenizer="char"), "described by a dictionary"),
    "half a character": (
        header(tokenizer={"type": "char", "characters": "abc\ud800", "bos": True}),
        "must be whole",
    ),
    "wrong tokenizer": (
        header(tokenizer={"type": "char", "characters": "abcdefgh", "bos": True}),
        "tokenizer has 9 tokens, its model 5",
    ),
    "odd tokenizer": (header(tokenizer={"type": "pickle"}), "'pickle' is not known"),
    "list": ([1, 2], "must be a JSON object; got list"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_headers(tmp_path, model, name):
    head, message = FOREIGN[name]
    path = write(tmp_path / "m.safetensors", model.state_dict(), head)
    with pytest.raises(FormatError, match=message):
        mg.load(path)


def test_layers_are_counted_by_their_tensors():
    layers = mg.GPTConfig.preset("gpt2-124M", n_layer=100)
    assert len(layers.parameter_shapes(max_tensors=1204)) == 1204
    with pytest.raises(mg.ShapeError, match="100 layers of 12 tensors cannot come from 1199"):
        layers.parameter_shapes(max_tensors=1199)


def test_no_name_stands_twice_in_a_header(tmp_path, model):
    path = mg.save(tmp_path, model)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    text, numbers = content[8 : 8 + length].rstrip(), content[8 + length :]
    twice = text[:-1] + b',"wte.weight":' + json.dumps(json.loads(text)["wte.weight"]).encode()
    notes = {"microgpt": '{"format": 1, "format": 1}'}
    for changed in (twice + b"}", serialised_header(text, notes)):
        path.write_bytes(len(changed).to_bytes(8, "little") + changed + numbers)
        with pytest.raises(FormatError, match=r"comes twice") as refused:
            mg.load(path)
        assert str(path) in str(refused.value)


def serialised_header(text, notes):
    return json.dumps(json.loads(text) | {"__metadata__": notes}).encode()


def test_a_header_has_a_limit_both_ways(tmp_path, model, monkeypatch):
    from microgpt.checkpoints import safetensors_header, safetensors_io

    metadata = {"text": "x" * (9 << 20)}  # more than is read of other programs' files
    path = mg.save(tmp_path, model, metadata=metadata)
    for load in (mg.load, mg.load_pretrained):
        assert load(path).metadata == metadata
    monkeypatch.setattr(safetensors_header.read_header, "__defaults__", (1 << 20,))
    with pytest.raises(FormatError, match=r"header has 9,43\d,\d+ bytes; at most 1,048,576"):
        mg.load(path)
    monkeypatch.setattr(safetensors_io, "MAX_HEADER_BYTES", 1 << 20)
    before = path.read_bytes()
    with pytest.raises(mg.SettingError, match=r"at most 1,048,576 bytes, .*; got 9,43"):
        mg.save(tmp_path, model, metadata=metadata)
    assert path.read_bytes() == before


def test_foreign_weights(tmp_path, model):
    weights = model.state_dict()
    del weights["wpe.weight"]
    path = write(tmp_path / "m.safetensors", weights, header())
    with pytest.raises(FormatError, match=r"wpe\.weight.* differs"):
        mg.load(path)
    weights = {name: array.astype(np.float16) for name, array in model.state_dict().items()}
    path = write(tmp_path / "m.safetensors", weights, header())
    with pytest.raises(FormatError, match="float32 or float64"):
        mg.load(path)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_any_bytes_give_a_model_or_a_format_error(tmp_path, data):
    path = mg.save(tmp_path, mg.GPT(CONFIG, seed=3), mg.tokenizers.CharTokenizer("abcd"))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, min(len(content), 1500) - 1))
        content[index] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    error = None
    try:
        mg.load(path)
    except FormatError as refused:
        error = refused
    assert error is None or str(path) in str(error)


def test_the_header_is_plain_json(tmp_path, model):
    from safetensors import safe_open

    with safe_open(mg.save(tmp_path, model), framework="np") as opened:
        assert json.loads(opened.metadata()["microgpt"])["config"]["n_embd"] == 8


def test_the_library_reads_what_is_written(tmp_path, model):
    from safetensors.numpy import load_file

    found = load_file(mg.save(tmp_path, model))
    for name, weight in model.state_dict().items():
        np.testing.assert_array_equal(found[name], weight)
    assert set(found) == set(model.state_dict())


MEMORY = f"""{PEAK}
import numpy as np
import microgpt as mg
mg.use("numpy")
config = mg.GPTConfig(vocab_size=40_000, n_embd=256, n_head=4)
if sys.argv[1] == "save":
    model = mg.GPT(config)
    import microgpt.checkpoints
    forget()
    before = peak()
    mg.save(sys.argv[2], model)
else:
    mg.load  # the modules are there
    forget()
    before = peak()
    model = mg.load(sys.argv[2]).model
print((peak() - before) / sum(w.array.nbytes for _, w in model.named_parameters()))
"""


def test_no_second_copy_in_memory(tmp_path):
    """Of 82 MB of weights, saving takes next to nothing more, and loading their own size."""
    shares = []
    for what in ("save", "load"):
        run = subprocess.run(
            [sys.executable, "-c", MEMORY, what, str(tmp_path)],
            capture_output=True, text=True, env={**os.environ, "MICROGPT_POISON": "0"},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        shares.append(float(run.stdout))
    assert shares[0] < 0.2
    assert 0.9 < shares[1] < 1.3
