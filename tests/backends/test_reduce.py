"""Sums along an axis, in both back ends."""

import numpy as np
import pytest
from kernel_checks import assert_close, normal

import microgpt as mg
from microgpt import backends, ops


@pytest.mark.parametrize("shape", [(2, 0, 3), (1, 700, 1), (3, 700, 5), (0, 2, 2), (300, 300, 1)])
def test_sums(backend, dtype, shape, rng):
    k = backends.get(backend)
    outer, _, inner = shape
    x = normal(rng, dtype, shape)[0]
    y, dx = k.empty((outer, inner), dtype), k.empty(shape, dtype)
    k.launch("sum_forward", y, x)
    k.launch("sum_backward", dx, y)
    assert_close(y, x.sum(axis=1, dtype=np.float64), dtype)
    np.testing.assert_array_equal(dx, np.broadcast_to(y[:, None], shape))


def test_the_first_of_equal_maxima_has_the_gradient(backend):
    x = mg.Tensor([[3.0, 1.0, 3.0], [2.0, 2.0, 0.0]], requires_grad=True)
    x.max(1).sum().backward()
    assert x.grad.tolist() == [[1, 0, 0], [1, 0, 0]]
    assert np.asarray(ops.argmax(x.detach(), 1)).tolist() == [0, 0]
