"""Bugs that were found once, each by its name."""

import ast
import warnings
from pathlib import Path

import numpy as np
import pytest
from leaf_tensors import leaf

import microgpt as mg
from microgpt import ops
from microgpt.errors import (
    CaptureError,
    SettingError,
    ShapeError,
)

PRODUCTS = ("matmul", "dot", "vdot", "vecdot", "inner", "outer", "einsum", "tensordot")


def test_transposing_by_negative_axes(backend):
    assert mg.gradcheck(lambda x: x.transpose(0, -1, -2), [leaf(2, 3, 4)])
    assert mg.gradcheck(lambda x: x.transpose(-1, 0), [leaf(2, 3)])


def test_single_ids_keep_their_shape(backend):
    w = leaf(5, 2)
    for token in (3, np.array(3), np.array(3, np.int32), np.int64(3)):
        assert ops.embedding(token, w).shape == (2,)
    assert ops.cross_entropy(leaf(5), 3).shape == ()


def test_raw_errors_that_became_sentences():
    w = leaf(2, 3)
    with pytest.raises(ShapeError, match="one length"):
        mg.GPT(mg.GPTConfig())([[1, 2], [3]])
    with pytest.raises(TypeError, match="axis must be a whole number"):
        w.sum(axis="0")
    with pytest.raises(ShapeError, match="attention needs"):
        ops.causal_attention(leaf(2, 0), leaf(2, 0), leaf(2, 0))
    with pytest.raises(ValueError, match="not a real number"):
        mg.Value(-8.0) ** 0.5
    for odd in ("2", None, [1.0], 1j):
        with pytest.raises(TypeError, match="a Value works with numbers"):
            mg.Value(odd)
    with pytest.raises(ValueError, match="above 0; got 0"):
        mg.Value(0.0).log()
    with pytest.raises(ZeroDivisionError, match="0 cannot be divided by"):
        mg.Value(1.0) / mg.Value(0.0)
    with pytest.raises(SettingError, match="GPTConfig; got int"):
        mg.GPT(27)
    with pytest.raises(SettingError, match=r"corpus must be what load_corpus returns.*; got str"):
        mg.Trainer(mg.GPT(), "names-mini")
    with pytest.raises(SettingError, match="TrainConfig; got dict"):
        mg.Trainer(mg.GPT(), mg.load_corpus("names-mini"), {"steps": 3})
    with pytest.raises(CaptureError, match="takes a function"):
        mg.capture(3)
    assert f"{mg.Value(2.0) * 3:.2f} {mg.Tensor([6.0]).sum():.2f}" == "6.00 6.00"
    with pytest.raises(SettingError, match="eps"):
        mg.TrainConfig(eps=-1)
    with pytest.raises(SettingError, match="max_new_tokens"):
        mg.generate(mg.GPT(mg.GPTConfig()), [0], -5)
    with pytest.raises(mg.DtypeError, match="integers"):
        mg.generate(mg.GPT(mg.GPTConfig()), [26.9], 2)


def test_things_that_were_refused_without_need(backend):
    assert mg.GPTConfig(vocab_size=np.int64(27)).vocab_size == 27
    assert mg.next_token([1.0, 2.0], top_k=np.int64(1)).num_kept == 1
    np.testing.assert_array_equal(ops.cross_entropy_per_token(leaf(2, 3), [-1, -1]).numpy(), [0, 0])
    product = np.ones((2, 2)) @ leaf(2, 3)
    assert product.shape == (2, 3)
    assert np.isnan(mg.Value(float("nan")).relu().data)
    assert mg.Tensor(np.ones(2, ">f8")).dtype == np.float64


def test_a_softmax_of_negative_scale(backend):
    with pytest.raises(SettingError, match="above 0"):
        ops.causal_softmax(leaf(2, 2), -1.0)


def test_no_heads_and_no_such_part():
    x = leaf(1, 4, 12)
    for n_head in (0, -1, 2.0):
        with pytest.raises(SettingError, match=f"got {n_head}"):
            ops.self_attention(x, n_head)
        with pytest.raises(SettingError, match=f"n_head={n_head}"):
            ops.split_heads(x, n_head)
    for part, parts in ((5, 1), (-1, 3), (3, 3), (0, 0)):
        with pytest.raises(SettingError, match=f"part={part}, parts={parts}"):
            ops.split_heads(x, 2, part, parts)


def test_no_matrix_product_warns(backend):
    """A processor's flag says nothing of the result; what is infinite or NaN stands in it."""
    far, near = mg.Tensor([[np.inf, 1e30]]), mg.Tensor([[0.0], [1e30]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan((far @ near).numpy()).all()
        assert np.isnan(ops.linear(far, mg.Tensor([[0.0, 1.0]])).numpy()).all()
        assert ops.linear(mg.Tensor([[1e30]]), mg.Tensor([[1e30]])).item() == np.inf
        with np.errstate(all="raise"):
            assert (mg.Tensor([[1e-30]]) @ mg.Tensor([[1e-30]])).item() == 0


def test_one_file_alone_asks_numpy_for_a_matrix_product():
    folder = Path(mg.__file__).parent / "backends" / "numpy_ref"
    for path in folder.glob("*.py"):
        products = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.MatMult)
            or (isinstance(node, ast.Attribute) and node.attr in PRODUCTS)
            or (isinstance(node, ast.ImportFrom) and node.module == "numpy")
        ]
        assert not products or path.name == "_matmul.py", path
