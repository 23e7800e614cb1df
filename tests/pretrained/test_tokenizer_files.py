"""The tokenizer beside a model's weights, or GPT-2's where nothing describes another."""

import json
from dataclasses import replace

from huggingface_files import byte_pairs
from random_gpt2 import SMALL

import microgpt as mg
from microgpt.pretrained import tokenizer_files
from microgpt.pretrained.llmc import tokenizer_file


def test_gpt2_s_tokenizer_is_found_without_a_network(tmp_path, data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    model = mg.GPT(replace(SMALL, vocab_size=50257), backend="numpy")
    folder = mg.save_pretrained(tmp_path, model)
    tokenizer = mg.load_pretrained(folder, backend="numpy").tokenizer
    assert tokenizer.encode("Every effort moves you") == [6109, 3626, 6100, 345]


def test_gpt2_s_tokenizer_is_not_given_to_a_model_with_another(tmp_path, monkeypatch):
    file, gpt2 = tmp_path / "model.safetensors", byte_pairs()  # which is read faster than GPT-2's
    config = replace(SMALL, vocab_size=gpt2.vocab_size)
    monkeypatch.setitem(tokenizer_files.PRESETS, "gpt2-124M", config)
    monkeypatch.setattr(tokenizer_files, "_local_gpt2", lambda: gpt2)
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
