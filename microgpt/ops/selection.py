"""Choices element by element: `where` by a condition, `clip` by limits, `one_hot` by an id."""

import numpy as np

from microgpt.backends import check_host_read, current_tracer
from microgpt.errors import DtypeError, SettingError, ShapeError, TokenError
from microgpt.ops.arithmetic import NUMBERS
from microgpt.ops.keyword_names import raise_unknown_keyword
from microgpt.ops.shape import broadcast_to, flat
from microgpt.ops.token_ids import as_token_ids


def where(condition, x, y):
    """x where `condition` is true, else y; the gradient goes to the one that was taken.

    `condition` is a boolean array, such as `x > 0`; x and y are tensors, arrays or numbers, one of
    them a tensor. All three are broadcast as in NumPy.
    """
    tensor = next((part for part in (x, y) if hasattr(part, "as_tensor_like")), None)
    if tensor is None:
        raise TypeError("where needs a tensor as x or y; for arrays, use np.where")
    condition = np.asarray(condition)
    if condition.dtype != bool:
        raise DtypeError(f"the condition must be booleans, such as x > 0; got {condition.dtype}")
    backend, parts = tensor.backend, [_as_operand(tensor, part) for part in (x, y)]
    try:
        shape = np.broadcast_shapes(condition.shape, *(part.shape for part in parts))
    except ValueError:
        raise ShapeError(
            f"a condition {condition.shape}, x {parts[0].shape} and y {parts[1].shape} do not fit: "
            "counted from the right, sizes must be equal, or 1"
        ) from None
    x, y = (broadcast_to(part, shape) for part in parts)
    if current_tracer() is None:
        condition = np.array(np.broadcast_to(condition, shape))  # backward needs it again
    elif condition.shape != shape or not condition.flags.c_contiguous:
        check_host_read("broadcasting the condition of where")
    condition = backend.from_host(flat(condition))
    z = backend.empty(shape, tensor.dtype)
    backend.launch("where_forward", flat(z), condition, flat(x.array), flat(y.array))

    def backward(dz):
        dx, dy = (backend.empty(shape, tensor.dtype) for _ in range(2))
        backend.launch("where_backward", flat(dx), flat(dy), flat(dz), condition)
        return dx, dy

    return tensor.from_op(z, (x, y), backward, "where")


def clip(x, min=None, max=None, **unknown):
    """x, but no number below `min` or above `max`; dx is dy where min <= x <= max, else 0."""
    if unknown:
        raise_unknown_keyword("clip", unknown)
    low = -np.inf if min is None else min
    high = np.inf if max is None else max
    if not (isinstance(low, NUMBERS) and isinstance(high, NUMBERS)) or not low <= high:
        raise SettingError(("min", "max"), "numbers, or None, and min not above max", (min, max))
    backend, low, high = x.backend, float(low), float(high)
    y = backend.empty(x.shape, x.dtype)
    backend.launch("clip_forward", flat(y), flat(x.array), low, high)

    def backward(dy):
        dx = backend.empty(x.shape, x.dtype)
        backend.launch("clip_backward", flat(dx), flat(dy), flat(x.array), low, high)
        return (dx,)

    return x.from_op(y, (x,), backward, "clip")


def one_hot(tokens, num_classes):
    """An array of zeros with a 1 at each token's index, to multiply with a weight matrix.

    tokens (…) integers -> float32 array (…, num_classes). `one_hot(tokens, V) @ W` equals
    `embedding(tokens, W)`, which is faster. Raises TokenError for an id out of range.
    """
    check_host_read("one_hot()")
    ids = as_token_ids(tokens)
    if ids.size and not 0 <= ids.min() <= ids.max() < num_classes:
        raise TokenError(
            f"token ids must be from 0 to {num_classes - 1}; got {ids.min()} to {ids.max()}"
        )
    return (ids[..., None] == np.arange(num_classes)).astype(np.float32)


def _as_operand(tensor, part):
    """Return x or y of `where` as a tensor; a number is filled in by a launch, as replays need."""
    if isinstance(part, NUMBERS):
        return tensor.from_array(tensor.backend.full((), tensor.dtype, float(part)))
    return tensor.as_tensor_like(part)
