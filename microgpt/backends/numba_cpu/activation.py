"""Functions of one number, applied to each element of a flat array.

An exponential takes about as long as 4 additions.
"""

from microgpt.backends.numba_cpu.jit.compile import PRECISE
from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.numba_cpu.simd.intrinsics import exp
from microgpt.backends.numba_cpu.simd.math import gelu, gelu_grad, log, tanh


@kernel(cost=4)
def exp_forward(y, x):
    for i in prange(x.size):
        y[i] = exp(x[i])


@kernel(cost=4)
def log_forward(y, x):
    for i in prange(x.size):
        y[i] = log(x[i])


@kernel(cost=4)
def tanh_forward(y, x):
    for i in prange(x.size):
        y[i] = tanh(x[i])


@kernel()
def tanh_backward(dx, dy, y):
    f = y.dtype.type
    for i in prange(y.size):
        dx[i] = dy[i] * (f(1) - y[i] * y[i])


@kernel(cost=4, flags=PRECISE)
def sigmoid_forward(y, x):
    f = x.dtype.type
    for i in prange(x.size):
        e = exp(-abs(x[i]))  # never overflows
        y[i] = (f(1) if x[i] >= f(0) else e) / (f(1) + e)


@kernel()
def sigmoid_backward(dx, dy, y):
    f = y.dtype.type
    for i in prange(y.size):
        dx[i] = dy[i] * y[i] * (f(1) - y[i])


@kernel()
def relu_forward(y, x):
    f = x.dtype.type
    for i in prange(x.size):
        # Not `maximum`, which would turn NaN into 0 and hide it.
        y[i] = f(0) if x[i] < f(0) else x[i]


@kernel(cost=2)
def relu_backward(dx, dy, x):
    f = x.dtype.type
    for i in prange(x.size):
        grad = dy[i]  # read before, not on a condition, which NEON cannot in vectors
        dx[i] = grad if x[i] > f(0) else f(0)


@kernel(cost=4)
def gelu_forward(y, x):
    f = x.dtype.type
    for i in prange(x.size):
        y[i] = gelu(x[i], f)


@kernel(cost=4)
def gelu_backward(dx, dy, x):
    f = x.dtype.type
    for i in prange(x.size):
        dx[i] = dy[i] * gelu_grad(x[i], f)
