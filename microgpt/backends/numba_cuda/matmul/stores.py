"""What becomes of a sum of products: each function stores one element of a result.

A product is compiled with one of them, so no thread asks at run time. The element is that of matrix
s, row i and column j; `other` is a second array of the result's shape, where a store needs one.
`FOUR_WIDE` has the same for four elements of a row at once, the first of which is at column j.
"""

from microgpt.backends.numba_cuda._launch import device
from microgpt.backends.numba_cuda._ptx import load4, store4
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


@device
def store_four(y, other, bias, s, i, j, first, second, third, fourth):
    """`store` of four."""
    first, second, third, fourth = _four_with_bias(bias, j, first, second, third, fourth)
    store4(y, s, i, j, first, second, third, fourth)


@device
def store_four_residual(y, residual, bias, s, i, j, first, second, third, fourth):
    """`store_residual` of four."""
    r0, r1, r2, r3 = load4(residual, s, i, j)
    first, second, third, fourth = _four_with_bias(bias, j, first, second, third, fourth)
    store4(y, s, i, j, r0 + first, r1 + second, r2 + third, r3 + fourth)


@device
def store_four_gelu(y, z, bias, s, i, j, first, second, third, fourth):
    """`store_gelu` of four."""
    f = y.dtype.type
    first, second, third, fourth = _four_with_bias(bias, j, first, second, third, fourth)
    store4(z, s, i, j, first, second, third, fourth)
    store4(y, s, i, j, gelu(first, f), gelu(second, f), gelu(third, f), gelu(fourth, f))


@device
def store_four_relu(y, other, bias, s, i, j, first, second, third, fourth):
    """`store_relu` of four."""
    zero = y.dtype.type(0)
    first, second, third, fourth = _four_with_bias(bias, j, first, second, third, fourth)
    store4(
        y, s, i, j,
        zero if first < zero else first, zero if second < zero else second,
        zero if third < zero else third, zero if fourth < zero else fourth,
    )  # fmt: skip


@device
def _four_with_bias(bias, j, first, second, third, fourth):
    if bias.size:
        first, second = first + bias[j], second + bias[j + 1]
        third, fourth = third + bias[j + 2], fourth + bias[j + 3]
    return first, second, third, fourth


FOUR_WIDE = {
    store: store_four,
    store_residual: store_four_residual,
    store_gelu: store_four_gelu,
    store_relu: store_four_relu,
}


def make_store_each(store):
    """Return what stores up to four elements of a row one by one, each with `store`."""

    @device
    def store_each(y, other, bias, s, i, j, first, second, third, fourth):
        N = y.shape[2]
        store(y, other, bias, s, i, j, first)
        if j + 1 < N:
            store(y, other, bias, s, i, j + 1, second)
        if j + 2 < N:
            store(y, other, bias, s, i, j + 2, third)
        if j + 3 < N:
            store(y, other, bias, s, i, j + 3, fourth)

    return store_each
