"""Shape operations: `reshape` is a view; transpose, split_heads and broadcast copy.

Each copy follows a plan, an array (3, 5): five sizes, the stride in x along each axis, and the
start offset (five times). NumPy computes it on a dummy array, once per shape.
"""

from functools import lru_cache
from math import prod

import numpy as np

from microgpt.errors import SettingError, ShapeError

AXES = 5


def flat(array):
    """Return the array as a one-dimensional view."""
    return array.reshape(-1)


def reshape(x, *shape):
    """The same elements in another shape, where one size may be −1; a view, nothing is copied."""
    if len(shape) == 1 and isinstance(shape[0], tuple | list):
        shape = tuple(shape[0])
    try:
        y = x.array.reshape(shape)
    except ValueError:
        raise ShapeError(
            f"{prod(x.shape)} numbers of shape {x.shape} do not fit into shape {shape}"
        ) from None
    return x.from_op(y, (x,), lambda dy: (dy.reshape(x.shape),), "reshape")


def transpose(x, *axes):
    """The axes in another order, by default reversed: x (2, 3, 4) -> y (4, 3, 2). A copy.

    `axes` is NumPy's order of all axes, not PyTorch's pair to swap. Raises ShapeError unless each
    axis is named once, and for the order that x has, in which the pair (0, 1) would do nothing.
    """
    if len(axes) == 1 and isinstance(axes[0], tuple | list):
        axes = tuple(axes[0])
    axes = tuple(a % x.ndim if -x.ndim <= a < 0 else a for a in axes)
    axes = axes or tuple(reversed(range(x.ndim)))
    if axes == (0, 1) and x.ndim == 2:
        raise ShapeError(
            "transpose(0, 1) is the order that a matrix has; to exchange its axes, use x.T or "
            "x.transpose(1, 0)"
        )
    backend, (shape, plan, inverse) = x.backend, _transpose_strides(x.shape, axes)
    y = _strided_copy(x, shape, plan)

    def backward(dy):
        back = backend.constant(_transpose_strides(shape, inverse)[1])
        dx = backend.empty(x.shape, x.dtype)
        backend.launch("strided_copy_forward", flat(dx), flat(dy), back)
        return (dx,)

    return x.from_op(y, (x,), backward, "transpose")


def split_heads(x, n_head, part=0, parts=1):
    """Slice number `part` of `parts` equal slices of the features, split into heads; a copy.

    x (B, T, parts · H · D) -> y (B, H, T, D)
    """
    return _select(x, *_head_strides(x.array.shape, n_head, part, parts), "split_heads")


def merge_heads(x):
    """The heads side by side again, the inverse of `split_heads`; a copy.

    x (B, H, T, D) -> y (B, T, H · D)
    """
    if x.ndim != 4:
        raise ShapeError(f"merge_heads needs x (B, H, T, D); got {x.shape}")
    B, H, T, D = x.array.shape
    _, plan, inverse = _transpose_strides(x.array.shape, (0, 2, 1, 3))
    y = _strided_copy(x, (B, T, H * D), plan)

    def backward(dy):
        back = x.backend.constant(_transpose_strides((B, T, H, D), inverse)[1])
        dx = x.backend.empty(x.shape, x.dtype)
        x.backend.launch("strided_copy_forward", flat(dx), flat(dy), back)
        return (dx,)

    return x.from_op(y, (x,), backward, "merge_heads")


