"""Each kernel in both dtypes."""

import numpy as np
import pytest


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(5)
