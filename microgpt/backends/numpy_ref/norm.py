"""Normalisation of each row of x (N, C).

`dx_in` is added to dx: the gradient that x has from elsewhere, (N, C) or an array of no elements.
"""

import numpy as np


def rms_norm_forward(y, rstd, x, eps):
    """y = x · rstd, with rstd = 1 / sqrt(mean(x²) + eps)."""
    f = x.dtype.type
    rstd[...] = 1 / np.sqrt((x * x).mean(axis=1) + f(eps))
    np.multiply(x, rstd[:, None], out=y)


def rms_norm_backward(dx, dy, x, rstd, dx_in):
    """dx = rstd · (dy − x · rstd² · mean(dy · x))."""
    r = rstd[:, None]
    projection = (dy * x).mean(axis=1, keepdims=True)
    dx[...] = r * (dy - x * r * r * projection)
    if dx_in.size:
        dx += dx_in


def layer_norm_forward(y, mean, rstd, x, weight, bias, eps):
    """y = (x − mean) · rstd · weight + bias, with rstd = 1 / sqrt(var + eps)."""
    f = x.dtype.type
    mean[...] = x.mean(axis=1)
    centred = x - mean[:, None]
    rstd[...] = 1 / np.sqrt((centred * centred).mean(axis=1) + f(eps))
    y[...] = centred * rstd[:, None] * weight
    if bias.size:
        y += bias


def layer_norm_backward(dx, dweight, dbias, dy, x, weight, mean, rstd, dx_in):
    """dx = rstd · (dn − mean(dn) − n · mean(dn · n)), dn = dy · weight, n = (x − mean) · rstd."""
    norm = (x - mean[:, None]) * rstd[:, None]
    dweight += (dy * norm).sum(axis=0)
    if dbias.size:
        dbias += dy.sum(axis=0)
    dnorm = dy * weight
    projection = norm * (dnorm * norm).mean(axis=1, keepdims=True)
    dx[...] = rstd[:, None] * (dnorm - dnorm.mean(axis=1, keepdims=True) - projection)
    if dx_in.size:
        dx += dx_in
