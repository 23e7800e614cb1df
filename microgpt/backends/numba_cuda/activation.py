"""Functions of one number, applied to each element of a flat array: one element a thread."""

import math

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, cover, device, threads
from microgpt.backends.shared_rules import CUBE, ROOT


def exp_forward(y, x):
    _exp_forward[cover(y.size), BLOCK](y, x)


@threads
def _exp_forward(y, x):
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = math.exp(x[i])


def log_forward(y, x):
    _log_forward[cover(y.size), BLOCK](y, x)


@threads
def _log_forward(y, x):
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = math.log(x[i])


def tanh_forward(y, x):
    _tanh_forward[cover(y.size), BLOCK](y, x)


@threads
def _tanh_forward(y, x):
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = math.tanh(x[i])


def tanh_backward(dx, dy, y):
    _tanh_backward[cover(dx.size), BLOCK](dx, dy, y)


@threads
def _tanh_backward(dx, dy, y):
    f = y.dtype.type
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        dx[i] = dy[i] * (f(1) - y[i] * y[i])


def sigmoid_forward(y, x):
    """y = 1 / (1 + e⁻ˣ)."""
    _sigmoid_forward[cover(y.size), BLOCK](y, x)


@threads
def _sigmoid_forward(y, x):
    f = x.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        e = math.exp(-abs(x[i]))  # never overflows
        y[i] = (f(1) if x[i] >= f(0) else e) / (f(1) + e)


def sigmoid_backward(dx, dy, y):
    _sigmoid_backward[cover(dx.size), BLOCK](dx, dy, y)


@threads
def _sigmoid_backward(dx, dy, y):
    f = y.dtype.type
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        dx[i] = dy[i] * y[i] * (f(1) - y[i])


def relu_forward(y, x):
    _relu_forward[cover(y.size), BLOCK](y, x)


@threads
def _relu_forward(y, x):
    f = x.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = f(0) if x[i] < f(0) else x[i]  # NaN stays


def relu_backward(dx, dy, x):
    _relu_backward[cover(dx.size), BLOCK](dx, dy, x)


@threads
def _relu_backward(dx, dy, x):
    f = x.dtype.type
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        dx[i] = dy[i] if x[i] > f(0) else f(0) * dy[i]


def gelu_forward(y, x):
    """y = 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), as GPT-2 computes it."""
    _gelu_forward[cover(y.size), BLOCK](y, x)


@threads
def _gelu_forward(y, x):
    f = x.dtype.type
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = gelu(x[i], f)


@device
def gelu(v, f):
    """gelu of one number, computed in its type f."""
    return f(0.5) * v * (f(1) + math.tanh(f(ROOT) * (v + f(CUBE) * v * v * v)))


def gelu_backward(dx, dy, x):
    """dx = dy · gelu'(x)."""
    _gelu_backward[cover(dx.size), BLOCK](dx, dy, x)


@threads
def _gelu_backward(dx, dy, x):
    f = x.dtype.type
    for i in range(cuda.grid(1), dx.size, cuda.gridsize(1)):
        v = x[i]
        t = math.tanh(f(ROOT) * (v + f(CUBE) * v * v * v))
        du = f(ROOT) * (f(1) + f(3 * CUBE) * v * v)
        dx[i] = dy[i] * f(0.5) * (f(1) + t + v * (f(1) - t * t) * du)
