"""x[key] with arrays: NumPy's shapes and numbers; gradients add up where indices repeat."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import microgpt as mg
from microgpt import ops


def check(array, key):
    """The elements are NumPy's, and each gets its gradient as often as it is taken."""
    x = mg.Tensor(array, requires_grad=True)
    y = x[key]
    assert y.shape == array[key].shape
    np.testing.assert_array_equal(y.numpy(), array[key])
    dy = np.arange(1.0, 1 + y.size).reshape(y.shape)
    y.backward(dy)
    expected = np.zeros(array.shape)
    np.add.at(expected, key, dy)
    np.testing.assert_allclose(x.grad, expected, rtol=1e-14)


@st.composite
def keys(draw, shape):
    """A tuple with integers, slices, None, arrays of integers, lists and masks."""
    arrays = draw(st.lists(st.sampled_from("ailmsn"), min_size=1, max_size=len(shape)))
    size, parts, axis = draw(st.integers(0, 3)), [], 0
    for part in arrays:
        if part == "n" and any(p is None for p in parts):
            continue  # a view has at most five axes
        length = shape[axis]
        indices = draw(hnp.arrays(np.int64, size, elements=st.integers(-length, length - 1)))
        match part:
            case "a":
                parts.append(indices)
            case "l":
                parts.append(indices.tolist())
            case "i":
                parts.append(draw(st.integers(-length, length - 1)))
            case "s":
                parts.append(slice(*sorted(draw(st.tuples(*[st.integers(0, length)] * 2)))))
            case "n":
                parts.append(None)
                continue
            case "m":
                mask = np.zeros(length, bool)
                mask[: min(size, length)] = True
                parts.append(mask)
        axis += 1
    return tuple(parts)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_key_is_numpys(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
    key = data.draw(keys(shape))
    array = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    try:
        _ = array[key]
    except IndexError:  # arrays of different lengths
        with pytest.raises(mg.ShapeError, match="cannot be indexed"):
            _ = mg.Tensor(array)[key]
        return
    check(array, key)


@pytest.mark.parametrize("shape", [(4,), (4, 3), (2, 3, 4)])
def test_a_mask_of_all_axes(backend, shape):
    array = np.random.default_rng(0).normal(size=shape)
    check(array, array > 0)
    check(array, np.zeros(shape, bool))
    if len(shape) > 1:
        check(array, array[..., 0] > 0)


def test_pairs_of_rows_and_columns(backend):
    probs = mg.Tensor(np.full((3, 4), 0.25), requires_grad=True)
    targets = np.array([3, 0, 3])
    loss = -probs[np.arange(3), targets].log().mean()
    loss.backward()
    expected = np.zeros((3, 4))
    expected[np.arange(3), targets] = -4 / 3
    np.testing.assert_allclose(probs.grad, expected)


def test_a_table_looked_up_by_a_batch_of_contexts(backend):
    table = mg.Tensor(np.arange(10.0).reshape(5, 2), requires_grad=True)
    tokens = [[1, 1, -1], [0, 4, 1]]
    y = table[tokens]
    np.testing.assert_array_equal(y.numpy(), table.numpy()[tokens])
    y.sum().backward()
    assert table.grad[:, 0].tolist() == [1, 3, 0, 0, 2]


def test_the_key_may_change_before_backward(backend):
    x, ids = mg.Tensor([1.0, 2.0, 3.0], requires_grad=True), np.array([0, 2])
    y = x[ids]
    ids[:] = 1
    y.sum().backward()
    assert x.grad.tolist() == [1, 0, 1]
    mask = np.array([True, False, False])
    z = ops.where(mask, x, 0.0)
    mask[:] = True
    x.grad = None
    z.sum().backward()
    assert x.grad.tolist() == [1, 0, 0]


def test_one_array_of_int32_is_replayed(backend):
    table = mg.Tensor(np.arange(10.0).reshape(5, 2), requires_grad=True)

    @mg.capture
    def look_up(ids):
        return table[ids]

    for ids in ([0, 1], [4, 4], [2, 3], [1, 0]):
        np.testing.assert_array_equal(look_up(np.array(ids)).numpy(), table.numpy()[ids])
    with pytest.raises(mg.TokenError, match="from 0 to 4"):
        look_up(np.array([0, 5]))


def test_where_is_replayed_with_another_condition(backend):
    x = mg.Tensor([1.0, 2.0], requires_grad=True)

    @mg.capture
    def chosen(condition):
        return ops.where(condition, x, -1)

    for condition in ([True, False], [False, True], [True, True], [False, False]):
        expected = np.where(condition, [1.0, 2.0], -1)
        np.testing.assert_array_equal(chosen(np.array(condition)).numpy(), expected)
