"""Sums, means, extremes and variances along one axis, several axes, or over all elements."""

import operator
from math import prod

from microgpt.backends import check_host_read
from microgpt.errors import ShapeError
from microgpt.ops.arithmetic import divide, multiply, negative, subtract
from microgpt.ops.keyword_names import raise_unknown_keyword
from microgpt.ops.shape import flat, reshape, transpose

SEVERAL = (tuple, list)  # the types of several axes


def sum(x, axis=None, keepdims=False, **unknown):
    """The sum along `axis`, or of all elements; each element gets the gradient of its sum.

    x (…, N, …) -> y (…, …), or (…, 1, …) with `keepdims`; without `axis`, y (). Several axes are a
    tuple. Raises ShapeError if x does not have the axis.
    """
    if unknown:
        raise_unknown_keyword("sum", unknown)
    if isinstance(axis, SEVERAL):
        return _over_axes(sum, x, axis, keepdims)
    backend, (array_3d, shape) = x.backend, _as_3d(x, axis, keepdims)
    y = backend.empty((array_3d.shape[0], array_3d.shape[2]), x.dtype)
    backend.launch("sum_forward", y, array_3d)

    def backward(dy):
        dx = backend.empty(array_3d.shape, x.dtype)
        backend.launch("sum_backward", dx, dy.reshape(y.shape))
        return (dx.reshape(x.shape),)

    return x.from_op(y.reshape(shape), (x,), backward, "sum")


def mean(x, axis=None, keepdims=False, **unknown):
    """The mean along `axis`, or of all elements; shapes as in `sum`.

    Raises ShapeError if there are no elements.
    """
    if unknown:
        raise_unknown_keyword("mean", unknown)
    count = _count(x, axis)
    if count == 0:
        raise ShapeError(f"the mean of no numbers is not defined; got shape {x.shape}")
    return sum(x, axis, keepdims) / count


def max(x, axis=None, keepdims=False, **unknown):
    """The maximum along `axis`, or of all elements; the first of equals gets the gradient.

    Shapes as in `sum`; the values alone, `argmax` gives their indices. Raises ShapeError if there
    are no elements.
    """
    if unknown:
        raise_unknown_keyword("max", unknown)
    if isinstance(axis, SEVERAL):
        return _over_axes(max, x, axis, keepdims)
    y, indices, array_3d, shape = _maximum(x, axis, keepdims)

    def backward(dy):
        dx = x.backend.empty(array_3d.shape, x.dtype)
        x.backend.launch("max_backward", dx, dy.reshape(y.shape), indices)
        return (dx.reshape(x.shape),)

    return x.from_op(y.reshape(shape), (x,), backward, "max")


def min(x, axis=None, keepdims=False, **unknown):
    """The minimum along `axis`, or of all elements; as `max`."""
    if unknown:
        raise_unknown_keyword("min", unknown)
    return negative(max(negative(x), axis, keepdims))


def argmax(x, axis=None, keepdims=False, **unknown):
    """The index of the maximum along `axis`, or in all elements counted row by row; no gradient.

    Shapes as in `sum`, an int32 array; the first of equals, and NaN counts as the maximum.
    """
    if unknown:
        raise_unknown_keyword("argmax", unknown)
    check_host_read("argmax()")
    _, indices, _, shape = _maximum(x, axis, keepdims)
    return indices.reshape(shape)


def var(x, axis=None, keepdims=False, correction=1, **unknown):
    """The variance: y = Σ (x − mean)² / (N − correction), along `axis` or of all elements.

    Shapes as in `sum`. As in PyTorch, `correction` is 1 by default (an estimate from a sample);
    NumPy's is 0. Raises ShapeError unless N is above `correction`.
    """
    if unknown:
        raise_unknown_keyword("var", unknown)
    count = _count(x, axis)
    if count <= correction:
        raise ShapeError(
            f"a variance with correction={correction} needs more than {correction} numbers; got "
            f"{count} of shape {x.shape}"
        )
    centered = subtract(x, mean(x, axis, keepdims=True))
    return divide(sum(multiply(centered, centered), axis, keepdims), count - correction)


def std(x, axis=None, keepdims=False, correction=1, **unknown):
    """The standard deviation, the root of `var`; where it is 0 its gradient is 0, as in PyTorch."""
    if unknown:
        raise_unknown_keyword("std", unknown)
    variance = var(x, axis, keepdims, correction)
    backend, y = x.backend, x.backend.empty(variance.shape, x.dtype)
    backend.launch("std_forward", flat(y), flat(variance.array))

    def backward(dy):
        dvar = backend.empty(y.shape, y.dtype)
        backend.launch("std_backward", flat(dvar), flat(dy), flat(y))
        return (dvar,)

    return variance.from_op(y, (variance,), backward, "std")


def _maximum(x, axis, keepdims):
    """Return maxima and indices (outer, inner), x as (outer, N, inner), and the result's shape."""
    array_3d, shape = _as_3d(x, axis, keepdims)
    if array_3d.shape[1] == 0:
        raise ShapeError(f"the maximum of no numbers is not defined; got shape {x.shape}")
    y = x.backend.empty((array_3d.shape[0], array_3d.shape[2]), x.dtype)
    indices = x.backend.empty(y.shape, "int32")
    x.backend.launch("max_forward", y, indices, array_3d)
    return y, indices, array_3d, shape


def _over_axes(op, x, axes, keepdims):
    """Reduce several axes: they are moved to the end and flattened into one."""
    axes = [_axis(x, axis) for axis in axes]
    if not axes or len(set(axes)) < len(axes):
        raise ShapeError(f"axis must name each axis once, and at least one; got {tuple(axes)}")
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    order = (*kept, *sorted(axes))
    y = x if order == tuple(range(x.ndim)) else transpose(x, order)
    y = op(reshape(y, (*y.shape[: len(kept)], prod(y.shape[len(kept) :]))), -1)
    if not keepdims:
        return y
    return reshape(y, tuple(1 if axis in axes else n for axis, n in enumerate(x.shape)))


def _count(x, axis):
    """Return how many elements each result is computed from."""
    if axis is None:
        return prod(x.shape)
    if isinstance(axis, SEVERAL):
        return prod(x.shape[_axis(x, one)] for one in axis)
    return x.shape[_axis(x, axis)]


def _as_3d(x, axis, keepdims):
    """Return x as (outer, N, inner), where N is the axis to reduce, and the result's shape."""
    if keepdims is not False and keepdims is not True:
        raise TypeError(f"keepdims is True or False, and several axes are a tuple; got {keepdims}")
    if axis is None:
        return x.array.reshape(1, prod(x.shape), 1), (1,) * x.ndim if keepdims else ()
    axis = _axis(x, axis)
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    array_3d = x.array.reshape(prod(before), x.shape[axis], prod(after))
    return array_3d, before + ((1,) if keepdims else ()) + after


def _axis(x, axis):
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(f"axis must be a whole number, a tuple of them, or None; got {axis!r}")
    axis = operator.index(axis)
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(f"axis {axis} does not exist in shape {x.shape}")
    return axis % x.ndim
