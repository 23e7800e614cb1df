"""Optimiser steps in place over flat arrays.

lr (1,), step (1,), norm (1,) and sums are float64 arrays, so that a recorded step sees them
change.
"""

import numpy as np

from microgpt.backends.numpy_ref._matmul import matmul
from microgpt.backends.shared_rules import SQUARES_CHUNK


def sgd_step_(data, grad, lr):
    """data −= lr · grad."""
    data -= data.dtype.type(lr[0]) * grad


def adam_step_(data, grad, m, v, lr, step, beta1, beta2, eps):
    """data −= lr · m̂ / (√v̂ + eps), with bias-corrected m̂ and v̂ (Kingma & Ba 2015)."""
    f = data.dtype.type
    m *= f(beta1)
    m += f(1 - beta1) * grad
    v *= f(beta2)
    v += f(1 - beta2) * grad * grad
    for moment in (m, v):  # subnormal numbers are slow; such moments no weight can feel
        moment[np.abs(moment) < np.finfo(moment.dtype).tiny] = 0
    rate = f(lr[0] / (1 - beta1 ** step[0]))
    correction2 = f(1 / (1 - beta2 ** step[0]))
    data -= rate * m / (np.sqrt(v * correction2) + f(eps))


def adamw_step_(data, grad, m, v, lr, step, beta1, beta2, eps, weight_decay, decayed):
    """Adam, with data[:decayed] · (1 − lr · weight_decay) before (Loshchilov & Hutter 2019)."""
    data[:decayed] *= data.dtype.type(1 - lr[0] * weight_decay)
    adam_step_(data, grad, m, v, lr, step, beta1, beta2, eps)


def increment_step_(step):
    """step += 1."""
    step += 1


def sum_of_squares_(sums, x):
    """sums = Σ x² of each chunk of SQUARES_CHUNK numbers, in float64."""
    for chunk in range(sums.size):
        wide = x[chunk * SQUARES_CHUNK : (chunk + 1) * SQUARES_CHUNK].astype(np.float64)
        sums[chunk] = matmul(wide, wide)


def root_of_sum_(norm, sums):
    """norm = √(Σ sums)."""
    np.sqrt(sums.sum(), out=norm)


def clip_by_norm_(grad, norm, max_norm):
    """grad ·= max_norm / norm where norm is greater."""
    if norm[0] > max_norm:
        grad *= grad.dtype.type(max_norm / norm[0])
