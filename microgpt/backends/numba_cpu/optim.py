"""Optimiser steps in place over flat arrays.

lr (1,), step (1,), norm (1,) and sums are float64 arrays, so that a recorded step sees them
change.
"""

import math

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import INLINE, PRECISE
from microgpt.backends.numba_cpu.jit.kernel import SerialKernel, kernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.shared_rules import SQUARES_CHUNK

_INLINE_PRECISE = INLINE | PRECISE


@kernel()
def sgd_step_(data, grad, lr):
    """data −= lr · grad."""
    f = data.dtype.type
    rate = f(lr[0])
    for i in prange(data.size):
        data[i] -= rate * grad[i]


@kernel(cost=4, flags=PRECISE)
def adam_step_(data, grad, m, v, lr, step, beta1, beta2, eps):
    """data −= lr · m̂ / (√v̂ + eps), with bias-corrected m̂ and v̂ (Kingma & Ba 2015)."""
    f = data.dtype.type
    betas = f(beta1), f(1 - beta1), f(beta2), f(1 - beta2)
    inv_rate = f((1 - beta1 ** step[0]) / lr[0])  # both bias corrections outside the loop
    correction2 = f(1 / (1 - beta2 ** step[0]))
    for i in prange(data.size):
        data[i] -= _adam_update(m, v, grad, i, betas, inv_rate, correction2, f(eps))


@kernel(cost=4, flags=PRECISE)
def adamw_step_(data, grad, m, v, lr, step, beta1, beta2, eps, weight_decay, decayed):
    """Adam, with data[:decayed] · (1 − lr · weight_decay) before (Loshchilov & Hutter 2019)."""
    f = data.dtype.type
    betas = f(beta1), f(1 - beta1), f(beta2), f(1 - beta2)
    inv_rate = f((1 - beta1 ** step[0]) / lr[0])
    correction2 = f(1 / (1 - beta2 ** step[0]))
    decay_factor = f(1 - lr[0] * weight_decay)
    for i in prange(data.size):
        decayed_data = data[i] * (decay_factor if i < decayed else f(1))
        data[i] = decayed_data - _adam_update(m, v, grad, i, betas, inv_rate, correction2, f(eps))


@numba.njit(**_INLINE_PRECISE)
def _adam_update(m, v, grad, i, betas, inv_rate, correction2, eps):
    """The moments m[i] and v[i] move towards grad[i] and its square; returns what data[i] loses.

    Hardly a number is subnormal, which some processors take a hundred cycles for: the moments of a
    weight whose gradient stays 0 shrink until they are, and small gradients have such squares. No
    weight can feel either. A small mean times the rate would be one: the rate divides the divisor.
    """
    beta1, one_minus_beta1, beta2, one_minus_beta2 = betas
    g, tiny = grad[i], np.finfo(grad[i]).tiny
    mean = _zero_below(tiny, beta1 * m[i] + one_minus_beta1 * g)
    felt = _zero_below(math.sqrt(tiny / one_minus_beta2), g)
    mean_square = _zero_below(tiny, beta2 * v[i] + one_minus_beta2 * felt * felt)
    m[i], v[i] = mean, mean_square
    return mean / ((math.sqrt(mean_square * correction2) + eps) * inv_rate)


@numba.njit(**_INLINE_PRECISE)
def _zero_below(smallest, x):
    """x, or 0 where it is closer to 0 than `smallest`."""
    return type(x)(0) if abs(x) < smallest else x  # NaN is not less


@SerialKernel
def increment_step_(step):
    """step += 1."""
    step[0] += 1


@kernel(work=lambda sums, x: x.size)
def sum_of_squares_(sums, x):
    """sums = Σ x² of each chunk of SQUARES_CHUNK numbers, in float64."""
    for chunk in prange(sums.size):
        part = x[chunk * SQUARES_CHUNK : (chunk + 1) * SQUARES_CHUNK]
        total = 0.0
        for i in range(part.size):
            number = np.float64(part[i])
            total += number * number
        sums[chunk] = total


@SerialKernel
def root_of_sum_(norm, sums):
    """norm = √(Σ sums)."""
    total = 0.0
    for chunk in range(sums.size):
        total += sums[chunk]
    norm[0] = math.sqrt(total)


@kernel()
def clip_by_norm_(grad, norm, max_norm):
    """grad ·= max_norm / norm where norm is greater."""
    f = grad.dtype.type
    if norm[0] > max_norm:
        factor = f(max_norm / norm[0])
        for i in prange(grad.size):
            grad[i] *= factor
