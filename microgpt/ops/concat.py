"""Several tensors as one: side by side along an axis (`cat`), or along a new axis (`stack`)."""

from itertools import pairwise

from microgpt.errors import ShapeError
from microgpt.ops.indexing import plan_of_slice
from microgpt.ops.keyword_names import raise_unknown_keyword
from microgpt.ops.shape import flat, reshape


def cat(tensors, axis=0, **unknown):
    """Tensors side by side along an axis that they have; each gets its part of the gradient.

    x1 (…, N1, …), x2 (…, N2, …) -> y (…, N1 + N2, …). Raises ShapeError if other axes differ.
    """
    if unknown:
        raise_unknown_keyword("cat", unknown)
    parts, first = _as_tensors("cat", tensors)
    ndim = len(first.shape)
    if not -ndim <= axis < ndim:
        raise ShapeError(f"cat along axis {axis} of shape {first.shape}: there is no such axis")
    axis %= ndim
    for part in parts:
        if (
            part.shape[:axis] != first.shape[:axis]
            or part.shape[axis + 1 :] != (first.shape[axis + 1 :])
        ):
            raise ShapeError(
                f"cat along axis {axis} needs equal sizes of all other axes; got {first.shape} "
                f"and {part.shape}"
            )
    ends = [0]
    for part in parts:
        ends.append(ends[-1] + part.shape[axis])
    shape, backend = (*first.shape[:axis], ends[-1], *first.shape[axis + 1 :]), first.backend
    plans = [plan_of_slice(shape, axis, start, end) for start, end in pairwise(ends)]
    y = backend.full(shape, first.dtype)
    for part, plan in zip(parts, plans, strict=True):
        backend.launch("strided_copy_backward", flat(y), flat(part.array), backend.constant(plan))

    def backward(dy):
        gradients = []
        for part, plan in zip(parts, plans, strict=True):
            gradients.append(backend.empty(part.shape, part.dtype))
            backend.launch(
                "strided_copy_forward", flat(gradients[-1]), flat(dy), backend.constant(plan)
            )
        return tuple(gradients)

    return first.from_op(y, parts, backward, "cat")


def stack(tensors, axis=0, **unknown):
    """Tensors of one shape along a new axis: three of shape (N, C) -> y (3, N, C)."""
    if unknown:
        raise_unknown_keyword("stack", unknown)
    parts, first = _as_tensors("stack", tensors)
    ndim = len(first.shape) + 1
    if not -ndim <= axis < ndim:
        raise ShapeError(f"stack of shape {first.shape} along axis {axis}: there is no such axis")
    axis %= ndim
    for part in parts:
        if part.shape != first.shape:
            raise ShapeError(f"stack needs one shape; got {first.shape} and {part.shape}")
    shape = (*first.shape[:axis], 1, *first.shape[axis:])
    return cat([reshape(part, shape) for part in parts], axis)


def _as_tensors(name, tensors):
    """Return a list of tensors and arrays as tensors of one back end and dtype, and the first."""
    parts = list(tensors)
    first = next((part for part in parts if hasattr(part, "as_tensor_like")), None)
    if first is None:
        raise TypeError(f"{name} takes a list with at least one tensor; for arrays, use NumPy")
    parts = tuple(first.as_tensor_like(part) for part in parts)
    return parts, parts[0]
