"""`save_pretrained`: exact round trips, tokenizers, and what is refused before writing."""

import json
import os
import threading
from dataclasses import replace

import numpy as np
import pytest
from huggingface_files import byte_pairs, theirs
from random_gpt2 import SMALL, load, random_model, require_equal
from safetensors.numpy import load_file

import microgpt as mg
from microgpt.backends import LOCK
from microgpt.errors import FormatError, NotWritable, SettingError
from microgpt.pretrained import export
from microgpt.pretrained.llmc.tokenizer_file import read_tokenizer


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


def is_locked():
    """Whether a thread beside this one would have to wait for the lock."""
    acquired = []

    def acquire():
        acquired.append(LOCK.acquire(blocking=False))
        if acquired[0]:
            LOCK.release()

    thread = threading.Thread(target=acquire)
    thread.start()
    thread.join()
    return not acquired[0]


@pytest.mark.parametrize(
    ("format", "module", "name"),
    [
        ("huggingface", export, "write_safetensors"),
        ("llmc", export.model_writer, "_write_array"),
    ],
)
def test_no_thread_trains_the_model_while_it_is_written(
    tmp_path, monkeypatch, format, module, name
):
    write, locked = getattr(module, name), []

    def watched(*args):
        locked.append(is_locked())
        write(*args)

    monkeypatch.setattr(module, name, watched)
    mg.save_pretrained(tmp_path, random_model(), format=format)
    assert locked
    assert all(locked)
    assert not is_locked()


def test_the_library_reads_what_is_written(tmp_path):
    model = random_model()
    tensors = load_file(mg.save_pretrained(tmp_path, model) / "model.safetensors")
    assert tensors.keys() == theirs(model).keys()
    for name, array in theirs(model).items():
        np.testing.assert_array_equal(tensors[name], array)


def test_what_hugging_face_wrote_is_written_again(tmp_path, fixtures):
    source = fixtures / "hf" / "tiny"
    folder = mg.save_pretrained(tmp_path, load(source))
    before, after = (load_file(path / "model.safetensors") for path in (source, folder))
    assert before.keys() == after.keys()
    for name in before:
        np.testing.assert_array_equal(after[name], before[name])
    output, expected = (json.loads((path / "config.json").read_text()) for path in (folder, source))
    for name in output.keys() - {"bos_token_id", "eos_token_id"}:
        assert output[name] == expected[name], name


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
        for format in export.FORMATS:
            with pytest.raises(SettingError, match=message):
                mg.save_pretrained(tmp_path / "out", model, format=format)
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
    for format, names in (
        ("huggingface", "vocab.json, tokenizer_config.json|merges.txt"),
        ("llmc", "gpt2_tokenizer.bin"),
    ):
        folder = tmp_path / format
        mg.save_pretrained(folder, model, tokenizer, format=format)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(NotWritable, match=rf"({names}).*, which would be taken for the tokeni"):
            mg.save_pretrained(folder, random_model(), format=format)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        mg.save_pretrained(folder, model, tokenizer, format=format)


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


@pytest.mark.parametrize("format", ["llmc", "huggingface"])
def test_biases_that_a_model_does_not_have_are_written_as_zeros(tmp_path, format):
    config = mg.GPTConfig.preset(
        "gpt2-small-char", qkv_bias=False, n_layer=2, n_embd=16, block_size=8
    )
    model = mg.GPT(config, backend="numpy")
    mg.save_pretrained(tmp_path / "out", model, format=format)
    again = mg.load_pretrained(tmp_path / "out", backend="numpy", n_head=4).model
    assert again.config.has_qkv_bias
    assert not again.h[1].attn.c_attn.bias.numpy().any()
    tokens = np.arange(8)
    np.testing.assert_allclose(again(tokens).numpy(), model.eval()(tokens).numpy(), atol=1e-6)


def test_nothing_is_written_if_a_part_is_refused(tmp_path):
    model = random_model(replace(SMALL, vocab_size=256))
    endless = mg.tokenizers.BPETokenizer([], special_tokens=())
    with pytest.raises(
        mg.SettingError, match=r"a token that ends a text, for llm.c's file; got one without"
    ):
        mg.save_pretrained(tmp_path / "out", model, endless, format="llmc")
    for name in ("m.safetensors", "gpt2_tokenizer.bin"):
        with pytest.raises(
            mg.SettingError,
            match=rf"path must be a folder, or a file named NAME\.bin, for llm\.c; got .*{name}",
        ):
            mg.save_pretrained(tmp_path / "out" / name, model, format="llmc")
    assert not os.listdir(tmp_path)


def test_special_tokens_and_their_roles_go_with_it(tmp_path):
    tokenizer = mg.tokenizers.BPETokenizer(
        [(99, 100)], ["<s>", "</s>", "<pad>"], num_leading_special=2,
        bos_token="<s>", eos_token="</s>",
    )  # fmt: skip
    model = random_model(replace(SMALL, vocab_size=tokenizer.vocab_size))
    folder = mg.save_pretrained(tmp_path / "out", model, tokenizer)
    config = json.loads((folder / "config.json").read_text())
    assert (config["bos_token_id"], config["eos_token_id"]) == (0, 1)
    loaded = mg.load_pretrained(folder, backend="numpy")
    assert loaded.tokenizer.to_dict() == tokenizer.to_dict()
    require_equal(model, loaded.model)
    file = mg.save_pretrained(tmp_path / "c", model, tokenizer, format="llmc")
    tokens, eos_token_id = read_tokenizer(file.with_name("gpt2_tokenizer.bin"))
    assert (tokens[0], tokens[-1:], eos_token_id) == (b"<s>", [b"<pad>"], 1)
