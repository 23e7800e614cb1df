"""Softmax over the last axis: x (N, C); causal softmax over scores (N, T, T)."""

import numpy as np


def softmax_forward(y, x):
    """y = exp(x) / Σ exp(x)."""
    np.subtract(x, x.max(axis=1, keepdims=True), out=y)
    np.exp(y, out=y)
    y /= y.sum(axis=1, keepdims=True)


def softmax_backward(dx, dy, y):
    """dx = y · (dy − Σ dy · y)."""
    dx[...] = y * (dy - (dy * y).sum(axis=1, keepdims=True))


def log_softmax_forward(y, x):
    """y = x − log(Σ exp(x))."""
    np.subtract(x, x.max(axis=1, keepdims=True), out=y)
    y -= np.log(np.exp(y).sum(axis=1, keepdims=True))


def log_softmax_backward(dx, dy, y):
    """dx = dy − exp(y) · Σ dy."""
    dx[...] = dy - np.exp(y) * dy.sum(axis=1, keepdims=True)


def causal_softmax_forward(y, x, scale):
    """y[t, :t + 1] = softmax(scale · x[t, :t + 1]), and 0 behind it."""
    T = x.shape[1]
    future = np.triu(np.ones((T, T), dtype=bool), 1)
    scores = np.where(future, x.dtype.type(-np.inf), x * x.dtype.type(scale))
    np.exp(scores - scores.max(axis=2, keepdims=True, initial=-np.inf), out=y)
    y[:, future] = 0
    y /= y.sum(axis=2, keepdims=True)


def causal_softmax_backward(dx, dy, y, scale):
    """dx = scale · y · (dy − Σ dy · y), and 0 where y[t] is the future."""
    delta = (dy * y).sum(axis=2, keepdims=True)
    dx[...] = y * (dy - delta) * y.dtype.type(scale)
