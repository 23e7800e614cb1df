"""Optimiser steps in place over flat arrays: one element a thread, and further ones a grid on.

lr (1,), step (1,), norm (1,) and sums are float64 arrays, so that a recorded step sees them
change. What all threads need of them one thread computes first: doubles are slow on most GPUs.
"""

import math

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, cover, scratch, threads
from microgpt.backends.shared_rules import SQUARES_CHUNK

float64 = np.float64


def sgd_step_(data, grad, lr):
    """data −= lr · grad."""
    _sgd_step[cover(data.size), BLOCK](data, grad, lr)


@threads
def _sgd_step(data, grad, lr):
    rate = data.dtype.type(lr[0])
    for i in range(cuda.grid(1), data.size, cuda.gridsize(1)):
        data[i] -= rate * grad[i]


def adam_step_(data, grad, m, v, lr, step, beta1, beta2, eps):
    """data −= lr · m̂ / (√v̂ + eps), with bias-corrected m̂ and v̂ (Kingma & Ba 2015)."""
    adamw_step_(data, grad, m, v, lr, step, beta1, beta2, eps, 0.0, 0)


def adamw_step_(data, grad, m, v, lr, step, beta1, beta2, eps, weight_decay, decayed):
    """Adam, with data[:decayed] · (1 − lr · weight_decay) before (Loshchilov & Hutter 2019)."""
    factors = scratch((9,), data)
    smallest = float(np.finfo(data.dtype).tiny)
    _adamw_factors[1, 1](factors, lr, step, beta1, beta2, eps, smallest, weight_decay)
    _adamw_step[cover(data.size), BLOCK](data, grad, m, v, factors, decayed)


@threads
def _adamw_factors(factors, lr, step, beta1, beta2, eps, smallest, weight_decay):
    """The numbers of a step that are the same for every element, each computed in float64."""
    f = factors.dtype.type
    factors[0], factors[1] = f(beta1), f(1 - beta1)
    factors[2], factors[3] = f(beta2), f(1 - beta2)
    factors[4] = f(lr[0] / (1 - beta1 ** step[0]))
    factors[5] = f(1 / (1 - beta2 ** step[0]))
    factors[6] = f(1 - lr[0] * weight_decay)
    factors[7], factors[8] = f(eps), f(smallest)


@threads
def _adamw_step(data, grad, m, v, factors, decayed):
    m_kept, m_new, v_kept, v_new = factors[0], factors[1], factors[2], factors[3]
    rate, correction, decay, eps = factors[4], factors[5], factors[6], factors[7]
    smallest = factors[8]
    for i in range(cuda.grid(1), data.size, cuda.gridsize(1)):
        g = grad[i]
        mean = m_kept * m[i] + m_new * g
        mean_square = v_kept * v[i] + v_new * g * g
        # As on processors, to which subnormal numbers are slow; no weight can feel such moments.
        m[i] = mean if not abs(mean) < smallest else mean - mean
        v[i] = mean_square if not mean_square < smallest else mean_square - mean_square
        before = data[i] * decay if i < decayed else data[i]
        data[i] = before - rate * m[i] / (math.sqrt(v[i] * correction) + eps)


def increment_step_(step):
    """step += 1."""
    _increment_step[1, 1](step)


@threads
def _increment_step(step):
    step[0] += 1


def sum_of_squares_(sums, x):
    """sums = Σ x² of each chunk of SQUARES_CHUNK numbers, in float64: a block adds up a chunk."""
    _sum_of_squares[sums.size, BLOCK](sums, x)


@threads
def _sum_of_squares(sums, x):
    parts = cuda.shared.array(BLOCK, float64)
    t, first = cuda.threadIdx.x, cuda.blockIdx.x * SQUARES_CHUNK
    part = float64(0)
    for i in range(first + t, min(first + SQUARES_CHUNK, x.size), BLOCK):
        part += float64(x[i]) * float64(x[i])
    parts[t] = part
    stride = BLOCK // 2
    while stride > 0:
        cuda.syncthreads()
        if t < stride:
            parts[t] += parts[t + stride]
        stride //= 2
    if t == 0:
        sums[cuda.blockIdx.x] = parts[0]


def root_of_sum_(norm, sums):
    """norm = √(Σ sums)."""
    _root_of_sum[1, 1](norm, sums)


@threads
def _root_of_sum(norm, sums):
    total = float64(0)
    for chunk in range(sums.size):
        total += sums[chunk]
    norm[0] = math.sqrt(total)


def clip_by_norm_(grad, norm, max_norm):
    """grad ·= max_norm / norm where norm is greater."""
    factor = scratch((1,), grad)
    _clip_factor[1, 1](factor, norm, max_norm)
    _scale_by[cover(grad.size), BLOCK](grad, factor)


@threads
def _clip_factor(factor, norm, max_norm):
    f = factor.dtype.type
    factor[0] = f(max_norm / norm[0]) if norm[0] > max_norm else f(1)


@threads
def _scale_by(grad, factor):
    for i in range(cuda.grid(1), grad.size, cuda.gridsize(1)):
        grad[i] *= factor[0]
