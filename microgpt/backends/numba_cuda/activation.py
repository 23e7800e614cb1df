"""Element-wise functions and their gradients; one element a thread."""

import math

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, cover, device, threads
from microgpt.backends.shared_rules import CUBE, ROOT


def gelu_forward(y, x):
    """y = 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), as GPT-2 computes it."""
    _gelu_forward[cover(y.size), BLOCK](y, x)


@threads
def _gelu_forward(y, x):
    f = x.dtype.type
    i, stride = cuda.grid(1), cuda.gridsize(1)
    while i < y.size:
        y[i] = f(0.5) * x[i] * (f(1) + math.tanh(_inner(x[i], f)))
        i += stride


def gelu_backward(dx, dy, x):
    """dx = dy · gelu'(x)."""
    _gelu_backward[cover(dx.size), BLOCK](dx, dy, x)


@threads
def _gelu_backward(dx, dy, x):
    f = x.dtype.type
    i, stride = cuda.grid(1), cuda.gridsize(1)
    while i < dx.size:
        v = x[i]
        tanh = math.tanh(_inner(v, f))
        slope = f(ROOT) * (f(1) + f(3 * CUBE) * v * v)
        dx[i] = dy[i] * f(0.5) * (f(1) + tanh + v * (f(1) - tanh * tanh) * slope)
        i += stride


@device
def _inner(v, f):
    return f(ROOT) * (v + f(CUBE) * v * v * v)
