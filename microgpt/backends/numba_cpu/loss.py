"""Cross-entropy of logits (N, V) and targets (N,); a target of −1 is ignored."""

from microgpt.backends.numba_cpu.jit.check import check
from microgpt.backends.numba_cpu.jit.kernel import SerialKernel, kernel
from microgpt.backends.numba_cpu.jit.prange import prange
from microgpt.backends.numba_cpu.simd.intrinsics import exp
from microgpt.backends.numba_cpu.simd.row_ops import exp_row, log_sum, sum_exp
from microgpt.backends.numpy_ref import loss as maths


@check(maths.check_targets)
def check_targets(targets, vocab_size, require_any):
    """Raise unless all targets are within −1 … vocab_size − 1 and, if required, one is not −1."""
    invalid, counted = 0, 0
    for n in range(targets.size):
        invalid += targets[n] < -1 or targets[n] >= vocab_size
        counted += targets[n] >= 0
    if invalid or (require_any and not counted):
        raise ValueError


@kernel(work=lambda losses, lse, logits, targets: 8 * logits.size)
def cross_entropy_forward(losses, lse, logits, targets):
    """losses = lse − logits[target], with lse = log(Σ exp(logits)); 0 for ignored targets."""
    f = logits.dtype.type
    for n in prange(logits.shape[0]):
        lse[n] = sum_exp(logits[n], f(0))
    for n in prange(logits.shape[0]):
        row, target = logits[n], targets[n]
        lse[n] = log_sum(lse[n], row)
        losses[n] = f(0) if target < 0 else lse[n] - row[target]


@kernel(cost=8)
def cross_entropy_backward(dlogits, dlosses, logits, lse, targets):
    """dlogits = (softmax(logits) − one_hot(target)) · dlosses, 0 for ignored targets.

    dlogits may be logits itself. That has a loop of its own: one over two arrays that overlap would
    not be vectorised.
    """
    f = logits.dtype.type
    inplace = dlogits.ctypes.data == logits.ctypes.data
    for n in prange(logits.shape[0]):
        row, out = logits[n], dlogits[n]
        target, shift = targets[n], lse[n]
        dloss = f(0) if target < 0 else dlosses[n]
        if inplace:
            exp_row(out, shift, dloss)
        else:
            for v in range(row.size):
                out[v] = exp(row[v] - shift) * dloss
        if target >= 0:
            out[target] -= dloss


@SerialKernel
def masked_mean_forward(mean, count, losses, targets):
    """mean = Σ losses / count over the targets that are not −1; summed in float64."""
    f = losses.dtype.type
    total = 0.0
    counted = 0
    for n in range(losses.size):
        if targets[n] >= 0:
            total += losses[n]
            counted += 1
    count[0] = f(counted)
    mean[0] = f(total / counted)


@SerialKernel
def masked_mean_backward(dlosses, dmean, count, targets):
    """dlosses = dmean / count where the target is not −1, else 0."""
    f = dlosses.dtype.type
    dloss = dmean[0] / count[0]
    for n in range(dlosses.size):
        dlosses[n] = dloss if targets[n] >= 0 else f(0)
