"""Cross-entropy: the mean surprise, in nats, at the tokens that really came."""

from microgpt.errors import ShapeError
from microgpt.ops.embedding import as_tokens
from microgpt.ops.matmul import require_linear
from microgpt.ops.shape import flat


def cross_entropy(logits, targets):
    """The mean of −log softmax(logits)[target], over the targets that are not −1.

    logits (…, V), targets (…) whole numbers -> loss ()
    """
    ids = _targets(logits.shape, targets)
    return _kept_mean(_losses(logits, ids, some=1), ids)


def token_losses(logits, targets):
    """−log softmax(logits)[target] for each target; 0 where the target is −1 (ignored).

    logits (…, V), targets (…) -> losses (…)
    """
    return _losses(logits, _targets(logits.shape, targets), some=0)


def _losses(logits, ids, some):
    k, rows = logits.kernels, logits.rows()
    losses, lse = k.empty(len(rows), logits.dtype), k.empty(len(rows), logits.dtype)
    k.launch("check_targets", ids, rows.shape[1], some)
    k.launch("cross_entropy_forward", losses, lse, rows, ids)

    def backward(dlosses):
        dlogits = k.empty(rows.shape, logits.dtype)
        k.launch("cross_entropy_backward", dlogits, flat(dlosses), rows, lse, ids)
        return (dlogits.reshape(logits.shape),)

    return logits.from_op(losses.reshape(logits.shape[:-1]), (logits,), backward, "token_losses")


def linear_cross_entropy(h, weight, targets):
    """The head in one operation, `cross_entropy(linear(h, weight), targets)`.

    h (…, C), weight (V, C), targets (…) -> loss (); the logits are never handed out. On the way
    back their gradient takes their place; a second time back computes them again.
    """
    require_linear(h, weight)
    k, rows, V = h.kernels, h.rows(), weight.shape[0]
    ids = _targets((*h.shape[:-1], V), targets)
    logits = k.empty((len(rows), V), h.dtype)
    losses, lse = k.empty(len(rows), h.dtype), k.empty(len(rows), h.dtype)
    loss, count = k.empty(1, h.dtype), k.empty(1, h.dtype)
    empty_optional, spent = k.empty_optional(1, h.dtype), False
    k.launch("check_targets", ids, V, 1)
    k.launch("linear_forward", logits, rows, weight.array, empty_optional)
    k.launch("cross_entropy_forward", losses, lse, logits, ids)
    k.launch("kept_mean_forward", loss, count, losses, ids)

    def backward(dloss):
        nonlocal spent
        if spent:
            k.launch("linear_forward", logits, rows, weight.array, empty_optional)
        spent = True
        dlosses, dh, dweight = (
            k.empty(len(rows), h.dtype),
            k.empty(rows.shape, h.dtype),
            weight.gradient(),
        )
        k.launch("kept_mean_backward", dlosses, dloss.reshape(1), count, ids)
        k.launch("cross_entropy_backward", logits, dlosses, logits, lse, ids)
        k.launch("linear_backward", dh, dweight, empty_optional, logits, rows, weight.array)
        return dh.reshape(h.shape), dweight

    return h.from_op(loss.reshape(()), (h, weight), backward, "linear_cross_entropy")


def _kept_mean(losses, ids):
    k = losses.kernels
    loss, count = k.empty(1, losses.dtype), k.empty(1, losses.dtype)
    k.launch("kept_mean_forward", loss, count, flat(losses.array), ids)

    def backward(dloss):
        dlosses = k.empty(ids.size, losses.dtype)
        k.launch("kept_mean_backward", dlosses, dloss.reshape(1), count, ids)
        return (dlosses.reshape(losses.shape),)

    return losses.from_op(loss.reshape(()), (losses,), backward, "kept_mean")


def _targets(logits_shape, targets):
    """The targets as a flat int32 array, checked against the shape of the logits."""
    ids = as_tokens(targets, keep=True)
    if ids.shape != logits_shape[:-1]:
        raise ShapeError(
            f"targets must have the logits' shape without the last axis, {logits_shape[:-1]}; "
            f"got {ids.shape}"
        )
    if not ids.size:
        raise ShapeError("a loss needs at least one target; got none")
    return flat(ids)
