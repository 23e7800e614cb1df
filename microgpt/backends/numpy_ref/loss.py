"""Cross-entropy of logits (N, V) and targets (N,); a target of −1 is ignored."""

import numpy as np

from microgpt.backends.index_errors import raise_all_ignored, raise_target_error


def check_targets(targets, vocab_size, require_any):
    """Raise unless all targets are within −1 … vocab_size − 1 and, if required, one is not −1."""
    invalid = (targets < -1) | (targets >= vocab_size)
    if invalid.any():
        raise_target_error(targets, int(invalid.argmax()), vocab_size)
    if require_any and not (targets >= 0).any():
        raise_all_ignored()


def cross_entropy_forward(losses, lse, logits, targets):
    """losses = lse − logits[target], with lse = log(Σ exp(logits)); 0 for ignored targets."""
    row_max = logits.max(axis=1)
    lse[...] = np.log(np.exp(logits - row_max[:, None]).sum(axis=1)) + row_max
    counted = targets >= 0
    target_logits = logits[np.arange(len(targets)), np.where(counted, targets, 0)]
    losses[...] = np.where(counted, lse - target_logits, 0)


def cross_entropy_backward(dlogits, dlosses, logits, lse, targets):
    """dlogits = (softmax(logits) − one_hot(target)) · dlosses, 0 for ignored targets."""
    np.exp(logits - lse[:, None], out=dlogits)
    counted = targets >= 0
    dlogits[np.flatnonzero(counted), targets[counted]] -= 1
    dlogits *= np.where(counted, dlosses, 0)[:, None]


def masked_mean_forward(mean, count, losses, targets):
    """mean = Σ losses / count over the targets that are not −1; summed in float64."""
    counted = (targets >= 0).sum()
    count[0] = counted
    mean[0] = losses.sum(dtype=np.float64) / counted


def masked_mean_backward(dlosses, dmean, count, targets):
    """dlosses = dmean / count where the target is not −1, else 0."""
    dlosses[...] = np.where(targets >= 0, dmean[0] / count[0], 0)
