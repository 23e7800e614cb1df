"""Cross-entropy of logits (N, V) against targets (N,); a target of -1 is ignored."""

import numpy as np

from microgpt.backends.index_errors import raise_all_ignored, raise_target_error


def check_targets(targets, vocab_size, some):
    """Refuse what is no token of the vocabulary, and if `some`, targets that are all ignored."""
    bad = (targets < -1) | (targets >= vocab_size)
    if bad.any():
        raise_target_error(targets, int(bad.argmax()), vocab_size)
    if some and not (targets >= 0).any():
        raise_all_ignored()


def cross_entropy_forward(losses, lse, logits, targets):
    """losses = lse - logits[target], with lse = log(sum(exp(logits)))."""
    greatest = logits.max(axis=1)
    lse[...] = np.log(np.exp(logits - greatest[:, None]).sum(axis=1)) + greatest
    kept = targets >= 0
    at_target = logits[np.arange(len(targets)), np.where(kept, targets, 0)]
    losses[...] = np.where(kept, lse - at_target, 0)


def cross_entropy_backward(dlogits, dlosses, logits, lse, targets):
    """softmax(logits) - one_hot(target), times the gradient of each row's loss."""
    np.exp(logits - lse[:, None], out=dlogits)
    kept = targets >= 0
    dlogits[np.flatnonzero(kept), targets[kept]] -= 1
    dlogits *= np.where(kept, dlosses, 0)[:, None]


def masked_mean_forward(mean, count, losses, targets):
    """The mean of the losses whose target is not ignored; summed in float64."""
    kept = (targets >= 0).sum()
    count[0] = kept
    mean[0] = losses.sum(dtype=np.float64) / kept


def masked_mean_backward(dlosses, dmean, count, targets):
    dlosses[...] = np.where(targets >= 0, dmean[0] / count[0], 0)
