"""The arguments of a captured function: what tells two calls apart, and what is copied in."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import state
from microgpt.autograd.tensor import Tensor
from microgpt.errors import CaptureError
from microgpt.nn import Module
from microgpt.ops.embedding import as_tokens


def given(arguments: tuple, named: dict[str, Any]) -> tuple[tuple, tuple[str, ...]]:
    """All arguments in one order, and the names of the last ones."""
    names = tuple(sorted(named))
    return (*arguments, *map(named.__getitem__, names)), names


def key_of(values: tuple, names: tuple[str, ...]) -> Hashable:
    """Equal for two calls that share a recording: shapes and types, and plain arguments' values."""
    key = [state.grad_enabled, backends.current().name, names]
    for place, value in enumerate(values):
        if type(value) is np.ndarray:
            key.append((value.shape, value.dtype.char))
        else:
            key.append(_key(place, value))
    return tuple(key)


def _key(place: Any, value: Any) -> Hashable:
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype.char)
    if is_array(value):
        return (value.backend, value.shape, value.dtype.char)
    if isinstance(value, Tensor) and value.inputs:
        raise CaptureError(
            f"argument {place} was computed and requires a gradient, which a replay cannot carry "
            "back; compute it inside the captured function, or pass it detached"
        )
    return _plain(place, value)


def _plain(place: Any, value: Any) -> Hashable:
    """What distinguishes an argument that is not copied in: its type and value, or itself."""
    if isinstance(value, float) and value != value:
        raise CaptureError(f"argument {place} is NaN, which equals nothing, not even itself")
    if value is None or isinstance(value, int | float | str):
        return (type(value).__name__, repr(value))  # 1, 1.0 and True are not the same
    if isinstance(value, tuple):
        return (type(value), *(_plain(place, part) for part in value))
    if isinstance(value, Module) or (isinstance(value, Tensor) and value.requires_grad):
        return value
    raise CaptureError(
        f"argument {place} is or holds a {type(value).__name__}; a captured function takes arrays, "
        "tensors, models, numbers, texts and None; a tuple may hold these, but no arrays"
    )


def is_array(value: Any) -> bool:
    """Whether an argument is copied in; a parameter is not, it stays where it is."""
    return isinstance(value, np.ndarray) or (isinstance(value, Tensor) and not value.requires_grad)


def fixed(values: tuple) -> list[np.ndarray]:
    """The arrays that stand for the arguments in every replay; whole numbers become int32."""
    return [np.array(_array(value), order="C") for value in values if is_array(value)]


def copy_in(inputs: list[np.ndarray], values: tuple) -> None:
    """Fill the arrays that stand for the arguments."""
    places = iter(inputs)
    for value in values:
        if type(value) is np.ndarray:
            array = next(places)
            array[...] = value if value.dtype is array.dtype else _array(value)
        elif is_array(value):
            next(places)[...] = _array(value)


def static_args(inputs: list[np.ndarray], values: tuple) -> list:
    """What the function is given in place of its arguments."""
    places = iter(inputs)
    return [_stand_in(value, next(places)) if is_array(value) else value for value in values]


def _stand_in(value: Any, array: np.ndarray) -> Any:
    return value.detached(array) if isinstance(value, Tensor) else array


def _array(value: Any) -> np.ndarray:
    if isinstance(value, Tensor):
        return value.array
    return as_tokens(value) if value.dtype.kind in "iu" else value
