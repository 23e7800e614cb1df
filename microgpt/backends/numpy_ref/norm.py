"""Normalisation of each row of x (N, C).

Backward overwrites dx and accumulates into dweight and dbias. `dx_in` (N, C), the gradient that the
residual stream has accumulated already, is added to dx; absent, it has no elements.
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
    centered = x - mean[:, None]
    rstd[...] = 1 / np.sqrt((centered * centered).mean(axis=1) + f(eps))
    y[...] = centered * rstd[:, None] * weight
    if bias.size:
        y += bias


def layer_norm_backward(dx, dweight, dbias, dy, x, weight, mean, rstd, dx_in):
    """dx = rstd · (dx_hat − mean(dx_hat) − x_hat · mean(dx_hat · x_hat)), dx_hat = dy · weight.

    x_hat = (x − mean) · rstd; dweight += Σ dy · x_hat, dbias += Σ dy, over the rows.
    """
    x_hat = (x - mean[:, None]) * rstd[:, None]
    dweight += (dy * x_hat).sum(axis=0)
    if dbias.size:
        dbias += dy.sum(axis=0)
    dx_hat = dy * weight
    projection = x_hat * (dx_hat * x_hat).mean(axis=1, keepdims=True)
    dx[...] = rstd[:, None] * (dx_hat - dx_hat.mean(axis=1, keepdims=True) - projection)
    if dx_in.size:
        dx += dx_in
