"""Softmax over the last axis: x (N, C); causal softmax over scores (N, T, T)."""

from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.numba_cpu.simd.intrinsics import exp
from microgpt.backends.numba_cpu.simd.row_ops import dot, log_sum_exp, softmax_row


@kernel(cost=4)
def softmax_forward(y, x):
    """y = exp(x) / Σ exp(x)."""
    f = x.dtype.type
    for n in prange(x.shape[0]):
        softmax_row(y[n], x[n], f(1))


@kernel(cost=4)
def softmax_backward(dx, dy, y):
    """dx = y · (dy − Σ dy · y)."""
    N, C = y.shape
    for n in prange(N):
        dy_row, probs, out = dy[n], y[n], dx[n]
        delta = dot(dy_row, probs)
        for c in range(C):
            out[c] = probs[c] * (dy_row[c] - delta)


@kernel(cost=4)
def log_softmax_forward(y, x):
    """y = x − log(Σ exp(x))."""
    N, C = x.shape
    for n in prange(N):
        row, out = x[n], y[n]
        shift = log_sum_exp(row)
        for c in range(C):
            out[c] = row[c] - shift


@kernel(cost=4)
def log_softmax_backward(dx, dy, y):
    """dx = dy − exp(y) · Σ dy."""
    f = y.dtype.type
    N, C = y.shape
    for n in prange(N):
        dy_row, log_probs, out = dy[n], y[n], dx[n]
        total = f(0)
        for c in range(C):
            total += dy_row[c]
        for c in range(C):
            out[c] = dy_row[c] - exp(log_probs[c]) * total


@kernel(cost=4)
def causal_softmax_forward(y, x, scale):
    """y[t, :t + 1] = softmax(scale · x[t, :t + 1]), and 0 behind it."""
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
    """dx = scale · y · (dy − Σ dy · y), and 0 where y[t] is the future."""
    f = y.dtype.type
    N, T, _ = y.shape
    factor = f(scale)
    for r in prange(N * T):
        n, t = r // T, r % T
        dy_row, probs, out = dy[n, t], y[n, t], dx[n, t]
        delta = dot(dy_row[: t + 1], probs[: t + 1])
        for c in range(t + 1):
            out[c] = probs[c] * (dy_row[c] - delta) * factor
        for c in range(t + 1, T):
            out[c] = f(0)
