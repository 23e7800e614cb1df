"""Tensors are copied and pickled, or say why not."""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest

import microgpt as mg
from microgpt.errors import StateError


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("copied", [pickled, copy.deepcopy])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_leaf_is_equal_and_independent(backend, copied, dtype):
    x = mg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, dtype=dtype)
    (x * x).sum().backward()
    other = copied(x)
    assert type(other) is mg.Tensor
    assert other.backend is x.backend
    assert (other.requires_grad, other.dtype, other.inputs, other.op) == (True, x.dtype, (), "")
    np.testing.assert_array_equal(other.data, x.data)
    np.testing.assert_array_equal(other.grad, x.grad)
    other.zero_grad()
    other.data[...] = 0
    assert x.data.all()
    assert x.grad.all()
    (other * 3).sum().backward()
    assert (other.grad == 3).all()


@pytest.mark.parametrize("copied", [pickled, copy.deepcopy, copy.copy])
def test_a_tensor_without_gradient(backend, copied):
    other = copied(mg.Tensor([1.0, 2.0]))
    assert (other.requires_grad, other.grad, other.numpy().tolist()) == (False, None, [1.0, 2.0])


@pytest.mark.parametrize(("copied", "what"), [(pickled, "pickled"), (copy.deepcopy, "deep-copied")])
def test_a_history_is_refused_in_a_sentence(backend, copied, what):
    x = mg.Tensor([1.0], requires_grad=True)
    with pytest.raises(StateError, match=f"result of exp has a history.*be {what}; take"):
        copied({"y": x.exp()})
    assert copied((x * 3).detach()).numpy() == [3.0]
    with mg.no_grad():
        assert copied(x * 3).numpy() == [3.0]


def test_a_shallow_copy_shares_arrays_and_history(backend):
    x = mg.Tensor([2.0], requires_grad=True)
    y = copy.copy(copy.copy(x) * copy.copy(x))
    y.backward()
    assert x.grad == [4.0]


def test_nothing_is_copied_while_recording(backend):
    x = mg.Tensor([2.0], requires_grad=True)
    for function in (copy.deepcopy, pickle.dumps):
        with pytest.raises(mg.errors.CaptureError):
            mg.capture(lambda function=function: function(x) and None)()


def test_one_object_stays_one(backend):
    x = mg.Tensor([1.0], requires_grad=True)
    first, second = pickled([x, x])
    assert first is second
    first, second = copy.deepcopy([x, x])
    assert first is second


def double(x):
    return x * 2


@pytest.mark.slow
def test_tensors_go_to_another_process_and_back(backend):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (y,) = pool.map_async(double, [mg.Tensor([1.0, 2.0])]).get(60)
    assert y.numpy().tolist() == [2.0, 4.0]
    assert y.backend.name == backend
