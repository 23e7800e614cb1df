"""Sums and maxima along the middle of x (outer, N, inner), and the root of a variance."""

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


def std_forward(y, variance):
    np.sqrt(variance, out=y)


def std_backward(dvariance, dy, y):
    """dvariance = dy / 2y, and 0 where y is 0."""
    dvariance[...] = 0
    np.divide(dy, 2 * y, out=dvariance, where=y != 0)
