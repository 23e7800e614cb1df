"""Matrix products: `linear` with a weight (out, in), `matmul` of two stacks of matrices.

A bias may be absent: an array of no elements.
"""

import numpy as np

from microgpt.backends.numpy_ref import activation
from microgpt.backends.numpy_ref._product import product


def linear_forward(y, x, weight, bias):
    """y = x · weightᵀ + bias."""
    product(x, weight.T, out=y)
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
    product(dy, weight, out=dx)
    dweight += product(dy.T, x)
    if dbias.size:
        dbias += dy.sum(axis=0)


def matmul_forward(c, a, b):
    product(a, b, out=c)


def matmul_backward(da, db, dc, a, b):
    product(dc, b.swapaxes(1, 2), out=da)
    product(a.swapaxes(1, 2), dc, out=db)


def matmul_transposed_forward(c, a, b):
    product(a, b.swapaxes(1, 2), out=c)


def matmul_transposed_backward(da, db, dc, a, b):
    product(dc, b, out=da)
    product(dc.swapaxes(1, 2), a, out=db)
