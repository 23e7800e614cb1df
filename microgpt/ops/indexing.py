"""x[key]: slices and integers copy a strided view, integer and boolean arrays look up elements."""

import operator
from functools import lru_cache
from math import prod

import numpy as np

from microgpt.backends import check_host_read, current_tracer
from microgpt.errors import ShapeError
from microgpt.ops.shape import dummy_array, flat, strided_view

ARRAY = "an array in a key"  # stands for it among the hashable parts


def index(x, key):
    """x[key] as a copy, with NumPy's shapes; dy is added to dx at the same indices.

    `key` may hold integers, slices, None, `...`, and arrays of integers or booleans: `C[tokens]`,
    `probs[np.arange(N), targets]`, `x[mask]`. An index that occurs twice gets both gradients.
    Raises ShapeError for an index out of range.
    """
    parts = key if isinstance(key, tuple) else (key,)
    hashable = tuple([_hashable_key(part) for part in parts])
    if ARRAY in hashable:
        return _index_arrays(x, parts)
    shape, plan = _index_strides(x.shape, hashable)
    plan = x.backend.constant(plan)
    y = x.backend.empty(shape, x.dtype)
    x.backend.launch("strided_copy_forward", flat(y), flat(x.array), plan)

    def backward(dy):
        dx = x.grad_buffer()
        x.backend.launch("strided_copy_backward", flat(dx), flat(dy), plan)
        return (dx,)

    return x.from_op(y, (x,), backward, "index")


def _index_arrays(x, parts):
    """Look up rows of x, whose first axes, those that the key indexes, are flattened into one."""
    axes, ids = _row_ids(x.shape, parts)
    backend, flat_ids = x.backend, ids.reshape(-1)
    shape_2d = prod(x.shape[:axes]), prod(x.shape[axes:])
    y = backend.empty((flat_ids.size, shape_2d[1]), x.dtype)
    backend.launch("check_tokens", flat_ids, shape_2d[0])
    flat_ids = backend.from_host(flat_ids)
    backend.launch("embedding_forward", y, x.array.reshape(shape_2d), flat_ids)

    def backward(dy):
        dx = x.grad_buffer()
        backend.launch("embedding_backward", dx.reshape(shape_2d), dy.reshape(y.shape), flat_ids)
        return (dx,)

    return x.from_op(y.reshape(ids.shape + x.shape[axes:]), (x,), backward, "index")


def _row_ids(shape, parts):
    """Return how many axes the key indexes, and the rows that it takes, int32 in its shape."""
    if current_tracer() is not None and shape:
        if len(parts) != 1 or getattr(parts[0], "dtype", None) != np.int32:
            check_host_read("indexing with anything but integers, slices or one array of int32")
        return 1, np.ascontiguousarray(parts[0])
    parts = tuple(_as_index_array(part) if _is_array(part) else part for part in parts)
    axes = sum(_num_axes(part) for part in parts)
    if axes > len(shape) or Ellipsis in [part for part in parts if not _is_array(part)]:
        axes = len(shape)
    try:
        if all(_is_array(part) or isinstance(part, int | np.integer) for part in parts):
            rows = _ravel_indices(shape, parts)
        else:
            rows = np.arange(prod(shape[:axes])).reshape(shape[:axes])[parts]
    except (IndexError, ValueError) as error:
        raise ShapeError(f"shape {shape} cannot be indexed like this: {error}") from None
    if prod(shape[:axes]) >= 2**31:
        raise ShapeError(f"{shape[:axes]} are more rows than 32 bits can count")
    return axes, rows.astype(np.int32, order="C")


def _ravel_indices(shape, parts):
    """Return the rows of a key of arrays alone, without an array of all rows."""
    indices = []
    for part in parts:
        part = np.asarray(part)
        if part.dtype == bool:
            sizes = shape[len(indices) : len(indices) + part.ndim]
            if part.shape != sizes:
                raise IndexError(f"a mask of shape {part.shape} for axes of shape {sizes}")
            indices += part.nonzero()
            continue
        if len(indices) >= len(shape):
            raise IndexError(f"too many indices for {len(shape)} axes")
        size = shape[len(indices)]
        out_of_range = (part < -size) | (part >= size)
        if out_of_range.any():
            raise IndexError(f"index {part[out_of_range].flat[0]} for an axis of size {size}")
        indices.append(part % size if size else part)
    rows = np.zeros((), np.int64)
    for size, ids in zip(shape, np.broadcast_arrays(*indices), strict=False):
        rows = rows * size + ids
    return rows


def _as_index_array(part):
    """Return an array, list or range of integers or booleans as int64 or bool."""
    try:
        array = np.asarray(part)
    except ValueError:
        raise ShapeError("the rows of an index must all have one length") from None
    if array.dtype.kind not in "iub" and array.size:
        raise TypeError(f"an index holds integers or booleans; got {array.dtype}")
    return array if array.dtype == bool else array.astype(np.int64, copy=False)


def _is_array(part):
    return isinstance(part, np.ndarray | list | range)


def _num_axes(part):
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else 1


def _hashable_key(part):
    if isinstance(part, slice):
        ends = (part.start, part.stop, part.step)
        return ("slice", *(end if end is None else operator.index(end) for end in ends))
    if part is None or part is Ellipsis:
        return part
    if isinstance(part, int | np.integer) and not isinstance(part, bool):
        return int(part)  # True would share a cache entry with 1
    if _is_array(part):
        return ARRAY
    raise TypeError(
        "a tensor is indexed by integers, slices, None, ..., and arrays of integers or booleans; "
        f"got {type(part).__name__}"
    )


def plan_of_slice(shape, axis, start, stop):
    """Return the plan of the view x[…, start:stop, …] along an axis, for the strided kernels."""
    every = ("slice", None, None, None)
    return _index_strides(shape, (every,) * axis + (("slice", start, stop, None),))[1]


@lru_cache(maxsize=4096)
def _index_strides(shape, key):
    dummy = dummy_array(shape)
    parts = tuple(slice(*p[1:]) if isinstance(p, tuple) else p for p in key)
    try:
        return strided_view(dummy[(*parts, ...)] if Ellipsis not in parts else dummy[parts])
    except IndexError as error:
        raise ShapeError(f"shape {shape} cannot be indexed like this: {error}") from None
