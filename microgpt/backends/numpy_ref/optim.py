"""Optimiser steps in place over flat arrays; lr (1,), step (1,) and norms (1,) are float64 arrays
that the caller changes between recorded steps."""

import numpy as np

from microgpt.backends.numpy_ref._product import product


def sgd_step_(data, grad, lr):
    data -= data.dtype.type(lr[0]) * grad


def adam_step_(data, grad, m, v, lr, step, beta1, beta2, eps):
    """Adam (Kingma & Ba 2015) with bias correction and eps outside the root."""
    f = data.dtype.type
    m *= f(beta1)
    m += f(1 - beta1) * grad
    v *= f(beta2)
    v += f(1 - beta2) * grad * grad
    rate = f(lr[0] / (1 - beta1 ** step[0]))
    correct = f(1 / (1 - beta2 ** step[0]))
    data -= rate * m / (np.sqrt(v * correct) + f(eps))


def adamw_step_(data, grad, m, v, lr, step, beta1, beta2, eps, weight_decay, decayed):
    """Adam, after the first `decayed` numbers shrank by lr · weight_decay.

    Loshchilov & Hutter 2019
    """
    data[:decayed] *= data.dtype.type(1 - lr[0] * weight_decay)
    adam_step_(data, grad, m, v, lr, step, beta1, beta2, eps)


def increment_step_(step):
    step += 1


def sum_of_squares_(total, x):
    """Adds the sum of squares, in float64, to `total` (1,)."""
    wide = x.astype(np.float64)
    total += product(wide, wide)


def sqrt_(norm, total):
    np.sqrt(total, out=norm)


def clip_by_norm_(grad, norm, limit):
    if norm[0] > limit:
        grad *= grad.dtype.type(limit / norm[0])
