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
from microgpt.errors import (
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


def test_copies_of_a_model(backend):
    model = mg.GPT(mg.GPTConfig())
    other = copy.deepcopy(model)
    assert other.loss([1, 2], [2, 3]).item() == model.loss([1, 2], [2, 3]).item()
    other.wte.weight.data[...] = 0
    assert model.wte.weight.data.any()
    assert len(mg.Adam(other.parameters()).flat_segments) == 1


def test_weights_in_lists_tuples_and_dictionaries_are_found():
    class Model(nn.Module):
        def __init__(self):
            self.a = [leaf(1), (leaf(2), {"deep": leaf(3)})]
            self.b = {"part": nn.Linear(2, 2, nn.ParameterFactory(np.random.default_rng(0)))}

    names = [name for name, _ in Model().named_parameters()]
    assert names == ["a.0", "a.1.0", "a.1.1.deep", "b.part.weight"]


def test_frozen_weights_are_saved_and_copied(tmp_path, backend):
    model = mg.GPT(mg.GPTConfig())
    model.wte.weight.requires_grad = False
    mg.save(tmp_path, model)
    assert "wte.weight" in mg.load(tmp_path).model.state_dict()
    assert model.parameter_count() == 4192
    assert len(model.parameters()) == len(list(model.named_parameters())) - 1
    assert not copy.deepcopy(model).wte.weight.requires_grad


@pytest.mark.parametrize("other", ["numpy", "numba"])
def test_a_copy_keeps_class_and_parts(backend, other):
    model = Shouting(mg.GPTConfig(dropout=0.1))
    model.h[0].mlp = OwnMLP()
    model.lm_head.weight.requires_grad = False
    model.h[0].attn.eval()
    tied = model.h[0].mlp
    for twin in (copy.deepcopy(model), model.copy(), model.copy(other)):
        assert type(twin) is Shouting
        assert twin.config == model.config
        assert twin.h[0].mlp is not tied
        assert twin.h[0].mlp.same is twin.h[0].mlp.weight
        assert not twin.h[0].attn.training
        assert twin.training
        flags = [(name, weight.requires_grad) for name, weight in model.named_parameters()]
        assert flags == [(name, weight.requires_grad) for name, weight in twin.named_parameters()]
        with mg.no_grad():
            np.testing.assert_allclose(
                twin([1, 2]).numpy(), model([1, 2]).numpy(), rtol=1e-5, atol=1e-6
            )
        twin.h[0].mlp.weight.data[...] = 0
        assert model.h[0].mlp.weight.data.all()
        store = twin.wte.weight.array.base
        assert all(weight.array.base is store for _, weight in twin.named_parameters())
    assert model.copy(other).backend.name == other
    with pytest.raises(mg.BackendUnavailable):
        model.copy("gpu")


def test_seeds_and_types_of_a_model_are_checked():
    for seed in (-1, 1.5, True, "a", 2**63):
        with pytest.raises(SettingError, match="seed must be"):
            mg.GPT(seed=seed)
    for dtype in ("abc", "int32", "float16", None, 3):
        with pytest.raises(mg.DtypeError, match="float32 or float64; got dtype"):
            mg.GPT(dtype=dtype)
    assert mg.GPT(dtype=np.float64).wte.weight.dtype == np.float64
