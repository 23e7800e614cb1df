"""Softmax, log-softmax, and the causal softmax of attention."""

from microgpt.errors import SettingError, ShapeError
from microgpt.ops.keyword_names import raise_unknown_keyword
from microgpt.ops.op_hooks import overridable
from microgpt.ops.shape import transpose

MASKED_SCORE = -1e30  # of a position that is not to be seen: softmax turns it into 0


@overridable
def softmax(x, axis=-1, **unknown):
    """Positive numbers that sum to 1: y = exp(x) / sum(exp(x)), along `axis`, by default the last.

    x (…, C) -> y (…, C); the maximum is subtracted first, so that exp never overflows
    """
    if axis != -1 or unknown:
        return _along_axis(softmax, x, axis, unknown)
    return _row_op("softmax", x)


@overridable
def log_softmax(x, axis=-1, **unknown):
    """The logarithm of softmax, without ever taking the logarithm of 0: y = x − log(sum(exp(x))).

    x (…, C) -> y (…, C), along `axis`, by default the last
    """
    if axis != -1 or unknown:
        return _along_axis(log_softmax, x, axis, unknown)
    return _row_op("log_softmax", x)


@overridable
def causal_softmax(scores, scale=1.0):
    """Softmax of scale · scores in which position t sees only positions up to t.

    scores (…, T, T) -> weights (…, T, T), 0 above the diagonal
    """
    if scores.ndim < 2 or scores.shape[-1] != scores.shape[-2]:
        raise ShapeError(f"causal_softmax needs scores (…, T, T); got {scores.shape}")
    if not 0 < scale < float("inf"):
        raise SettingError("scale", "above 0 and finite", scale)
    backend, T, scale = scores.backend, scores.shape[-1], float(scale)
    stacked = scores.array.reshape(scores.array.size // (T * T) if T else 0, T, T)
    y = backend.empty(stacked.shape, scores.dtype)
    backend.launch("causal_softmax_forward", y, stacked, scale)

    def backward(dy):
        dx = backend.empty(y.shape, y.dtype)
        backend.launch("causal_softmax_backward", dx, dy.reshape(y.shape), y, scale)
        return (dx.reshape(scores.shape),)

    return scores.from_op(y.reshape(scores.shape), (scores,), backward, "causal_softmax")


def _along_axis(op, x, axis, unknown):
    """Run an operation along another axis than the last: that axis is moved to the end and back."""
    if unknown:
        raise_unknown_keyword(op.__name__, unknown)
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(f"axis {axis} does not exist in shape {x.shape}")
    order = list(range(x.ndim))
    order[axis], order[-1] = order[-1], order[axis]
    if order[-1] == x.ndim - 1:
        return op(x)
    return transpose(op(transpose(x, order)), order)


def _row_op(name, x):
    if x.ndim < 1 or x.shape[-1] == 0:
        raise ShapeError(f"{name} needs at least one number in each row; got shape {x.shape}")
    backend, rows = x.backend, x.as_2d()
    y = backend.empty(rows.shape, x.dtype)
    backend.launch(f"{name}_forward", y, rows)

    def backward(dy):
        dx = backend.empty(y.shape, y.dtype)
        backend.launch(f"{name}_backward", dx, dy.reshape(y.shape), y)
        return (dx.reshape(x.shape),)

    return x.from_op(y.reshape(x.shape), (x,), backward, name)
