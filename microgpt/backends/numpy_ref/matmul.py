"""Matrix products: `linear` with a weight (out, in), `matmul` of two stacks of matrices.

A bias may be absent: an array of no elements.
"""

import numpy as np

from microgpt.backends.numpy_ref import activation


def linear_forward(y, x, weight, bias):
    """y = x · weightᵀ + bias."""
    np.matmul(x, weight.T, out=y)
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


def linear_backward(dx, dweight, dbias, dy, x, weight):
    """dx = dy · weight, dweight += dyᵀ · x, and dbias += the sum of the rows of dy."""
    np.matmul(dy, weight, out=dx)
    dweight += dy.T @ x
    if dbias.size:
        dbias += dy.sum(axis=0)


def matmul_forward(c, a, b):
    np.matmul(a, b, out=c)


def matmul_backward(da, db, dc, a, b):
    np.matmul(dc, b.swapaxes(1, 2), out=da)
    np.matmul(a.swapaxes(1, 2), dc, out=db)


def matmul_transposed_forward(c, a, b):
    np.matmul(a, b.swapaxes(1, 2), out=c)


def matmul_transposed_backward(da, db, dc, a, b):
    np.matmul(dc, b, out=da)
    np.matmul(dc.swapaxes(1, 2), a, out=db)
