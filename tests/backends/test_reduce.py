"""Sums along an axis, in both back ends."""

import numpy as np
import pytest
from kernel_checks import assert_close, normal

from microgpt import backends


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
