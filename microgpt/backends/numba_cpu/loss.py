"""Cross-entropy of logits (N, V) against targets (N,); a target of -1 is ignored."""

from numba import prange

from microgpt.backends.numba_cpu.jit.check import check
from microgpt.backends.numba_cpu.jit.compile import SerialKernel, kernel
from microgpt.backends.numba_cpu.simd.intrinsics import exp
from microgpt.backends.numba_cpu.simd.row_ops import exp_row, log_of_sum, sum_exp
from microgpt.backends.numpy_ref import loss as maths


@check(maths.check_targets)
def check_targets(targets, vocab_size, some):
    outside, kept = 0, 0
    for n in range(targets.size):
        outside += targets[n] < -1 or targets[n] >= vocab_size
        kept += targets[n] >= 0
    if outside or (some and not kept):
        raise ValueError


@kernel(work=lambda losses, lse, logits, targets: 8 * logits.size)
def cross_entropy_forward(losses, lse, logits, targets):
    """losses = lse - logits[target], with lse = log(sum(exp(logits)))."""
    f = logits.dtype.type
    for n in prange(logits.shape[0]):
        lse[n] = sum_exp(logits[n], f(0))
    for n in prange(logits.shape[0]):
        row, target = logits[n], targets[n]
        lse[n] = log_of_sum(lse[n], row)
        losses[n] = f(0) if target < 0 else lse[n] - row[target]


@kernel(cost=8)
def cross_entropy_backward(dlogits, dlosses, logits, lse, targets):
    """softmax(logits) - one_hot(target), times the gradient of each row's loss.

    dlogits may be logits. That has a loop of its own: one over two arrays that overlap would not
    run in vectors.
    """
    f = logits.dtype.type
    in_place = dlogits.ctypes.data == logits.ctypes.data
    for n in prange(logits.shape[0]):
        row, out = logits[n], dlogits[n]
        target, shift = targets[n], lse[n]
        upstream = f(0) if target < 0 else dlosses[n]
        if in_place:
            exp_row(out, shift, upstream)
        else:
            for v in range(row.size):
                out[v] = exp(row[v] - shift) * upstream
        if target >= 0:
            out[target] -= upstream


@SerialKernel
def masked_mean_forward(mean, count, losses, targets):
    """The mean of the losses whose target is not ignored; summed in float64."""
    f = losses.dtype.type
    total = 0.0
    kept = 0
    for n in range(losses.size):
        if targets[n] >= 0:
            total += losses[n]
            kept += 1
    count[0] = f(kept)
    mean[0] = f(total / kept)


@SerialKernel
def masked_mean_backward(dlosses, dmean, count, targets):
    f = dlosses.dtype.type
    share = dmean[0] / count[0]
    for n in range(dlosses.size):
        dlosses[n] = share if targets[n] >= 0 else f(0)
