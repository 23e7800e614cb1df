"""What becomes of a sum of products: each function stores one element of a result.

A product is compiled with one of them, so no thread asks at run time. The element is that of matrix
s, row i and column j; `other` is a second array of the result's shape, where a store needs one.
"""

from microgpt.backends.numba_cuda._launch import device
from microgpt.backends.numba_cuda.activation import gelu


@device
def store(y, other, bias, s, i, j, total):
    """y = total + bias."""
    y[s, i, j] = _with_bias(total, bias, j)


@device
def store_residual(y, residual, bias, s, i, j, total):
    """y = residual + total + bias; residual may be y itself."""
    y[s, i, j] = residual[s, i, j] + _with_bias(total, bias, j)


@device
def store_gelu(y, z, bias, s, i, j, total):
    """z = total + bias, which backward needs, and y = gelu(z)."""
    value = _with_bias(total, bias, j)
    z[s, i, j] = value
    y[s, i, j] = gelu(value, y.dtype.type)


@device
def store_relu(y, other, bias, s, i, j, total):
    """y = max(total + bias, 0); NaN stays NaN."""
    f = y.dtype.type
    value = _with_bias(total, bias, j)
    y[s, i, j] = f(0) if value < f(0) else value


@device
def _with_bias(total, bias, j):
    return total + bias[j] if bias.size else total
