"""Sums and maxima along the middle of x (outer, N, inner)."""

import numpy as np


def sum_forward(y, x):
    """y = Σ_n x[:, n]."""
    np.sum(x, axis=1, out=y)


def sum_backward(dx, dy):
    """dx[:, n] = dy for every n."""
    dx[...] = dy[:, None, :]


def max_forward(y, argmax, x):
    """y = max_n x[:, n], and its index."""
    argmax[...] = np.argmax(x, axis=1)  # the first of equals
    y[...] = np.take_along_axis(x, argmax[:, None, :], axis=1)[:, 0, :]


def max_backward(dx, dy, argmax):
    """dx = dy where the maximum was, else 0."""
    dx[...] = 0
    np.put_along_axis(dx, argmax[:, None, :], dy[:, None, :], axis=1)
