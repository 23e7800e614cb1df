"""Bugs that were found once, each by its name."""

import os
import subprocess
import sys

import pytest

import microgpt as mg
from microgpt.errors import (
    FormatError,
    NotWritable,
    SettingError,
)


def microgpt(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "microgpt", *arguments],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_checkpoints_follow_the_umask(tmp_path):
    before = os.umask(0o022)
    try:
        path = mg.save(tmp_path, mg.GPT(mg.GPTConfig()))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_ascii_terminal_loses_nothing(tmp_path):
    out = tmp_path / "run"
    run = microgpt("train", "--steps", "3", "--out", str(out), PYTHONIOENCODING="ascii")
    assert run.returncode == 0, run.stderr
    assert (out / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reference", "--steps", "0"], "--steps must be a positive integer"),
        (["reference", "--engine", "value", "--replay"], "nothing to replay"),
        (["train", "--out", "/proc/nope"], "nothing can be saved in /proc/nope"),
        (["train", "--corpus", "/proc"], "is a folder"),
        (["train", "--lr", "inf"], "finite"),
        (["train", "--seed", str(2**70)], "--seed must be an integer from 0 to"),
        (["sample", "x", "--max-new-tokens", "0"], "--max-new-tokens must be a positive integer"),
        (["train", "--n-embd", "4000000000000"], "memory"),
    ],
)
def test_more_sentences(arguments, message):
    run = microgpt(*arguments)
    assert run.returncode == 1
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_saving_over_a_file_that_is_no_checkpoint(tmp_path):
    corpus = tmp_path / "mine.txt"
    corpus.write_text("anna\nbo\n")
    with pytest.raises(NotWritable, match="there already"):
        mg.save(corpus, mg.GPT(mg.GPTConfig()))
    run = microgpt("train", "--corpus", str(corpus), "--steps", "2", "--out", str(corpus))
    assert run.returncode == 1
    assert corpus.read_text() == "anna\nbo\n"
    with pytest.raises(FormatError, match="not a microgpt checkpoint"):
        mg.load(corpus)


def test_notes_on_training_are_a_dictionary(tmp_path):
    with pytest.raises(SettingError, match="must be a dictionary; got list"):
        mg.save(tmp_path, mg.GPT(mg.GPTConfig()), metadata=[[1, 2]])
    assert list(tmp_path.iterdir()) == []
