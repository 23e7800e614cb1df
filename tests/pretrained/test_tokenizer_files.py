"""The tokenizer beside a model's weights, or GPT-2's where nothing describes another."""

import json
from dataclasses import replace

import pytest
from huggingface_files import byte_pairs
from random_gpt2 import SMALL

import microgpt as mg
from microgpt.errors import FormatError
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
    decoder = tmp_path / "gpt2_tokenizer.bin"

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
    content = json.dumps(gpt2.to_dict())
    (tmp_path / "tokenizer.json").write_text(content)
    assert found().merges == gpt2.merges
    (tmp_path / "tokenizer.json").write_text(content.replace("bpe", "unigram"))
    with pytest.raises(FormatError, match=r"tokenizer.json describes no tokenizer of microgpt"):
        found()
