"""The arguments of a captured function: the key of its recording, and the arrays copied in."""

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
    """All arguments in one order, and the names of the last ones."""
    names = tuple(sorted(kwargs))
    return (*args, *map(kwargs.__getitem__, names)), names


def recording_key(values: tuple, names: tuple[str, ...]) -> Hashable:
    """Equal for two calls that share a recording: arrays by shape and dtype, others by value."""
    key = [context.grad_enabled, backends.current().name, names]
    for index, value in enumerate(values):
        if type(value) is np.ndarray:
            key.append((value.shape, value.dtype.char))
        else:
            key.append(_key(index, value))
    return tuple(key)


def _key(index: int, value: Any) -> Hashable:
    if isinstance(value, np.ndarray):
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
    """The key of an argument that is not copied in: its type and value, or itself."""
    if isinstance(value, float) and value != value:
        raise CaptureError(f"argument {index} is NaN, which equals nothing, not even itself")
    if value is None or isinstance(value, int | float | str):
        return (type(value).__name__, repr(value))  # 1, 1.0 and True are not the same
    if isinstance(value, tuple):
        return (type(value), *(_value_key(index, part) for part in value))
    if isinstance(value, Module) or (isinstance(value, Tensor) and value.requires_grad):
        return value
    raise CaptureError(
        f"argument {index} is or holds a {type(value).__name__}; a captured function takes arrays, "
        "tensors, models, numbers, texts and None; a tuple may hold these, but no arrays"
    )


def is_array(value: Any) -> bool:
    """Whether an argument is copied in; a parameter is not, it stays where it is."""
    return isinstance(value, np.ndarray) or (isinstance(value, Tensor) and not value.requires_grad)


def static_inputs(values: tuple) -> list[np.ndarray]:
    """Copies of the array arguments, which replays will read; integers become int32."""
    return [np.array(_array(value), order="C") for value in values if is_array(value)]


def copy_inputs(inputs: list[np.ndarray], values: tuple) -> None:
    """Fill the static inputs with the array arguments of another call."""
    destinations = iter(inputs)
    for value in values:
        if type(value) is np.ndarray:
            array = next(destinations)
            array[...] = value if value.dtype is array.dtype else _array(value)
        elif is_array(value):
            next(destinations)[...] = _array(value)


def static_args(inputs: list[np.ndarray], values: tuple) -> list:
    """The arguments with static inputs in place of arrays: what the function is called with."""
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
    return as_token_ids(value) if value.dtype.kind in "iu" else value
