"""Reductions over any axes are NumPy's; extremes and deviations at ties and constants."""

from itertools import combinations

import numpy as np
import pytest

import microgpt as mg

NAMES = ("sum", "mean", "max", "min", "var", "std")
AXES = [axes for count in (1, 2, 3, 4) for axes in combinations(range(4), count)]


@pytest.mark.parametrize("name", NAMES)
def test_several_axes(backend, name):
    array = np.random.default_rng(0).normal(size=(2, 3, 4, 2))
    options = {"ddof": 1} if name in ("var", "std") else {}
    for axes in AXES:
        for keepdims in (False, True):
            y = getattr(mg.Tensor(array), name)(axes, keepdims)
            expected = getattr(np, name)(array, axis=axes, keepdims=keepdims, **options)
            assert y.shape == expected.shape
            np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12)
    x = mg.Tensor(array, requires_grad=True)
    assert mg.gradcheck(lambda x: getattr(x, name)((3, -3)), [x], directions=2, tolerance=2e-6)


def test_argmax_is_numpys(backend):
    array = np.random.default_rng(0).integers(0, 3, size=(3, 4, 2)).astype(np.float64)
    x = mg.Tensor(array, requires_grad=True)
    for axis in (None, 0, 1, -1):
        for keepdims in (False, True):
            got = x.argmax(axis, keepdims)
            np.testing.assert_array_equal(got, array.argmax(axis, keepdims=keepdims))


def test_a_constant_column_has_the_deviation_and_the_gradient_zero(backend):
    x = mg.Tensor(np.array([[1.0, 2.0], [1.0, 4.0]]), requires_grad=True)
    y = x.std(0)
    assert y.numpy().tolist() == [0.0, np.sqrt(2)]
    y.sum().backward()
    np.testing.assert_allclose(x.grad, [[0, -np.sqrt(0.5)], [0, np.sqrt(0.5)]])


def test_a_variance_far_from_zero_keeps_its_digits(backend):
    x = mg.Tensor(1e6 + np.arange(4.0), dtype="float32")
    assert x.var().item() == pytest.approx(5 / 3, rel=1e-6)


def test_the_first_of_equals_gets_the_gradient(backend):
    for name in ("max", "min"):
        x = mg.Tensor([2.0, 2.0, 2.0], requires_grad=True)
        getattr(x, name)().backward()
        assert x.grad.tolist() == [1.0, 0.0, 0.0]
