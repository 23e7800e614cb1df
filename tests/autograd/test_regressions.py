"""Bugs that were found once, each by its name."""

import numpy as np
import pytest
from leaf_tensors import leaf

import microgpt as mg
from microgpt import ops


def test_ids_changed_before_backward(backend):
    model = mg.GPT(mg.GPTConfig())
    tokens, targets = np.array([1, 2, 3], np.int32), np.array([2, 3, 4], np.int32)
    loss = model.loss(tokens, targets)
    tokens[:], targets[:] = 2_000_000_000, 10**9
    loss.backward()
    assert np.flatnonzero(model.wte.weight.grad.any(axis=1)).tolist() == [1, 2, 3]


@pytest.mark.parametrize("fused", [False, True])
def test_one_interior_node_as_both_operands(backend, fused):
    def check(call, *shape):
        assert mg.gradcheck(lambda x: call(x * 1.0), [leaf(*shape)], fused=fused)

    check(lambda h: ops.linear(h, h), 3, 4)
    check(lambda h: ops.linear(h, h) + ops.linear(h, h), 3, 4)
    check(lambda h: ops.linear_cross_entropy(h, h, [0, 1, 2]), 3, 4)
    check(lambda h: h[1:] + ops.linear(h, h)[:2, :2].sum() + h[:-1], 3, 4)
    check(lambda h: ops.causal_attention(h, h, h), 3, 4)


def test_unsigned_and_boolean_numbers():
    assert (mg.Tensor([10.0]) - np.uint8(3)).item() == 7.0
    x = mg.Tensor(np.ones((2, 3)))
    assert x[1].shape == (3,)
    with pytest.raises(TypeError, match="got bool"):
        x[True]


def test_requires_grad_set_later(backend):
    x = mg.Tensor([2.0])
    x.requires_grad = True
    (x * x).sum().backward()
    assert x.grad.tolist() == [4.0]
    model = mg.GPT(mg.GPTConfig())
    model.lm_head.weight.requires_grad = False
    model.loss([1, 2], [2, 3]).backward()
    assert not model.lm_head.weight.grad.any()
    assert model.wte.weight.grad.any()


def test_gradcheck_keeps_collected_gradients():
    x = leaf(2)
    (x * x).sum().backward()
    before = x.grad.copy()
    mg.gradcheck(lambda x: x * 3, [x])
    np.testing.assert_array_equal(x.grad, before)


def test_slopes_of_whole_numbers():
    for gradient in (1, 1.0):
        a = mg.Value(1)
        h = a * mg.Value(1)
        y = (h**3 * h**2) * h**1
        y.backward(gradient)
        assert a.grad == 6.0


def test_norm_of_something_by_itself(backend):
    """x is also the gain, so that one node's gradient is taken and lent at once."""
    x = leaf(8, dtype="float64")
    weights = np.arange(1.0, 9.0)

    def total(x):
        z = x * 1.0
        return (ops.layer_norm(z, z) * weights).sum() + (z * z).sum()

    assert mg.gradcheck(total, [x])


@pytest.mark.parametrize("gives", [lambda d: d.T, lambda d: d.astype(np.float64)])
def test_a_gradient_that_lies_in_another_order_or_dtype(backend, gives):
    x, weight = leaf(3, 2, dtype="float32"), leaf(3, 2, seed=1, dtype="float32")
    y = ops.linear(x, weight)  # (3, 3)
    odd = y.from_op(y.array, (y,), lambda d: (gives(d),), "odd")
    upstream = np.arange(9.0, dtype=np.float32).reshape(3, 3)
    (odd * upstream).sum().backward()
    np.testing.assert_allclose(x.grad, gives(upstream) @ weight.numpy(), rtol=1e-6)
