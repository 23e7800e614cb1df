"""Arguments of a captured function: the key of their recording, and copies of the arrays."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import context
from microgpt.autograd.tensor import Tensor
from microgpt.errors import CaptureError
from microgpt.nn import Module
from microgpt.ops.token_ids import as_token_ids


def flatten_arguments(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, tuple[str, ...]]:
    """Return all argument values, keyword arguments last in sorted order, and the sorted names."""
    names = tuple(sorted(kwargs))
    return (*args, *map(kwargs.__getitem__, names)), names


def recording_key(values: tuple, names: tuple[str, ...]) -> Hashable:
    """Return the key of a call's recording: arrays count by shape and dtype, others by value."""
    key = [context.grad_enabled, backends.current().name, names]
    for index, value in enumerate(values):
        if type(value) is np.ndarray:
            key += value.shape, value.dtype.char
        else:
            key.append(_key(index, value))
    return tuple(key)


def _key(index: int, value: Any) -> Hashable:
    if backends.is_array(value):
        return (value.shape, value.dtype.char)
    if is_array(value):
        return (value.backend.name, value.shape, value.dtype.char)
    if isinstance(value, Tensor) and value.inputs:
        raise CaptureError(
            f"argument {index} was computed and requires a gradient, which a replay cannot carry "
            "back; compute it inside the captured function, or pass it detached"
        )
    return _value_key(index, value)


def _value_key(index: int, value: Any) -> Hashable:
    """Return the key of an argument that is not copied in: its type and value, or itself."""
    if isinstance(value, float) and value != value:
        raise CaptureError(f"argument {index} is NaN, which equals nothing, not even itself")
    if value is None or isinstance(value, int | float | str):
        return repr(value)  # 1, 1.0, True and "1" are not the same
    if isinstance(value, tuple):
        return (type(value), *(_value_key(index, part) for part in value))
    if isinstance(value, Module) or (isinstance(value, Tensor) and value.requires_grad):
        return (id(value), value)  # by identity: tensors are compared element by element
    raise CaptureError(
        f"argument {index} is or holds a {type(value).__name__}; a captured function takes arrays, "
        "tensors, models, numbers, texts and None; a tuple may hold these, but no arrays"
    )


def is_array(value: Any) -> bool:
    """Whether an argument is copied in for a replay; a parameter is used in place instead."""
    return backends.is_array(value) or (isinstance(value, Tensor) and not value.requires_grad)


def static_inputs(values: tuple) -> list[np.ndarray]:
    """Copy the array arguments, for replays to read; NumPy's integers become int32."""
    arrays = [_array(value) for value in values if is_array(value)]
    return [np.array(a, order="C") if isinstance(a, np.ndarray) else a.copy() for a in arrays]


def copy_inputs(inputs: list[np.ndarray], values: tuple) -> None:
    """Copy the array arguments of another call into the static inputs."""
    destinations = iter(inputs)
    for value in values:
        if type(value) is np.ndarray:
            array = next(destinations)
            array[...] = value if value.dtype is array.dtype else _array(value)
        elif is_array(value):
            next(destinations)[...] = _array(value)


def static_args(inputs: list[np.ndarray], values: tuple) -> list:
    """Return the arguments to call the function with: static inputs in place of arrays."""
    arrays = iter(inputs)
    args: list[Any] = []
    for value in values:
        if isinstance(value, Tensor) and is_array(value):
            args.append(value.from_array(next(arrays)))
        else:
            args.append(next(arrays) if is_array(value) else value)
    return args


def _array(value: Any) -> np.ndarray:
    if isinstance(value, Tensor):
        return value.array
    is_wide = isinstance(value, np.ndarray) and value.dtype.kind in "iu"
    return as_token_ids(value) if is_wide else value
