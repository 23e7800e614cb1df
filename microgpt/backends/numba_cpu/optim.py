"""Optimiser steps in place over flat arrays; lr (1,), step (1,) and norms (1,) are float64 arrays
that the caller changes between recorded steps."""

import math

import numpy as np
from numba import prange

from microgpt.backends.numba_cpu.jit.compile import PRECISE, SerialKernel, kernel

CHUNK = 16_384


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


@kernel(cost=4, fastmath=PRECISE)
def adamw_step_(data, grad, m, v, lr, step, beta1, beta2, eps, weight_decay, decayed):
    """Adam after the first `decayed` numbers shrank by lr · weight_decay (Loshchilov & Hutter
    2019)."""
    f = data.dtype.type
    keep1, new1, keep2, new2 = f(beta1), f(1 - beta1), f(beta2), f(1 - beta2)
    rate = f(lr[0] / (1 - beta1 ** step[0]))
    correct, small = f(1 / (1 - beta2 ** step[0])), f(eps)
    shrink = f(1 - lr[0] * weight_decay)
    for i in prange(data.size):
        g = grad[i]
        m[i] = keep1 * m[i] + new1 * g
        v[i] = keep2 * v[i] + new2 * g * g
        before = data[i] * (shrink if i < decayed else f(1))
        data[i] = before - rate * m[i] / (math.sqrt(v[i] * correct) + small)


@SerialKernel
def increment_step_(step):
    step[0] += 1


@kernel(work=lambda total, x: x.size)
def sum_of_squares_(total, x):
    """Adds the sum of squares, in float64, to `total` (1,)."""
    chunks = (x.size + CHUNK - 1) // CHUNK
    parts = np.empty(chunks)
    for chunk in prange(chunks):
        piece = x[chunk * CHUNK : (chunk + 1) * CHUNK]
        part = 0.0
        for i in range(piece.size):
            number = np.float64(piece[i])
            part += number * number
        parts[chunk] = part
    for chunk in range(chunks):
        total[0] += parts[chunk]


@SerialKernel
def sqrt_(norm, total):
    norm[0] = math.sqrt(total[0])


@kernel()
def clip_by_norm_(grad, norm, limit):
    f = grad.dtype.type
    if norm[0] > limit:
        factor = f(limit / norm[0])
        for i in prange(grad.size):
            grad[i] *= factor
