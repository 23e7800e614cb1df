"""NumPy's functions of a tensor: the operation of that name, or a sentence that names one."""

import warnings

import numpy as np
import pytest

import microgpt as mg
from microgpt import ops
from microgpt.errors import StateError


@pytest.fixture
def weight():
    return mg.Tensor(np.arange(1.0, 7.0).reshape(2, 3), requires_grad=True)


FUNCTIONS = {
    "exp": (np.exp, np.exp),
    "log": (np.log, np.log),
    "tanh": (np.tanh, np.tanh),
    "sqrt": (np.sqrt, np.sqrt),
    "square": (np.square, np.square),
    "abs": (np.abs, np.abs),
    "array + t": (lambda t: np.ones((2, 3)) + t, lambda t: 1 + t),
    "array - t": (lambda t: np.ones(3) - t, lambda t: 1 - t),
    "array * t": (lambda t: np.full((2, 3), 2.0) * t, lambda t: 2 * t),
    "array / t": (lambda t: np.ones((2, 3)) / t, lambda t: 1 / t),
    "array @ t": (lambda t: np.ones((1, 2)) @ t, lambda t: np.ones((1, 2)) @ t),
    "NumPy's number * t": (lambda t: np.float64(2) * t, lambda t: 2 * t),
    "NumPy's number ** t": (lambda t: np.float32(2) ** t, lambda t: 2**t),
    "np.add": (lambda t: np.add(t, t), lambda t: t + t),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_these_are_operations_with_a_gradient(weight, name):
    call, expected = FUNCTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = call(weight)
    assert isinstance(result, mg.Tensor)
    np.testing.assert_allclose(result.numpy(), expected(weight.numpy()), rtol=1e-14)
    assert mg.gradcheck(call, [weight])


REFUSED = {
    "concatenate": (lambda W: np.concatenate([W, W]), r"np\.concatenate .* mg\.ops\.cat"),
    "vstack": (lambda W: np.vstack([W, W]), r"mg\.ops\.cat"),
    "stack": (lambda W: np.stack([W, W]), r"mg\.ops\.stack"),
    "where": (lambda W: np.where(W > 2, W, 0), r"mg\.ops\.where"),
    "clip": (lambda W: np.clip(W, 0, 1), r"clip\(x, min, max\)"),
    "outer": (lambda W: np.outer(W[0], W[0]), r"mg\.ops\.outer"),
    "maximum": (lambda W: np.maximum(W, 0), r"mg\.ops\.relu"),
    "std": (np.std, r"np\.std .* x\.std\(axis\)"),
    "var": (lambda W: np.var(W, axis=0), r"x\.var\(axis\)"),
    "mean": (np.mean, r"x\.mean\(axis\)"),
    "sum": (np.sum, r"x\.sum\(axis\)"),
    "add.reduce": (np.add.reduce, r"x\.sum\(axis\)"),
    "reshape": (lambda W: np.reshape(W, (3, 2)), r"x\.reshape"),
    "transpose": (np.transpose, r"x\.transpose"),
    "einsum": (lambda W: np.einsum("ij->j", W), "transpose and sum"),
    "norm": (np.linalg.norm, r"np\.linalg\.norm .* \*\* 0\.5"),
    "sin": (np.sin, r"np\.sin of t\.numpy\(\)"),
    "cumsum": (np.cumsum, r"np\.cumsum of t\.numpy\(\)"),
    "asarray": (np.asarray, r"t\.numpy\(\) for its numbers"),
    "array of tensors": (lambda W: np.array([W, W]), "stack, cat"),
    "array of losses": (lambda W: np.array([W.sum(), W.sum()]), "stack, cat"),
    "Tensor of tensors": (lambda W: mg.Tensor([W.sum(), W.sum()]), "stack, cat"),
    "a list in an operation": (lambda W: W[0, :2] + [W.sum(), W.sum()], "stack, cat"),
    "array += t": (lambda W: np.ones((2, 3)).__iadd__(W), r"np\.add of a tensor"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_these_would_lose_the_gradient(weight, name):
    call, advice = REFUSED[name]
    with pytest.raises(StateError, match=advice):
        call(weight)


def test_without_a_gradient_to_lose_a_tensor_is_read_like_an_array(weight):
    plain = weight.detach()
    assert np.std(plain) == np.std(weight.numpy())
    assert np.concatenate([plain, plain]).shape == (4, 3)
    assert np.sin(plain).tolist() == np.sin(weight.numpy()).tolist()
    assert np.asarray(plain, np.float32).dtype == np.float32
    with mg.no_grad():
        assert np.sum(weight) == 21
        assert np.asarray(weight).shape == (2, 3)
    array = np.zeros((2, 3))
    array += plain
    assert array.tolist() == weight.numpy().tolist()


def test_what_has_no_gradient_needs_none(weight):
    assert np.shape(weight) == (2, 3)
    assert np.allclose(weight, weight.numpy())
    assert np.argmax(weight) == 5
    assert not np.isnan(weight).any()
    assert (np.ones((2, 3)) == weight).sum() == 1


def test_logits_with_a_history_are_sampled(weight):
    assert mg.next_token(weight[0]).token == 2
    assert ops.softmax(weight[0]).requires_grad
