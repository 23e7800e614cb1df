"""Cross-entropy: the mean negative log-likelihood of the targets, in nats."""

from microgpt.errors import ShapeError
from microgpt.ops.matmul import check_linear_shapes
from microgpt.ops.op_hooks import DECOMPOSITIONS, fused, overridable
from microgpt.ops.quantized import QuantizedMatrix
from microgpt.ops.shape import flat
from microgpt.ops.token_ids import as_token_ids


@overridable
def cross_entropy(logits, targets):
    """The mean of −log softmax(logits)[target], over the targets that are not −1.

    logits (…, V), targets (…) integers -> loss ()
    """
    ids = _target_ids(logits.shape, targets)
    return _masked_mean(_token_losses(logits, ids, min_targets=1), ids)


@overridable
def cross_entropy_per_token(logits, targets):
    """−log softmax(logits)[target] for each target; 0 where the target is −1 (ignored).

    logits (…, V), targets (…) -> losses (…)
    """
    return _token_losses(logits, _target_ids(logits.shape, targets), min_targets=0)


def _token_losses(logits, ids, min_targets):
    backend, rows = logits.backend, logits.as_2d()
    losses, lse = backend.empty(len(rows), logits.dtype), backend.empty(len(rows), logits.dtype)
    backend.launch("check_targets", ids, rows.shape[1], min_targets)
    ids = backend.from_host(ids)
    backend.launch("cross_entropy_forward", losses, lse, rows, ids)

    def backward(dlosses):
        dlogits = backend.empty(rows.shape, logits.dtype)
        backend.launch("cross_entropy_backward", dlogits, flat(dlosses), rows, lse, ids)
        return (dlogits.reshape(logits.shape),)

    return logits.from_op(
        losses.reshape(logits.shape[:-1]), (logits,), backward, "cross_entropy_per_token"
    )


@fused
def linear_cross_entropy(h, weight, targets, hook=None):
    """`cross_entropy(linear(h, weight), targets)`, the head and its loss, in one operation.

    h (…, C), weight (V, C), targets (…) -> loss (). The logits are not returned: backward
    overwrites them with their gradient, and a second backward pass computes them again.
    """
    if isinstance(weight, QuantizedMatrix):
        return DECOMPOSITIONS["linear_cross_entropy"](h, weight, targets)
    check_linear_shapes(h, weight)
    backend, rows, V = h.backend, h.as_2d(), weight.shape[0]
    ids = _target_ids((*h.shape[:-1], V), targets)
    logits = backend.empty((len(rows), V), h.dtype)
    losses, lse = backend.empty(len(rows), h.dtype), backend.empty(len(rows), h.dtype)
    loss, count = backend.empty(1, h.dtype), backend.empty(1, h.dtype)
    no_bias, logits_overwritten = backend.empty_optional(1, h.dtype), False
    backend.launch("check_targets", ids, V, 1)
    ids = backend.from_host(ids)
    backend.launch("linear_forward", logits, rows, weight.array, no_bias)
    backend.launch("cross_entropy_forward", losses, lse, logits, ids)
    backend.launch("masked_mean_forward", loss, count, losses, ids)

    def backward(dloss):
        nonlocal logits_overwritten
        if logits_overwritten:
            backend.launch("linear_forward", logits, rows, weight.array, no_bias)
        logits_overwritten = True
        dlosses, dh, dweight = (
            backend.empty(len(rows), h.dtype),
            backend.empty(rows.shape, h.dtype),
            weight.grad_buffer(),
        )
        backend.launch("masked_mean_backward", dlosses, dloss.reshape(1), count, ids)
        backend.launch("cross_entropy_backward", logits, dlosses, logits, lse, ids)
        backend.launch("linear_backward", dh, dweight, no_bias, logits, rows, weight.array, 1)
        return dh.reshape(h.shape), dweight

    return h.from_op(loss.reshape(()), (h, weight), backward, "linear_cross_entropy")


def _masked_mean(losses, ids):
    backend = losses.backend
    loss, count = backend.empty(1, losses.dtype), backend.empty(1, losses.dtype)
    ids = backend.from_host(ids)
    backend.launch("masked_mean_forward", loss, count, flat(losses.array), ids)

    def backward(dloss):
        dlosses = backend.empty(ids.size, losses.dtype)
        backend.launch("masked_mean_backward", dlosses, dloss.reshape(1), count, ids)
        return (dlosses.reshape(losses.shape),)

    return losses.from_op(loss.reshape(()), (losses,), backward, "masked_mean")


def _target_ids(logits_shape, targets):
    """Return the targets as a flat int32 array, checked against the shape of the logits."""
    ids = as_token_ids(targets, copy_ids=True)
    if ids.shape != logits_shape[:-1]:
        raise ShapeError(
            f"targets must have the logits' shape without the last axis, {logits_shape[:-1]}; "
            f"got {ids.shape}"
        )
    if not ids.size:
        raise ShapeError("a loss needs at least one target; got none")
    return flat(ids)
