"""Normalisation of each row of x (N, C).

`so_far` is the gradient that x has from elsewhere, (N, C), or an array of no elements.
"""

import numpy as np


def rms_norm_forward(y, rstd, x, eps):
    """y = x · rstd, with rstd = 1 / sqrt(mean(x²) + eps)."""
    f = x.dtype.type
    rstd[...] = 1 / np.sqrt((x * x).mean(axis=1) + f(eps))
    np.multiply(x, rstd[:, None], out=y)


def rms_norm_backward(dx, dy, x, rstd, so_far):
    r = rstd[:, None]
    mean = (dy * x).mean(axis=1, keepdims=True)
    dx[...] = r * (dy - x * r * r * mean)
    if so_far.size:
        dx += so_far


def layer_norm_forward(y, mean, rstd, x, weight, bias, eps):
    """y = (x − mean) · rstd · weight + bias, with rstd = 1 / sqrt(var + eps)."""
    f = x.dtype.type
    mean[...] = x.mean(axis=1)
    centred = x - mean[:, None]
    rstd[...] = 1 / np.sqrt((centred * centred).mean(axis=1) + f(eps))
    y[...] = centred * rstd[:, None] * weight
    if bias.size:
        y += bias


def layer_norm_backward(dx, dweight, dbias, dy, x, weight, mean, rstd, so_far):
    normed = (x - mean[:, None]) * rstd[:, None]
    dweight += (dy * normed).sum(axis=0)
    if dbias.size:
        dbias += dy.sum(axis=0)
    dnormed = dy * weight
    along = normed * (dnormed * normed).mean(axis=1, keepdims=True)
    dx[...] = rstd[:, None] * (dnormed - dnormed.mean(axis=1, keepdims=True) - along)
    if so_far.size:
        dx += so_far
