"""Softmax over the last axis: x (N, C); causal softmax over scores (N, T, T)."""

from numba import prange

from microgpt.backends.numba_cpu.jit.compile import kernel
from microgpt.backends.numba_cpu.simd.intrinsics import exp
from microgpt.backends.numba_cpu.simd.row_ops import dot, log_sum_exp, softmax_row


@kernel(cost=4)
def softmax_forward(y, x):
    f = x.dtype.type
    for n in prange(x.shape[0]):
        softmax_row(y[n], x[n], f(1))


@kernel(cost=4)
def softmax_backward(dx, dy, y):
    N, C = y.shape
    for n in prange(N):
        upstream, chances, out = dy[n], y[n], dx[n]
        inner = dot(upstream, chances)
        for c in range(C):
            out[c] = chances[c] * (upstream[c] - inner)


@kernel(cost=4)
def log_softmax_forward(y, x):
    N, C = x.shape
    for n in prange(N):
        row, out = x[n], y[n]
        shift = log_sum_exp(row)
        for c in range(C):
            out[c] = row[c] - shift


@kernel(cost=4)
def log_softmax_backward(dx, dy, y):
    f = y.dtype.type
    N, C = y.shape
    for n in prange(N):
        upstream, logs, out = dy[n], y[n], dx[n]
        total = f(0)
        for c in range(C):
            total += upstream[c]
        for c in range(C):
            out[c] = upstream[c] - exp(logs[c]) * total


@kernel(cost=4)
def causal_softmax_forward(y, x, scale):
    """Softmax of scale · x over the columns up to the row's own; the future gets 0."""
    f = x.dtype.type
    N, T, _ = x.shape
    for r in prange(N * T):
        n, t = r // T, r % T
        out = y[n, t]
        softmax_row(out[: t + 1], x[n, t, : t + 1], f(scale))
        for c in range(t + 1, T):
            out[c] = f(0)


@kernel(cost=4)
def causal_softmax_backward(dx, dy, y, scale):
    f = y.dtype.type
    N, T, _ = y.shape
    factor = f(scale)
    for r in prange(N * T):
        n, t = r // T, r % T
        upstream, chances, out = dy[n, t], y[n, t], dx[n, t]
        inner = dot(upstream[: t + 1], chances[: t + 1])
        for c in range(t + 1):
            out[c] = chances[c] * (upstream[c] - inner) * factor
        for c in range(t + 1, T):
            out[c] = f(0)
