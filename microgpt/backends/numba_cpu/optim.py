"""Optimiser steps in place over flat arrays; lr (1,), step (1,) and norms (1,) are float64 arrays
that the caller changes between recorded steps."""

import math

import numpy as np
from numba import prange

from microgpt.backends.numba_cpu._compile import PRECISE, SerialKernel, kernel

CHUNK = 4096


@kernel()
def sgd_step_(data, grad, lr):
    f = data.dtype.type
    rate = f(lr[0])
    for i in prange(data.size):
        data[i] -= rate * grad[i]


@kernel(cost=4, fastmath=PRECISE)
def adam_step_(data, grad, m, v, lr, step, beta1, beta2, eps):
    """Adam (Kingma & Ba 2015) with bias correction and eps outside the root."""
    f = data.dtype.type
    keep1, new1, keep2, new2 = f(beta1), f(1 - beta1), f(beta2), f(1 - beta2)
    rate = f(lr[0] / (1 - beta1 ** step[0]))  # both corrections outside the loop
    correct, small = f(1 / (1 - beta2 ** step[0])), f(eps)
    for i in prange(data.size):
        g = grad[i]
        m[i] = keep1 * m[i] + new1 * g
        v[i] = keep2 * v[i] + new2 * g * g
        data[i] -= rate * m[i] / (math.sqrt(v[i] * correct) + small)


@SerialKernel
def count_step_(step):
    step[0] += 1


@SerialKernel
def square_sum_(total, x):
    """Adds the sum of squares, in float64, to `total` (1,)."""
    for start in range(0, x.size, CHUNK):
        part = 0.0
        for i in range(start, min(start + CHUNK, x.size)):
            number = np.float64(x[i])
            part += number * number
        total[0] += part


@SerialKernel
def root_(norm, total):
    norm[0] = math.sqrt(total[0])


@kernel()
def clip_(grad, norm, limit):
    f = grad.dtype.type
    if norm[0] > limit:
        factor = f(limit / norm[0])
        for i in prange(grad.size):
            grad[i] *= factor
