"""`microgpt tokenize`."""

import json

import numpy as np
import pytest

from microgpt import tokenizers
from microgpt.cli import main
from microgpt.data import (
    load_corpus,
    open_shard,
    split_sections,
)

PREFIX = "23f3 0106 99fa 000d 0274 c450 58db c038 0325 0019 00c6 23f3 0106 99fa 0000 0274"


def test_tinyshakespeare_is_tokenised_as_llm_c_does(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    assert main(["tokenize", "tinyshakespeare", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    for part in ("338,028 tokens of a vocabulary of 50,257, in 7,222 sections", "32,768 tokens"):
        assert part in said
    train = open_shard(tmp_path / "out" / "train.bin", vocab_size=50257)
    val = open_shard(tmp_path / "out" / "val.bin", vocab_size=50257)
    assert (len(train), len(val)) == (305260, 32768)
    assert " ".join(f"{token:04x}" for token in train[:16]) == PREFIX
    assert val[:4].tolist() == [50256, 5962, 22307, 25]


def test_the_command_with_characters(tmp_path, capsys):
    out = tmp_path / "out"
    command = ["tokenize", "story", str(out), "--tokenizer", "char", "--val-tokens"]
    assert main([*command, "100"]) == 0
    assert f"saved: {out / 'val.bin'}, 100 tokens" in capsys.readouterr().out
    corpus = load_corpus("story")
    tokens = [*open_shard(out / "val.bin"), *open_shard(out / "train.bin")]
    assert corpus.tokenizer().decode(tokens) == corpus[0]
    kept = tokenizers.from_dict(json.loads((out / "tokenizer.json").read_text("utf-8")))
    assert kept.decode(tokens) == corpus[0]
    assert main([*command, "0"]) == 1
    assert "val.bin is from another run" in capsys.readouterr().err
    assert main([*command, "999999999"]) == 1
    assert "--val-tokens must be below the corpus's" in capsys.readouterr().err
    assert main([*command, "-1"]) == 1
    assert "--val-tokens must be a non-negative integer" in capsys.readouterr().err
    assert main([*command, str(len(corpus[0]))]) == 1  # nothing would be left to train on
    assert "--val-tokens must be below the corpus's" in capsys.readouterr().err
    assert main([*command, str(len(corpus[0]) - 1)]) == 0
    assert len(open_shard(out / "train.bin")) == 1
    (out / "val.bin").unlink()
    assert main([*command, "0"]) == 0
    assert len(open_shard(out / "train.bin")) == len(corpus[0])
    assert not (out / "val.bin").exists()


@pytest.mark.parametrize("name", ["names-mini", "story"])
def test_the_command_trains_a_tokenizer(tmp_path, name):
    out = tmp_path / "out"
    command = ["tokenize", name, str(out), "--tokenizer", "bpe:300", "--val-tokens", "10"]
    assert main(command) == 0
    shards = [open_shard(out / f"{part}.bin", vocab_size=300) for part in ("val", "train")]
    kept = tokenizers.from_dict(json.loads((out / "tokenizer.json").read_text("utf-8")))
    corpus = load_corpus(name)
    documents = list(corpus) if corpus.format == "lines" else split_sections(corpus[0])
    marks = np.flatnonzero(np.concatenate(shards) == kept.bos_token_id)
    found = np.split(np.concatenate(shards), marks)[1:]
    assert len(shards[0]) == 10
    assert [kept.decode(tokens[1:].tolist()) for tokens in found] == documents


def test_special_and_distinct(tmp_path, capsys):
    file = tmp_path / "texts.txt"
    file.write_text("one\ntwo<|endoftext|>three\n<|endoftext|>")
    command = ["tokenize", str(file), str(tmp_path / "out"), "--tokenizer", "char"]
    assert main([*command, "--format", "text", "--special", "--val-tokens", "0"]) == 0
    assert "in 2 documents" in capsys.readouterr().out
    kept = tokenizers.from_dict(json.loads((tmp_path / "out" / "tokenizer.json").read_text()))
    tokens = open_shard(tmp_path / "out" / "train.bin").tolist()
    assert tokens == kept.encode("one\ntwo", bos=True) + kept.encode("three\n", bos=True)
    names = tmp_path / "names.txt"
    names.write_text("anna\nbo\nanna\n")
    command = ["tokenize", str(names), str(tmp_path / "out2"), "--tokenizer", "char"]
    assert main([*command, "--val-tokens", "0"]) == 0
    assert "3 lines, 1 of them repeats" in capsys.readouterr().out
    assert main([*command, "--distinct", "--val-tokens", "0"]) == 0
    assert "2 lines, such as" in capsys.readouterr().out


def test_a_separator_that_is_read_as_characters_is_noted(tmp_path, capsys):
    file = tmp_path / "texts.txt"
    file.write_text("one<|endoftext|>two")
    main(["tokenize", str(file), str(tmp_path / "out"), "--val-tokens", "0"])
    assert "1 time, which is read as 13 characters; --special makes it" in capsys.readouterr().err
