"""Cross-entropy of logits (N, V) against targets (N,); a target of -1 is ignored."""

from numba import prange

from microgpt.backends.numba_cpu._compile import SerialKernel, kernel
from microgpt.backends.numba_cpu._intrinsics import exp
from microgpt.backends.numba_cpu._rows import log_sum_exp
from microgpt.backends.tokens import refuse_all_ignored, refuse_target


@SerialKernel
def _inspect(targets, end):
    """The first place outside [−1, end), else −1 if some targets count, −2 if all are ignored."""
    kept = 0
    for n in range(targets.size):
        if targets[n] < -1 or targets[n] >= end:
            return n
        if targets[n] >= 0:
            kept += 1
    return -1 if kept else -2


def check_targets(targets, vocab_size, some):
    """Refuse what is no token of the vocabulary, and if `some`, targets that are all ignored."""
    found = _inspect.serial(targets, vocab_size)
    if found >= 0:
        refuse_target(targets, found, vocab_size)
    if some and found == -2:
        refuse_all_ignored()


@kernel(work=lambda losses, lse, logits, targets: 4 * logits.size)
def cross_entropy_forward(losses, lse, logits, targets):
    """losses = lse - logits[target], with lse = log(sum(exp(logits)))."""
    f = logits.dtype.type
    for n in prange(logits.shape[0]):
        lse[n] = log_sum_exp(logits[n])
        target = targets[n]
        losses[n] = f(0) if target < 0 else lse[n] - logits[n, target]


@kernel(cost=4)
def cross_entropy_backward(dlogits, dlosses, logits, lse, targets):
    """softmax(logits) - one_hot(target), times the gradient of each row's loss."""
    f = logits.dtype.type
    N, V = logits.shape
    for n in prange(N):
        row, out = logits[n], dlogits[n]
        target, shift = targets[n], lse[n]
        upstream = f(0) if target < 0 else dlosses[n]
        for v in range(V):
            out[v] = exp(row[v] - shift) * upstream
        if target >= 0:
            out[target] -= upstream


@SerialKernel
def kept_mean_forward(mean, count, losses, targets):
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
def kept_mean_backward(dlosses, dmean, count, targets):
    f = dlosses.dtype.type
    share = dmean[0] / count[0]
    for n in range(dlosses.size):
        dlosses[n] = share if targets[n] >= 0 else f(0)
