"""Bugs that were found once, each by its name."""

import ast
import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

import microgpt as mg
from microgpt import nn, ops
from microgpt.errors import (
    FormatError,
    NotWritable,
    SettingError,
)


def leaf(*shape, seed=0, **options):
    return mg.Tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True, **options)


class Pair(NamedTuple):
    first: mg.Tensor
    second: int


def microgpt(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "microgpt", *arguments],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


def cached(heads=2, places=4, size=3, rows=1):
    """Queries, keys and values of one more token, and what they are attended with."""
    keys = np.zeros((rows, heads, places, size), np.float32)
    qkv = mg.Tensor(np.ones((rows, 1, 3 * heads * size), np.float32))
    return qkv, keys, keys.copy(), np.zeros(1, np.int32)


class Shouting(mg.GPT):
    def __call__(self, tokens, cache=None):
        return super().__call__(tokens, cache) * 2


class OwnMLP(nn.Module):
    def __init__(self):
        self.weight = mg.Tensor(np.full((16, 16), 0.1), requires_grad=True, dtype="float32")
        self.same = self.weight
        self.rows = {"shift": [mg.Tensor(np.ones(16, np.float32), requires_grad=True)]}

    def __call__(self, x, residual):
        return residual + ops.linear(x, self.same, self.rows["shift"][0])


PRODUCTS = ("matmul", "dot", "vdot", "vecdot", "inner", "outer", "einsum", "tensordot")


def _name(node):
    return node.attr if isinstance(node, ast.Attribute) else node.name


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