def broadcast_to(x, *shape):
    """x repeated along new axes and axes of size 1; the gradient is summed along them.

    x (3, 1) -> y (2, 3, 4). Raises ShapeError where NumPy's broadcasting rule does not allow it.
    """
    if len(shape) == 1 and isinstance(shape[0], tuple | list):
        shape = tuple(shape[0])
    if shape == x.shape:
        return x
    backend = x.backend
    shape, plan = _broadcast_strides(x.shape, shape)
    y = _strided_copy(x, shape, plan)
    added = len(shape) - x.ndim
    repeated = [
        axis for axis in range(len(shape)) if axis < added or shape[axis] != x.shape[axis - added]
    ]

    def backward(dy):
        for axis in reversed(repeated):  # from the last: earlier axis numbers stay valid
            outer, inner = prod(dy.shape[:axis]), prod(dy.shape[axis + 1 :])
            total = backend.empty((outer, inner), dy.dtype)
            backend.launch("sum_forward", total, dy.reshape(outer, dy.shape[axis], inner))
            dy = total.reshape(*dy.shape[:axis], 1, *dy.shape[axis + 1 :])
        return (dy.reshape(x.shape),)

    return x.from_op(y, (x,), backward, "broadcast_to")


def broadcast(x, other):
    """Broadcast two operands to one shape as NumPy does; check their back end and dtype."""
    y = x.as_tensor_like(other)
    if x.array.shape == y.array.shape:
        return x, y
    try:
        shape = np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        raise ShapeError(
            f"shapes {x.shape} and {y.shape} do not fit: counted from the right, each pair of "
            "sizes must be equal, or one of them 1"
        ) from None
    return _expand(x, shape), _expand(y, shape)


def _expand(x, shape):
    # If only axes of size 1 are added in front, a view is enough.
    return reshape(x, shape) if prod(x.shape) == prod(shape) else broadcast_to(x, shape)


def _select(x, shape, plan, name):
    """Copy some elements of x, each at most once; dy is added to dx at the same places."""
    y = _strided_copy(x, shape, plan)

    def backward(dy):
        dx = x.grad_buffer()
        x.backend.launch("strided_copy_backward", flat(dx), flat(dy), x.backend.constant(plan))
        return (dx,)

    return x.from_op(y, (x,), backward, name)


def _strided_copy(x, shape, plan):
    backend, array = x.backend, x.array
    y = backend.empty(shape, array.dtype)
    backend.launch("strided_copy_forward", flat(y), flat(array), backend.constant(plan))
    return y


@lru_cache(maxsize=4096)
def _transpose_strides(shape, axes):
    try:
        return *strided_view(dummy_array(shape).transpose(axes)), tuple(np.argsort(axes).tolist())
    except ValueError:
        raise ShapeError(
            f"{axes} is not an order of the axes of shape {shape}: name each once, those that stay "
            "too"
        ) from None


@lru_cache(maxsize=4096)
def _head_strides(shape, n_head, part, parts):
    counts = n_head, parts, part + 1
    if not all(isinstance(count, int) and count >= 1 for count in counts) or part >= parts:
        raise SettingError(
            ("n_head", "part", "parts"),
            "positive integers with part below parts",
            (n_head, part, parts),
        )
    if len(shape) != 3 or shape[2] % (parts * n_head):
        raise ShapeError(f"{shape} cannot be split into {parts} parts of {n_head} heads")
    B, T, C = shape
    D = C // (parts * n_head)
    view = dummy_array(shape).reshape(B, T, parts, n_head, D)[:, :, part]  # (B, T, H, D)
    return strided_view(view.transpose(0, 2, 1, 3))


@lru_cache(maxsize=4096)
def _broadcast_strides(shape, out_shape):
    try:
        return strided_view(np.broadcast_to(dummy_array(shape), out_shape))
    except ValueError:
        raise ShapeError(f"shape {shape} cannot be broadcast to {out_shape}") from None


def dummy_array(shape):
    """Return an int8 array, whose strides count elements; its memory is never touched."""
    return np.empty(shape, np.int8)


def strided_view(view):
    """Return the view's shape, and the plan for the strided kernels: sizes, strides, start."""
    sizes, steps = list(view.shape), list(view.strides)
    if len(sizes) > AXES:
        raise ShapeError(f"at most {AXES} axes can be rearranged; got shape {view.shape}")
    missing = AXES - len(sizes)
    owner = view
    while owner.base is not None:
        owner = owner.base
    start = view.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    plan = np.array([[1] * missing + sizes, [0] * missing + steps, [start] * AXES], np.int64)
    return view.shape, plan
