"""Cross-entropy of logits (N, V) and targets (N,), a warp a row; a target of −1 is ignored.

So is one that a check has refused (`checks.py`): no thread reads what is not there.
"""

import math

import numpy as np

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, WARP, cover, threads
from microgpt.backends.numba_cuda._rows import (
    ROW_BLOCK,
    cover_rows,
    first_column,
    first_row,
    row_stride,
)
from microgpt.backends.numba_cuda._warps import warp_max, warp_sum

float64 = np.float64


def cross_entropy_forward(losses, lse, logits, targets):
    """losses = lse − logits[target], with lse = log(Σ exp(logits)); 0 for ignored targets."""
    grid = cover_rows(logits.shape[0])
    _cross_entropy_forward[grid, ROW_BLOCK](losses, lse, logits, targets)


@threads
def _cross_entropy_forward(losses, lse, logits, targets):
    f = logits.dtype.type
    N, V = logits.shape
    for n in range(first_row(), N, row_stride()):
        largest = f(-math.inf)
        for v in range(first_column(), V, WARP):
            largest = max(largest, logits[n, v])
        largest = warp_max(largest)
        total = f(0)
        for v in range(first_column(), V, WARP):
            total += math.exp(logits[n, v] - largest)
        log_sum = math.log(warp_sum(total)) + largest
        if first_column() == 0:
            lse[n] = log_sum
            is_known = 0 <= targets[n] < V
            losses[n] = log_sum - logits[n, targets[n]] if is_known else f(0)


def cross_entropy_backward(dlogits, dlosses, logits, lse, targets):
    """dlogits = (softmax(logits) − one_hot(target)) · dlosses, 0 for ignored targets.

    An element a thread, which reads no other's: dlogits may be logits.
    """
    grid = cover(logits.size)
    _cross_entropy_backward[grid, BLOCK](dlogits, dlosses, logits, lse, targets)


@threads
def _cross_entropy_backward(dlogits, dlosses, logits, lse, targets):
    f = logits.dtype.type
    N, V = logits.shape
    for i in range(cuda.grid(1), N * V, cuda.gridsize(1)):
        n, v = i // V, i % V
        prob = math.exp(logits[n, v] - lse[n])
        error = prob - f(1) if v == targets[n] else prob
        dlogits[n, v] = error * dlosses[n] if targets[n] >= 0 else f(0)


def masked_mean_forward(mean, count, losses, targets):
    """mean = Σ losses / count over the targets that are not −1; summed in float64."""
    _masked_mean_forward[1, BLOCK](mean, count, losses, targets)


@threads
def _masked_mean_forward(mean, count, losses, targets):
    f = losses.dtype.type
    totals = cuda.shared.array(BLOCK, float64)
    counts = cuda.shared.array(BLOCK, float64)
    t = cuda.threadIdx.x
    total, counted = float64(0), float64(0)
    for n in range(t, losses.size, BLOCK):
        total += float64(losses[n])
        counted += float64(1) if targets[n] >= 0 else float64(0)
    totals[t] = total
    counts[t] = counted
    stride = BLOCK // 2
    while stride > 0:
        cuda.syncthreads()
        if t < stride:
            totals[t] += totals[t + stride]
            counts[t] += counts[t + stride]
        stride //= 2
    if t == 0:
        count[0] = f(counts[0])
        mean[0] = f(totals[0] / counts[0])


def masked_mean_backward(dlosses, dmean, count, targets):
    """dlosses = dmean / count where the target is not −1, else 0."""
    _masked_mean_backward[cover(dlosses.size), BLOCK](dlosses, dmean, count, targets)


@threads
def _masked_mean_backward(dlosses, dmean, count, targets):
    f = dlosses.dtype.type
    for n in range(cuda.grid(1), dlosses.size, cuda.gridsize(1)):
        dlosses[n] = dmean[0] / count[0] if targets[n] >= 0 else f(0)
