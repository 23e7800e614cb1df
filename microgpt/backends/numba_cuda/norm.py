"""Normalisation of each row of x (N, C): a warp a row.

Backward overwrites dx and accumulates into dweight and dbias. `dx_in` (N, C), the gradient that the
residual stream has accumulated already, is added to dx; absent, it has no elements.
"""

import math

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, WARP, cover, device, scratch, threads
from microgpt.backends.numba_cuda._rows import (
    ROW_BLOCK,
    WARPS,
    cover_rows,
    first_column,
    first_row,
    row_stride,
)
from microgpt.backends.numba_cuda._warps import warp_sum

SHARE_ROWS = 16  # rows whose gradients of weight and bias one block adds up


def rms_norm_forward(y, rstd, x, eps):
    """y = x · rstd, with rstd = 1 / sqrt(mean(x²) + eps)."""
    _rms_norm_forward[cover_rows(x.shape[0]), ROW_BLOCK](y, rstd, x, eps)


@threads
def _rms_norm_forward(y, rstd, x, eps):
    f = x.dtype.type
    N, C = x.shape
    for n in range(first_row(), N, row_stride()):
        squares = f(0)
        for c in range(first_column(), C, WARP):
            squares += x[n, c] * x[n, c]
        r = f(1) / math.sqrt(warp_sum(squares) / f(C) + f(eps))
        if first_column() == 0:
            rstd[n] = r
        for c in range(first_column(), C, WARP):
            y[n, c] = x[n, c] * r


def rms_norm_backward(dx, dy, x, rstd, dx_in):
    """dx = rstd · (dy − x · rstd² · mean(dy · x))."""
    _rms_norm_backward[cover_rows(x.shape[0]), ROW_BLOCK](dx, dy, x, rstd, dx_in)


@threads(registers=96)
def _rms_norm_backward(dx, dy, x, rstd, dx_in):
    f = x.dtype.type
    N, C = x.shape
    for n in range(first_row(), N, row_stride()):
        projection = f(0)
        for c in range(first_column(), C, WARP):
            projection += dy[n, c] * x[n, c]
        r = rstd[n]
        factor = warp_sum(projection) / f(C) * r * r
        for c in range(first_column(), C, WARP):
            before = dx_in[n, c] if dx_in.size else f(0)
            dx[n, c] = before + r * (dy[n, c] - x[n, c] * factor)


def layer_norm_forward(y, mean, rstd, x, weight, bias, eps):
    """y = (x − mean) · rstd · weight + bias, with rstd = 1 / sqrt(var + eps)."""
    grid = cover_rows(x.shape[0])
    _layer_norm_forward[grid, ROW_BLOCK](y, mean, rstd, x, weight, bias, eps)


@threads(registers=96)
def _layer_norm_forward(y, mean, rstd, x, weight, bias, eps):
    f = x.dtype.type
    N, C = x.shape
    for n in range(first_row(), N, row_stride()):
        total = f(0)
        for c in range(first_column(), C, WARP):
            total += x[n, c]
        m = warp_sum(total) / f(C)
        squares = f(0)
        for c in range(first_column(), C, WARP):
            squares += (x[n, c] - m) * (x[n, c] - m)
        r = f(1) / math.sqrt(warp_sum(squares) / f(C) + f(eps))
        if first_column() == 0:
            mean[n] = m
            rstd[n] = r
        for c in range(first_column(), C, WARP):
            shift = bias[c] if bias.size else f(0)
            y[n, c] = (x[n, c] - m) * r * weight[c] + shift


def layer_norm_backward(dx, dweight, dbias, dy, x, weight, mean, rstd, dx_in):
    """dx = rstd · (dx_hat − mean(dx_hat) − x_hat · mean(dx_hat · x_hat)), dx_hat = dy · weight.

    x_hat = (x − mean) · rstd; dweight += Σ dy · x_hat, dbias += Σ dy, over the rows: a block adds
    its rows up, then each thread of a second launch the shares of one column.
    """
    N, C = x.shape
    blocks = -(-N // SHARE_ROWS)
    shares = scratch((blocks, 2, C), x)
    arguments = dx, shares, dy, x, weight, mean, rstd, dx_in
    _layer_norm_backward[blocks, ROW_BLOCK](*arguments)
    _add_shares[cover(C), BLOCK](dweight, dbias, shares)


@threads(registers=96)
def _layer_norm_backward(dx, shares, dy, x, weight, mean, rstd, dx_in):
    f = x.dtype.type
    N, C = x.shape
    first = cuda.blockIdx.x * SHARE_ROWS
    last = min(first + SHARE_ROWS, N)
    for n in range(first + cuda.threadIdx.x // WARP, last, WARPS):
        total, projection = f(0), f(0)
        for c in range(first_column(), C, WARP):
            dx_hat = dy[n, c] * weight[c]
            total += dx_hat
            projection += dx_hat * _x_hat(x, mean, rstd, n, c)
        shift, factor = warp_sum(total) / f(C), warp_sum(projection) / f(C)
        for c in range(first_column(), C, WARP):
            before = dx_in[n, c] if dx_in.size else f(0)
            slope = dy[n, c] * weight[c] - shift - _x_hat(x, mean, rstd, n, c) * factor
            dx[n, c] = before + rstd[n] * slope
    for c in range(cuda.threadIdx.x, C, ROW_BLOCK):  # a thread has a column of the block's rows
        weight_share, bias_share = f(0), f(0)
        for n in range(first, last):
            weight_share += dy[n, c] * _x_hat(x, mean, rstd, n, c)
            bias_share += dy[n, c]
        shares[cuda.blockIdx.x, 0, c] = weight_share
        shares[cuda.blockIdx.x, 1, c] = bias_share


@device
def _x_hat(x, mean, rstd, n, c):
    return (x[n, c] - mean[n]) * rstd[n]


@threads
def _add_shares(dweight, dbias, shares):
    f = dweight.dtype.type
    for c in range(cuda.grid(1), dweight.size, cuda.gridsize(1)):
        weight_total, bias_total = f(0), f(0)
        for block in range(shares.shape[0]):
            weight_total += shares[block, 0, c]
            bias_total += shares[block, 1, c]
        dweight[c] += weight_total
        if dbias.size:
            dbias[c] += bias_total
