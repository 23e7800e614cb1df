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


def test_a_cache_of_another_size(backend):
    model = mg.GPT(mg.GPTConfig(position="none"))
    with mg.no_grad():
        with pytest.raises(ShapeError, match="for 1 rows; got 64"):
            model(np.ones((64, 1), np.int32), mg.KVCache(model))
        cache = mg.KVCache(model)
        for _ in range(16):
            model([[1]], cache)
        with pytest.raises(ShapeError, match="16 are in, 1 more"):
            model([[1]], cache)
        wide = mg.GPT(mg.GPTConfig(n_embd=256, position="none"))
        with pytest.raises(ShapeError, match="made for another model"):
            wide([[1]], mg.KVCache(model))
        other = mg.GPT(mg.GPTConfig(position="none"), dtype="float64")
        with pytest.raises(ShapeError, match="made for another model"):
            other([[1]], mg.KVCache(model))
    with pytest.raises(StateError, match="no gradient flows through a cache"):
        model([[1]], mg.KVCache(model))


def test_a_cache_is_for_its_own_model_and_stays_in_bounds(backend):
    model, twin = mg.GPT(mg.GPTConfig()), mg.GPT(mg.GPTConfig())
    cache = mg.KVCache(model)
    with mg.no_grad():
        with pytest.raises(ShapeError, match="another model"):
            twin([[1]], cache)
        model([[1, 2, 3]], cache)
    for count in (-4, 14):
        with pytest.raises(ShapeError, match="do not fit"):
            cache.advance(count)


def test_a_hook_reaches_every_generated_token(backend):
    from microgpt.autograd import engine

    model = mg.GPT(mg.GPTConfig(init_std=0.5), dtype="float64")
    tokens = [1, 2, 3, 4]

    def silence(name, node):
        return node * 0 if name.endswith("attn.weights") else node

    with mg.no_grad(), engine.hook_activations(silence):
        full = model(tokens).numpy()[-1]
        cache = mg.KVCache(model)
        model([tokens[:3]], cache)
        np.testing.assert_allclose(model([tokens[3:]], cache).numpy()[0, -1], full, atol=1e-13)
    assert not np.allclose(model(tokens).numpy()[-1], full)


@pytest.mark.parametrize("decomposed", [False, True])
def test_a_token_beyond_the_cache_is_refused(backend, decomposed):
    from microgpt.autograd import engine

    qkv, keys, values, position = cached()
    query = mg.Tensor(np.ones((1, 2, 1, 3), np.float32))
    wte, wpe = leaf(5, 2), leaf(4, 2)
    calls = [
        lambda: ops.decode_self_attention(qkv, keys, values, position, 2),
        lambda: ops.decode_attention(query, keys, values, position),
        lambda: ops.token_position_embedding(wte, wpe, np.zeros((1, 1), np.int32), position),
    ]
    with engine.decomposed() if decomposed else mg.no_grad():
        for call in calls:
            for place in (-1, 4, 2**31 - 1):
                position[0] = place
                with pytest.raises(ShapeError, match=f"from place {place} on.* 4 places"):
                    call()
            assert not keys.any()
            position[0] = 3
            call()
            keys[...] = values[...] = 0
        position[0] = 3
        with pytest.raises(ShapeError, match="2 more from place 3"):
            ops.token_position_embedding(wte, wpe, np.zeros((1, 2), np.int32), position)


@pytest.mark.parametrize("decomposed", [False, True])
def test_a_cache_of_another_shape_is_refused(backend, decomposed):
    from microgpt.autograd import engine

    qkv, keys, values, position = cached()
    with engine.decomposed() if decomposed else mg.no_grad():
        for shape in [(2, 2, 4, 3), (1, 3, 4, 3), (1, 2, 4, 2), (2, 4, 3)]:
            other = np.zeros(shape, np.float32)
            with pytest.raises(ShapeError, match=r"needs keys and values \(B, H, S, D\)"):
                ops.decode_self_attention(qkv, other, other, position, 2)
        with pytest.raises(ShapeError, match="needs keys and values"):
            ops.decode_self_attention(qkv, keys, values[:, :, :3].copy(), position, 2)
        two = mg.Tensor(np.ones((1, 2, 18), np.float32))
        with pytest.raises(ShapeError, match=r"one more token \(B, H, 1, D\)"):
            ops.decode_self_attention(two, keys, values, position, 2)
        with pytest.raises(ShapeError, match=r"needs q \(B, H, 1, D\)"):
            ops.decode_attention(mg.Tensor(np.ones((2, 3))), keys, values, position)
        for place in (0, np.zeros(2, np.int32), np.zeros(1, np.int64)):
            with pytest.raises(ShapeError, match=r"an int32 array \(1,\)"):
                ops.decode_self_attention(qkv, keys, values, place, 2)


def test_a_view_of_a_changed_model_looks_at_its_copy():
    from microgpt.widgets.logits_source import ModelLogits

    corpus = mg.load_corpus(text="ab\nba\nabba")
    model = mg.GPT(mg.GPTConfig(vocab_size=3), backend="numba")
    model.h[0].mlp = OwnMLP()
    source = ModelLogits("mine", model, corpus.tokenizer())
    assert source.model.backend.name == "numpy"
    assert isinstance(source.model.h[0].mlp, OwnMLP)
    expected = model([0]).numpy()[-1]
    np.testing.assert_allclose(source.next_token_logits(1, (0,)), expected, rtol=1e-5, atol=1e-6)


def test_a_prompt_needs_the_head_at_its_last_place_only(backend):
    model = mg.GPT(mg.GPTConfig(), dtype="float64")
    tokens = np.array([[1, 2, 3], [4, 5, 6]], np.int32)
    with mg.no_grad():
        every = model(tokens).numpy()
        last = mg.capture(lambda ids: model.next_token_logits(ids))
        for _ in range(3):
            np.testing.assert_allclose(last(tokens).numpy(), every[:, -1], rtol=1e-13)
        assert last.launches()[-1].shapes[0] == (2, 27)
        np.testing.assert_allclose(
            model.next_token_logits([1, 2, 3]).numpy(), every[:1, -1], rtol=1e-13
        )
        cache = mg.KVCache(model, 2)
        model.next_token_logits(tokens[:, :2], cache)
        assert cache.length == 2
        np.testing.assert_allclose(
            model.next_token_logits(tokens[:, 2:], cache).numpy(), every[:, -1], rtol=1e-12
        )
        loud = Shouting(mg.GPTConfig(), dtype="float64")
        np.testing.assert_allclose(
            loud.next_token_logits(tokens).numpy(), 2 * every[:, -1], rtol=1e-13
        )
    assert list(mg.generate(loud, [1], 3)) == list(mg.generate(loud, [1], 3))
