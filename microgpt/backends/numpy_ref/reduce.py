"""Sums and maxima along the middle of x (outer, N, inner)."""

import numpy as np


def sum_forward(y, x):
    np.sum(x, axis=1, out=y)


def sum_backward(dx, dy):
    dx[...] = dy[:, None, :]


def max_forward(y, where, x):
    where[...] = np.argmax(x, axis=1)  # the first of equals
    y[...] = np.take_along_axis(x, where[:, None, :], axis=1)[:, 0, :]


def max_backward(dx, dy, where):
    dx[...] = 0
    np.put_along_axis(dx, where[:, None, :], dy[:, None, :], axis=1)
