"""Normalisation of each row of x (N, C).

Backward overwrites dx and accumulates into dweight and dbias. `dx_in` (N, C), the gradient that the
residual stream has accumulated already, is added to dx; absent, it has no elements.
"""

import math

from microgpt.backends.numba_cpu.jit.kernel import kernel
from microgpt.backends.numba_cpu.jit.prange import prange

COLUMN_BLOCK = 128  # columns of dweight and dbias that one thread sums over all rows


@kernel(cost=2)
def rms_norm_forward(y, rstd, x, eps):
    """y = x · rstd, with rstd = 1 / sqrt(mean(x²) + eps)."""
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        row, out = x[n], y[n]
        sum_of_squares = f(0)
        for c in range(C):
            sum_of_squares += row[c] * row[c]
        r = f(1) / math.sqrt(sum_of_squares / f(C) + f(eps))
        rstd[n] = r
        for c in range(C):
            out[c] = row[c] * r


@kernel(cost=8)
def rms_norm_backward(dx, dy, x, rstd, dx_in):
    """dx = rstd · (dy − x · rstd² · mean(dy · x))."""
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        dy_row, row, out = dy[n], x[n], dx[n]
        r = rstd[n]
        projection = f(0)
        for c in range(C):
            projection += dy_row[c] * row[c]
        factor = projection / f(C) * r * r
        if dx_in.size:
            added = dx_in[n]
            for c in range(C):
                out[c] = added[c] + r * (dy_row[c] - row[c] * factor)
        else:
            for c in range(C):
                out[c] = r * (dy_row[c] - row[c] * factor)


@kernel(cost=2)
def layer_norm_forward(y, mean, rstd, x, weight, bias, eps):
    """y = (x − mean) · rstd · weight + bias, with rstd = 1 / sqrt(var + eps)."""
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        row, out = x[n], y[n]
        row_sum, sum_of_squares = f(0), f(0)
        for c in range(C):
            row_sum += row[c]
        row_mean = row_sum / f(C)
        for c in range(C):
            sum_of_squares += (row[c] - row_mean) * (row[c] - row_mean)
        r = f(1) / math.sqrt(sum_of_squares / f(C) + f(eps))
        mean[n], rstd[n] = row_mean, r
        if bias.size:
            for c in range(C):
                out[c] = (row[c] - row_mean) * r * weight[c] + bias[c]
        else:
            for c in range(C):
                out[c] = (row[c] - row_mean) * r * weight[c]


@kernel(cost=4)
def layer_norm_backward(dx, dweight, dbias, dy, x, weight, mean, rstd, dx_in):
    """dx = rstd · (dx_hat − mean(dx_hat) − x_hat · mean(dx_hat · x_hat)), dx_hat = dy · weight.

    x_hat = (x − mean) · rstd; dweight += Σ dy · x_hat, dbias += Σ dy, over the rows. dx must be
    neither dy nor x.
    """
    f = x.dtype.type
    N, C = x.shape
    for n in prange(N):
        dy_row, row, out = dy[n], x[n], dx[n]
        row_mean, r = mean[n], rstd[n]
        dx_hat_sum, projection = f(0), f(0)
        for c in range(C):
            dx_hat = dy_row[c] * weight[c]
            dx_hat_sum += dx_hat
            projection += dx_hat * (row[c] - row_mean)
        shift, factor = dx_hat_sum / f(C), projection / f(C) * r * r
        if dx_in.size:
            added = dx_in[n]
            for c in range(C):
                dx_centered = dy_row[c] * weight[c] - shift - (row[c] - row_mean) * factor
                out[c] = added[c] + r * dx_centered
        else:
            for c in range(C):
                dx_centered = dy_row[c] * weight[c] - shift - (row[c] - row_mean) * factor
                out[c] = r * dx_centered
    for block in prange((C + COLUMN_BLOCK - 1) // COLUMN_BLOCK):
        first, last = block * COLUMN_BLOCK, min(block * COLUMN_BLOCK + COLUMN_BLOCK, C)
        dweight_part, dbias_part = dweight[first:last], dbias[first:last]
        for n in range(N):
            dy_row, row = dy[n, first:last], x[n, first:last]
            row_mean, r = mean[n], rstd[n]
            for c in range(row.size):
                dweight_part[c] += dy_row[c] * (row[c] - row_mean) * r
            for c in range(dbias_part.size):
                dbias_part[c] += dy_row[c]
