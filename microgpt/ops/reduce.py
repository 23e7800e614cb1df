"""Sums, means and maxima along one axis or over all elements."""

import operator
from math import prod

from microgpt.errors import ShapeError


def sum(x, axis=None, keepdims=False):
    """The sum along `axis`, or of all elements; each element gets the gradient of its sum.

    x (…, N, …) -> y (…, …), or (…, 1, …) with `keepdims`; without `axis`, y (). Raises ShapeError
    if x does not have the axis.
    """
    backend, (array_3d, shape) = x.backend, _as_3d(x, axis, keepdims)
    y = backend.empty((array_3d.shape[0], array_3d.shape[2]), x.dtype)
    backend.launch("sum_forward", y, array_3d)

    def backward(dy):
        dx = backend.empty(array_3d.shape, x.dtype)
        backend.launch("sum_backward", dx, dy.reshape(y.shape))
        return (dx.reshape(x.shape),)

    return x.from_op(y.reshape(shape), (x,), backward, "sum")


def mean(x, axis=None, keepdims=False):
    """The mean along `axis`, or of all elements; shapes as in `sum`.

    Raises ShapeError if there are no elements.
    """
    count = prod(x.shape) if axis is None else x.shape[_axis(x, axis)]
    if count == 0:
        raise ShapeError(f"the mean of no numbers is not defined; got shape {x.shape}")
    return sum(x, axis, keepdims) / count


def max(x, axis=None, keepdims=False):
    """The maximum along `axis`, or of all elements; the first of equals gets the gradient.

    Shapes as in `sum`. Raises ShapeError if there are no elements.
    """
    backend, (array_3d, shape) = x.backend, _as_3d(x, axis, keepdims)
    if array_3d.shape[1] == 0:
        raise ShapeError(f"the maximum of no numbers is not defined; got shape {x.shape}")
    y = backend.empty((array_3d.shape[0], array_3d.shape[2]), x.dtype)
    where = backend.empty(y.shape, "int32")
    backend.launch("max_forward", y, where, array_3d)

    def backward(dy):
        dx = backend.empty(array_3d.shape, x.dtype)
        backend.launch("max_backward", dx, dy.reshape(y.shape), where)
        return (dx.reshape(x.shape),)

    return x.from_op(y.reshape(shape), (x,), backward, "max")


def _as_3d(x, axis, keepdims):
    """Return x as (outer, N, inner), where N is the axis to reduce, and the result's shape."""
    if axis is None:
        return x.array.reshape(1, prod(x.shape), 1), (1,) * x.ndim if keepdims else ()
    axis = _axis(x, axis)
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    array_3d = x.array.reshape(prod(before), x.shape[axis], prod(after))
    return array_3d, before + ((1,) if keepdims else ()) + after


def _axis(x, axis):
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(f"axis must be one whole number or None; got {axis!r}")
    axis = operator.index(axis)
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(f"axis {axis} does not exist in shape {x.shape}")
    return axis % x.ndim
