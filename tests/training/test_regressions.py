"""Bugs that were found once, each by its name."""

import ast
import copy
import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

import microgpt as mg
from microgpt import nn, ops
from microgpt.data import DocumentBatches, TextBatches
from microgpt.errors import (
    SettingError,
    ShapeError,
    StateError,
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


def test_held_out_lines_are_taken_from_the_whole_list():
    lines = tuple("a" * (1 + i // 100) for i in range(1000))
    tokenizer = mg.tokenizers.CharTokenizer("a")
    batches = DocumentBatches(lines, tokenizer, 16)
    lengths = [int((row >= 0).sum()) for _, targets in batches.eval_batches(10) for row in targets]
    assert lengths == list(range(2, 12))
    windows = list(TextBatches("ab" * 500, mg.tokenizers.CharTokenizer("ab"), 4).eval_batches(3))
    assert sum(len(tokens) for tokens, _ in windows) == 3


def test_a_parameter_listed_twice():
    w = leaf(2)
    with pytest.raises(ShapeError, match="listed twice"):
        mg.SGD([w, w], 0.1)


def test_an_interrupt_during_evaluation(monkeypatch):
    corpus = mg.load_corpus("names-mini")
    trainer = mg.Trainer(mg.GPT(mg.GPTConfig()), corpus, mg.TrainConfig(steps=20, eval_every=5))

    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "evaluate", interrupt)
    assert len(trainer.run()) == 5
    assert trainer.optimizer._step[0] == 5


def test_a_model_that_blows_up_stops_training(tmp_path):
    run = microgpt("train", "--steps", "5000", "--lr", "1e30", "--out", str(tmp_path / "run"))
    assert run.returncode == 1
    assert "the loss became nan at step" in run.stderr
    assert "smaller --lr" in run.stderr


def test_an_optimiser_on_a_leaf_whose_flag_was_set_later(backend):
    w = mg.Tensor([1.0, 2.0])
    w.requires_grad = True
    optimizer = mg.SGD([w], 0.1)
    (w * w).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(w.data, [0.8, 1.6], rtol=1e-6)
    optimizer.zero_grad()
    assert not w.grad.any()
    x = mg.Tensor(np.array([1.0, 2.0]))
    x.requires_grad = True
    assert mg.gradcheck(lambda x: (x * x).sum(), [x])
    assert not x.grad.any()


def test_an_interrupt_while_a_batch_is_made(monkeypatch):
    from microgpt.data import batches

    corpus = mg.load_corpus("names-mini")
    trainer = mg.Trainer(mg.GPT(mg.GPTConfig()), corpus, mg.TrainConfig(steps=30))
    calls, pad = [], batches.pad

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return pad(*arguments)

    monkeypatch.setattr(batches, "pad", interrupted)
    assert len(trainer.run()) == 9
    assert trainer.interrupted
    assert len(trainer.run()) == 30


def test_an_optimiser_is_not_copied(backend):
    with pytest.raises(StateError, match="make a new one"):
        copy.deepcopy(mg.SGD(mg.GPT(mg.GPTConfig()), 0.1))


def test_repeats_are_removed_without_a_held_out_part_too():
    corpus = mg.load_corpus(text="ab\nab\nba\nab")
    model = mg.GPT(mg.GPTConfig(vocab_size=3))
    assert len(mg.Trainer(model, corpus, mg.TrainConfig(val_fraction=0.0)).train_data) == 2


def test_two_texts_are_no_text():
    from microgpt.data import Corpus

    with pytest.raises(SettingError, match="one text; got 2 texts"):
        Corpus("x", ("abc", "xyz"), "text")


def test_a_last_step_that_breaks_the_weights_is_not_saved(tmp_path):
    out = tmp_path / "run"
    run = microgpt("train", "--steps", "1", "--lr", "1e39", "--out", str(out))
    assert run.returncode == 1
    assert "smaller --lr" in run.stderr
    assert not (out / "model.safetensors").exists()
