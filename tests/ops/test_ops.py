"""Every case on every back end: values, gradients, two passes, capture, PyTorch's numbers."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from cases import BY_NAME, CASES

import microgpt as mg
from microgpt import backends, ops
from microgpt.autograd.engine import decomposed
from microgpt.ops import op_hooks

EVERY = [(case.name, n) for case in CASES for n in case.sizes]
MIDDLE = [(case.name, 33) for case in CASES]


def leaves(case, n, dtype="float64", backend=None):
    return [mg.Tensor(a, requires_grad=True, dtype=dtype, backend=backend) for a in case.inputs(n)]


def value_and_gradients(case, tensors):
    for tensor in tensors:
        tensor.zero_grad()
    y = case.call(*tensors)
    y.backward(np.cos(np.arange(y.size)).reshape(y.shape))
    return y.numpy(), [tensor.grad.copy() for tensor in tensors]


@pytest.mark.parametrize(("name", "n"), EVERY)
def test_forward_is_the_formula(backend, name, n):
    case = BY_NAME[name]
    expected = case.reference(*case.inputs(n))
    y = case.call(*leaves(case, n))
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-11, atol=1e-11)
    y32 = case.call(*leaves(case, n, "float32"))
    assert y32.dtype == np.float32
    np.testing.assert_allclose(y32.numpy(), expected, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize(("name", "n"), EVERY)
def test_gradients_are_the_measured_ones(backend, name, n):
    case = BY_NAME[name]
    many = sum(np.prod(shape) for shape in case.shapes(n)) > 40
    for fused in (False, True):
        assert mg.gradcheck(
            case.call, leaves(case, n), directions=2 if many else None, tolerance=2e-6, fused=fused
        )


@pytest.mark.parametrize("name", BY_NAME)
def test_two_passes_give_twice_the_gradient(backend, name):
    case = BY_NAME[name]
    tensors = leaves(case, 5)
    y = case.call(*tensors)
    dy = np.sin(1 + np.arange(y.size)).reshape(y.shape)  # sin 0 would hide a loss
    y.backward(dy)
    once = [tensor.grad.copy() for tensor in tensors]
    y.backward(dy)
    for tensor, first in zip(tensors, once, strict=True):
        np.testing.assert_allclose(tensor.grad, 2 * first, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", BY_NAME)
def test_interior_inputs_get_the_same_gradients_as_leaves(backend, name):
    case = BY_NAME[name]
    tensors = leaves(case, 5)
    _, expected = value_and_gradients(case, tensors)
    for tensor in tensors:
        tensor.zero_grad()
    # Each input arrives through an operation, and is used once more beside the case.
    inner = [tensor + 0.0 for tensor in tensors]
    y = case.call(*inner)
    weight = np.cos(np.arange(y.size)).reshape(y.shape)
    total = (y * weight).sum()
    for node in inner:
        total = total + (node * 3).sum()
    total.backward()
    for tensor, gradient in zip(tensors, expected, strict=True):
        np.testing.assert_allclose(tensor.grad, gradient + 3, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("name", "n"), [*MIDDLE, *((case.name, 1) for case in CASES)])
def test_fused_is_composed(backend, name, n):
    case = BY_NAME[name]
    for dtype, tolerance in (("float64", 1e-12), ("float32", 1e-5)):
        y, gradients = value_and_gradients(case, leaves(case, n, dtype))
        with decomposed():
            twin, twin_gradients = value_and_gradients(case, leaves(case, n, dtype))
        np.testing.assert_allclose(y, twin, rtol=tolerance, atol=tolerance)
        for got, expected in zip(gradients, twin_gradients, strict=True):
            np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", BY_NAME)
def test_captured_is_eager_bit_for_bit(backend, name):
    case = BY_NAME[name]
    tensors = leaves(case, 33, "float32")
    y, gradients = value_and_gradients(case, tensors)
    dy = np.cos(np.arange(y.size)).reshape(y.shape).astype(np.float32)
    start = mg.Tensor(dy)

    @mg.capture
    def step():
        for tensor in tensors:
            tensor.zero_grad()
        out = case.call(*tensors)
        out.backward(start)
        return out

    for _ in range(4):
        for tensor in tensors:
            tensor.grad[...] = np.nan
        np.testing.assert_array_equal(step().numpy(), y)
        for tensor, gradient in zip(tensors, gradients, strict=True):
            np.testing.assert_array_equal(tensor.grad, gradient)
    assert step.launches()


@pytest.mark.parametrize("name", [case.name for case in CASES if case.golden])
def test_values_and_gradients_are_those_of_pytorch(backend, name):
    golden = np.load(Path(__file__).parents[1] / "golden" / "torch.npz")
    case = BY_NAME[name]
    y, gradients = value_and_gradients(case, leaves(case, 5))
    np.testing.assert_allclose(y, golden[f"{name}/y"], rtol=1e-10, atol=1e-12)
    for place, gradient in enumerate(gradients):
        np.testing.assert_allclose(gradient, golden[f"{name}/{place}"], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("name", "n"), MIDDLE)
def test_back_ends_agree_in_float32(name, n):
    case = BY_NAME[name]
    results = []
    for backend in ("numpy", "numba"):
        with backends.using(backend):
            results.append(value_and_gradients(case, leaves(case, n, "float32")))
    (y, gradients), (other, other_gradients) = results
    np.testing.assert_allclose(y, other, rtol=1e-5, atol=1e-5)
    for got, expected in zip(gradients, other_gradients, strict=True):
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5)


def test_every_fused_operation_declares_its_decomposition():
    assert set(op_hooks.FUSED) == set(op_hooks.DECOMPOSITIONS)
    for name, decomposition in op_hooks.DECOMPOSITIONS.items():
        fused = inspect.signature(getattr(ops, name)).parameters
        assert list(inspect.signature(decomposition).parameters) == list(fused), name
