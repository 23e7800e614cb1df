"""Matrix products: `linear` with a weight (out, in), `matmul` of two stacks of matrices.

A bias may be absent: an array of no elements.
"""

import numpy as np

from microgpt.backends.numpy_ref import activation
from microgpt.backends.numpy_ref._matmul import matmul


def linear_forward(y, x, weight, bias):
    """y = x · weightᵀ + bias: x (N, K), weight (M, K), bias (M,) -> y (N, M)."""
    matmul(x, weight.T, out=y)
    if bias.size:
        y += bias


def linear_residual_forward(y, x, weight, bias, residual):
    """y = residual + x · weightᵀ + bias."""
    linear_forward(y, x, weight, bias)
    y += residual


def linear_gelu_forward(y, z, x, weight, bias):
    """z = x · weightᵀ + bias and y = gelu(z)."""
    linear_forward(z, x, weight, bias)
    activation.gelu_forward(y.reshape(-1), z.reshape(-1))


def linear_relu_forward(y, x, weight, bias):
    """y = relu(x · weightᵀ + bias)."""
    linear_forward(y, x, weight, bias)
    np.maximum(y, 0, out=y)


def linear_backward(dx, dweight, dbias, dy, x, weight, accumulate):
    """dx = dy · weight, dweight += dyᵀ · x, dbias += Σ_n dy[n]; dweight = …, if not accumulate."""
    matmul(dy, weight, out=dx)
    if accumulate:
        dweight += matmul(dy.T, x)
    else:
        matmul(dy.T, x, out=dweight)
    if dbias.size:
        dbias += dy.sum(axis=0)


def matmul_forward(c, a, b):
    """c = a · b for each of the stacked matrices: a (B, M, K), b (B, K, N) -> c (B, M, N)."""
    matmul(a, b, out=c)


def matmul_backward(da, db, dc, a, b):
    """da = dc · bᵀ and db = aᵀ · dc."""
    matmul(dc, b.swapaxes(1, 2), out=da)
    matmul(a.swapaxes(1, 2), dc, out=db)


def matmul_transposed_forward(c, a, b):
    """c = a · bᵀ for each of the stacked matrices: a (B, M, K), b (B, N, K) -> c (B, M, N)."""
    matmul(a, b.swapaxes(1, 2), out=c)


def matmul_transposed_backward(da, db, dc, a, b):
    """da = dc · b and db = dcᵀ · a."""
    matmul(dc, b, out=da)
    matmul(dc.swapaxes(1, 2), a, out=db)
