"""The numbers of the X-ray: those of the library, and the same for every reader."""

import itertools

import numpy as np
import pytest
from helpers.shapes import SHAPES

import microgpt as mg
from microgpt.widgets.xray_numbers import broadcast, multiply


def test_the_product_opens_with_numbers_for_mental_arithmetic():
    numbers = multiply((2, 3, 4))
    assert numbers.x.tolist() == [[1, 2, 0], [0, 1, 3]]
    assert numbers.w.tolist() == [[1, 0, 2, 1], [0, 1, 1, 0], [2, 1, 0, 1]]
    assert numbers.y.tolist() == [[1, 2, 4, 1], [6, 4, 1, 3]]


def test_its_gradients_are_those_of_the_tensor():
    numbers = multiply((2, 3, 4))
    assert numbers.dy.tolist() == [[1, 0, 0, 1], [0, 2, 0, 0]]
    assert numbers.dx.tolist() == [[2, 0, 3], [0, 2, 2]]
    assert numbers.dw.tolist() == [[1, 0, 0, 1], [2, 2, 0, 2], [0, 6, 0, 0]]
    x, w = (mg.Tensor(one, requires_grad=True, backend="numpy") for one in (numbers.x, numbers.w))
    (x @ w).backward(numbers.dy)
    np.testing.assert_array_equal(numbers.dx, x.grad)
    np.testing.assert_array_equal(numbers.dw, w.grad)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (4, 5, 5), (3, 2, 5)])
@pytest.mark.parametrize("decimals", [False, True])
def test_other_sizes_and_seeds_have_numbers_of_their_own(sizes, decimals):
    numbers = multiply(sizes, decimals, seed=1)
    B, I, O = sizes  # noqa: E741
    assert (numbers.x.shape, numbers.w.shape, numbers.y.shape) == ((B, I), (I, O), (B, O))
    np.testing.assert_allclose(numbers.y, numbers.x @ numbers.w, atol=1e-12)
    np.testing.assert_allclose(numbers.dx, numbers.dy @ numbers.w.T, atol=1e-12)
    np.testing.assert_allclose(numbers.dw, numbers.x.T @ numbers.dy, atol=1e-12)
    for drawn in (numbers.x, numbers.w, numbers.dy):
        scaled = drawn * 10 if decimals else drawn
        np.testing.assert_allclose(scaled, scaled.round(), atol=1e-12)
        assert np.abs(drawn).max() <= (1 if decimals else 3)
    again = multiply(sizes, decimals, seed=1)
    np.testing.assert_array_equal(numbers.x, again.x)
    if sizes != (1, 1, 1):
        assert (numbers.x != multiply(sizes, decimals, seed=2).x).any()


@pytest.mark.slow
def test_it_broadcasts_exactly_what_numpy_broadcasts_and_sums_back():
    for a_shape, b_shape in itertools.product(SHAPES, SHAPES):
        numbers = broadcast((a_shape, b_shape))
        try:
            shape = np.broadcast_shapes(a_shape, b_shape)
        except ValueError:
            assert numbers.y is numbers.dy is numbers.da is numbers.db is None
            continue
        assert numbers.y.shape == numbers.dy.shape == shape
        np.testing.assert_array_equal(numbers.y, numbers.a + numbers.b)
        for source, grad in ((numbers.a, numbers.da), (numbers.b, numbers.db)):
            leaf = mg.Tensor(source, requires_grad=True, backend="numpy")
            leaf.broadcast_to(shape).backward(numbers.dy)
            np.testing.assert_array_equal(grad, leaf.grad.reshape(source.shape))


def test_a_difference_sends_the_second_operand_the_negative_slopes():
    added, subtracted = (broadcast(((4, 3), (3,)), sign) for sign in "+−")
    np.testing.assert_array_equal(subtracted.y, added.a - added.b)
    np.testing.assert_array_equal(subtracted.da, added.da)
    np.testing.assert_array_equal(subtracted.db, -added.db)
    np.testing.assert_array_equal(added.db, added.dy.sum(0))
