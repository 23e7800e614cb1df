"""`microgpt train` on a folder of token shards."""

import numpy as np
import pytest
from cli_runs import SMALL, losses

from microgpt.cli import main


def test_train_on_a_folder_of_shards(tmp_path, capsys):
    folder, out = tmp_path / "tokens", tmp_path / "run"
    tokenize = ["tokenize", "story", str(folder), "--tokenizer", "bpe:300", "--val-tokens", "500"]
    assert main(tokenize) == 0
    command = ["train", "--backend", "numpy", "--corpus", str(folder), "--preset", "gpt2-small"]
    assert main([*command, *SMALL, "--steps", "6", "--eval-every", "3", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "Shards(" in text
    assert "validation loss" in text
    again = ["train", "--backend", "numpy", "--resume", str(out), "--steps", "8"]
    assert main(again) == 0
    assert len(losses(out)[0]) == 8
    (folder / "val.bin").unlink()
    (folder / "tokenizer.json").write_text("[]")
    assert main([*command, *SMALL, "--out", str(out)]) == 1
    assert "tokenizer.json describes no tokenizer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tokenizer", "gpt2"], "--tokenizer must be left out for a folder whose tokenizer.json"),
        (["--format", "text"], "--format must be left out for token shards; got text"),
        (
            ["--val-fraction", "0.1"],
            "--val-fraction must be left out for a folder with validation shards; got 0.1",
        ),
    ],
)
def test_what_a_folder_of_shards_says_itself(tmp_path, capsys, options, message):
    folder = str(tmp_path / "shards")
    assert main(["tokenize", "story", folder, "--tokenizer", "bpe:300", "--val-tokens", "99"]) == 0
    capsys.readouterr()
    assert main(["train", "--corpus", folder, "--out", str(tmp_path / "run"), *options]) == 1
    assert message in capsys.readouterr().err


def test_a_damaged_shard_is_found_before_training(tmp_path, capsys):
    folder = tmp_path / "shards"
    assert main(["tokenize", "story", str(folder), "--tokenizer", "bpe:300",
                 "--val-tokens", "99"]) == 0  # fmt: skip
    shard = np.fromfile(folder / "train.bin", "<u2")
    shard[-5] = 60_000
    shard.tofile(folder / "train.bin")
    capsys.readouterr()
    assert main(["train", "--corpus", str(folder), "--out", str(tmp_path / "run")]) == 1
    said = capsys.readouterr()
    assert "is 60,000, but the vocabulary has 300 tokens" in said.err
    assert "GPT(" not in said.out


def test_a_corpus_is_read_again_as_it_was(tmp_path, capsys):
    file = tmp_path / "texts.txt"
    file.write_text("ab\nba<|endoftext|>" * 4)
    common = ["train", "--out", str(tmp_path / "run"), "--num-samples", "1"]
    options = ["--corpus", str(file), "--special", "--distinct", "--val-fraction", "0"]
    assert main([*common, *options, "--steps", "2"]) == 0
    assert "1 line, such as 'ab\\nba'" in capsys.readouterr().out
    assert main([*common, "--resume", str(tmp_path / "run"), "--steps", "3"]) == 0
    assert "1 line, such as 'ab\\nba'" in capsys.readouterr().out
    assert main([*common, "--resume", str(tmp_path / "run"), "--special"]) == 1
    assert "--special must be left out with --resume" in capsys.readouterr().err


def test_train_on_the_folders_of_nanogpt(tmp_path, capsys, data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    tokens = np.array([6109, 3626, 6100, 345, 11, 50256, 13, 262] * 60, np.uint16)
    command = ["train", "--backend", "numpy", "--preset", "gpt2-small", *SMALL, "--steps", "1"]
    command += ["--num-samples", "0", "--out", str(tmp_path / "run"), "--corpus"]
    folder, arrays = tmp_path / "openwebtext", tmp_path / "edu_fineweb"
    for path in (folder, arrays):
        path.mkdir()
    for part in ("train", "val"):
        tokens.tofile(folder / f"{part}.bin")
        for number in range(2):
            np.save(arrays / f"edufineweb_{part}_{number:06}.npy", tokens)
    for path, count in ((folder, "480 tokens in 1 file"), (arrays, "960 tokens in 2 files")):
        assert main([*command, str(path)]) == 0
        printed = capsys.readouterr().out
        assert count in printed
        assert "validation loss" in printed
    np.save(folder / "train.npy", tokens)
    assert main([*command, str(folder)]) == 1
    assert "train.bin and train.npy, which may be the same tokens" in capsys.readouterr().err


def test_characters_of_nanogpt_are_not_taken_for_gpt2_s_tokens(tmp_path, capsys):
    folder = tmp_path / "shakespeare_char"
    folder.mkdir()
    np.array([18, 47, 56, 1, 0] * 90, np.uint16).tofile(folder / "train.bin")
    (folder / "meta.pkl").write_bytes(b"\x80\x04.")
    assert main(["train", "--corpus", str(folder), "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert "meta.pkl names the characters of these tokens and is a pickle, which is not" in error
    assert "input.txt" in error
