"""Functions of one number, applied to each element of a flat array."""

import numpy as np

from microgpt.backends.shared_rules import CUBE, ROOT


def exp_forward(y, x):
    with np.errstate(over="ignore"):
        np.exp(x, out=y)


def log_forward(y, x):
    with np.errstate(divide="ignore", invalid="ignore"):
        np.log(x, out=y)


def tanh_forward(y, x):
    np.tanh(x, out=y)


def tanh_backward(dx, dy, y):
    dx[...] = dy * (1 - y * y)


def sigmoid_forward(y, x):
    e = np.exp(-np.abs(x))  # never overflows
    y[...] = np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dx, dy, y):
    dx[...] = dy * y * (1 - y)


def relu_forward(y, x):
    np.maximum(x, 0, out=y)


def relu_backward(dx, dy, x):
    np.multiply(dy, x > 0, out=dx)


def gelu_forward(y, x):
    f = x.dtype.type
    y[...] = f(0.5) * x * (1 + np.tanh(f(ROOT) * (x + f(CUBE) * x * x * x)))


def gelu_backward(dx, dy, x):
    f = x.dtype.type
    t = np.tanh(f(ROOT) * (x + f(CUBE) * x * x * x))
    du = f(ROOT) * (1 + f(3 * CUBE) * x * x)
    dx[...] = dy * f(0.5) * (1 + t + x * (1 - t * t) * du)
