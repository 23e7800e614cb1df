"""Arithmetic kernels of both back ends."""

import numpy as np
import pytest

from microgpt import backends


@pytest.mark.parametrize("n", [0, 1, 33, 70_000])
def test_fill(backend, dtype, n):
    k = backends.get(backend)
    y = k.empty(n, dtype)
    for number in (0.0, 2.5):
        k.launch("fill_", y, number)
        np.testing.assert_array_equal(y, np.full(n, number))
