"""Matrix products: `linear` with a weight (out, in), `matmul` of two stacks of matrices."""

import numpy as np


def linear_forward(y, x, weight):
    np.matmul(x, weight.T, out=y)


def linear_backward(dx, dweight, dy, x, weight):
    np.matmul(dy, weight, out=dx)
    dweight += dy.T @ x


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
