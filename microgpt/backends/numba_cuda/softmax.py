"""Softmax over the last axis: x (N, C), a warp a row; causal softmax over scores (N, T, T)."""

import math

from microgpt.backends.numba_cuda._launch import WARP, threads
from microgpt.backends.numba_cuda._rows import (
    ROW_BLOCK,
    cover_rows,
    first_column,
    first_row,
    row_stride,
)
from microgpt.backends.numba_cuda._warps import warp_max, warp_sum


def softmax_forward(y, x):
    """y = exp(x) / Σ exp(x)."""
    _softmax_forward[cover_rows(x.shape[0]), ROW_BLOCK](y, x)


@threads
def _softmax_forward(y, x):
    f = x.dtype.type
    N, C = x.shape
    for n in range(first_row(), N, row_stride()):
        largest = f(-math.inf)
        for c in range(first_column(), C, WARP):
            largest = max(largest, x[n, c])
        largest = warp_max(largest)
        total = f(0)
        for c in range(first_column(), C, WARP):
            e = math.exp(x[n, c] - largest)
            y[n, c] = e
            total += e
        total = warp_sum(total)
        for c in range(first_column(), C, WARP):
            y[n, c] /= total


def softmax_backward(dx, dy, y):
    """dx = y · (dy − Σ dy · y)."""
    _softmax_backward[cover_rows(y.shape[0]), ROW_BLOCK](dx, dy, y)


@threads
def _softmax_backward(dx, dy, y):
    f = y.dtype.type
    N, C = y.shape
    for n in range(first_row(), N, row_stride()):
        delta = f(0)
        for c in range(first_column(), C, WARP):
            delta += dy[n, c] * y[n, c]
        delta = warp_sum(delta)
        for c in range(first_column(), C, WARP):
            dx[n, c] = y[n, c] * (dy[n, c] - delta)


def log_softmax_forward(y, x):
    """y = x − log(Σ exp(x))."""
    _log_softmax_forward[cover_rows(x.shape[0]), ROW_BLOCK](y, x)


@threads
def _log_softmax_forward(y, x):
    f = x.dtype.type
    N, C = x.shape
    for n in range(first_row(), N, row_stride()):
        largest = f(-math.inf)
        for c in range(first_column(), C, WARP):
            largest = max(largest, x[n, c])
        largest = warp_max(largest)
        total = f(0)
        for c in range(first_column(), C, WARP):
            total += math.exp(x[n, c] - largest)
        log_total = math.log(warp_sum(total))
        for c in range(first_column(), C, WARP):
            y[n, c] = x[n, c] - largest - log_total


def log_softmax_backward(dx, dy, y):
    """dx = dy − exp(y) · Σ dy."""
    _log_softmax_backward[cover_rows(y.shape[0]), ROW_BLOCK](dx, dy, y)


@threads
def _log_softmax_backward(dx, dy, y):
    f = y.dtype.type
    N, C = y.shape
    for n in range(first_row(), N, row_stride()):
        total = f(0)
        for c in range(first_column(), C, WARP):
            total += dy[n, c]
        total = warp_sum(total)
        for c in range(first_column(), C, WARP):
            dx[n, c] = dy[n, c] - math.exp(y[n, c]) * total


def causal_softmax_forward(y, x, scale):
    """y[t, :t + 1] = softmax(scale · x[t, :t + 1]), and 0 behind it."""
    N, T, _ = x.shape
    _causal_softmax_forward[cover_rows(N * T), ROW_BLOCK](y, x, scale)


@threads
def _causal_softmax_forward(y, x, scale):
    f = x.dtype.type
    N, T, _ = x.shape
    for row in range(first_row(), N * T, row_stride()):
        n, t = row // T, row % T
        largest = f(-math.inf)
        for c in range(first_column(), t + 1, WARP):
            largest = max(largest, f(scale) * x[n, t, c])
        largest = warp_max(largest)
        total = f(0)
        for c in range(first_column(), t + 1, WARP):
            e = math.exp(f(scale) * x[n, t, c] - largest)
            y[n, t, c] = e
            total += e
        total = warp_sum(total)
        for c in range(first_column(), T, WARP):
            y[n, t, c] = y[n, t, c] / total if c <= t else f(0)


def causal_softmax_backward(dx, dy, y, scale):
    """dx = scale · y · (dy − Σ dy · y), and 0 where y[t] is the future."""
    N, T, _ = y.shape
    _causal_softmax_backward[cover_rows(N * T), ROW_BLOCK](dx, dy, y, scale)


@threads
def _causal_softmax_backward(dx, dy, y, scale):
    f = y.dtype.type
    N, T, _ = y.shape
    for row in range(first_row(), N * T, row_stride()):
        n, t = row // T, row % T
        delta = f(0)
        for c in range(first_column(), t + 1, WARP):
            delta += dy[n, t, c] * y[n, t, c]
        delta = warp_sum(delta)
        for c in range(first_column(), T, WARP):
            slope = y[n, t, c] * (dy[n, t, c] - delta) if c <= t else f(0)
            dx[n, t, c] = f(scale) * slope
