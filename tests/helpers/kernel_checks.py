"""What the tests of kernels share: inputs, tolerances, and gradients by a complex step."""

import numpy as np

# Row lengths around the widths of vectors, and that of GPT-2.
COLUMNS = (1, 2, 7, 31, 33, 768)


def normal(rng, dtype, *shapes):
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def as_float64(*arrays):
    return [array.astype(np.float64) for array in arrays]


def assert_close(actual, expected, dtype, factor=1.0):
    tolerance = factor * (2e-5 if dtype == "float32" else 2e-12)
    scale = max(1.0, np.abs(expected).max()) if np.size(expected) else 1.0
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale)


def assert_is_gradient(function, x, dy, dx, dtype, rng):
    """Σ dx · v is the derivative of Σ dy · function(x) along each of some directions v.

    A complex step measures it without the cancellation of a finite difference.
    """
    x, dy, dx = as_float64(x, dy, dx)
    for _ in range(4):
        v = rng.normal(size=x.shape)
        measured = (dy * function(x + 1e-30j * v).imag).sum() / 1e-30
        tolerance = 1e-5 if dtype == "float32" else 1e-11
        assert abs((dx * v).sum() - measured) <= tolerance * (1 + np.sqrt((dx * dx).sum()))
