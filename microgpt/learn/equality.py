"""Compare values within a tolerance, and check that an argument was not modified."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.autograd.value import Value

MAX_DEPTH = 20  # of nested lists: a list may contain itself


def values_equal(a: Any, b: Any, tolerance: float = 0.0) -> bool:
    """Whether two values are equal in shape and value; numbers within tolerance · max(1, |b|).

    NaN equals NaN, infinity equals infinity, and a list of numbers equals the array or tensor of
    them.
    """
    a, b = _without_history(a), _without_history(b)
    if isinstance(a, np.ndarray) != isinstance(b, np.ndarray):
        a, b = _list_to_array(a), _list_to_array(b)
    if _is_numeric(a) and _is_numeric(b):
        return _arrays_equal(_bool_to_int(a), _bool_to_int(b), tolerance)
    if isinstance(a, str | bytes) or isinstance(b, str | bytes):
        return type(a) is type(b) and a == b
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(values_equal(a[k], b[k], tolerance) for k in a)
    if isinstance(a, Sequence) and isinstance(b, Sequence):
        return len(a) == len(b) and all(map(values_equal, a, b, [tolerance] * len(a)))
    try:
        return a is b or bool(np.all(a == b))
    except Exception:  # a learner's `__eq__` may raise anything
        return False


def _arrays_equal(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    if a.shape != b.shape:
        return False
    with np.errstate(all="ignore"):
        # Of an infinite number, the tolerance would be infinite, and any number within it.
        finite = np.isfinite(a) & np.isfinite(b)
        close = finite & (np.abs(a - b) <= tolerance * np.maximum(1.0, np.abs(b)))
    return bool((close | (a == b) | ((a != a) & (b != b))).all())


def is_unchanged(before: Any, after: Any) -> bool:
    """Whether an argument was left unmodified; objects of unknown types count as unmodified."""
    if before is after:  # numbers and texts of a list are not copied
        return True
    if isinstance(before, np.ndarray):
        return before.dtype == after.dtype and values_equal(before, after)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(is_unchanged, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(
            is_unchanged(value, after[key]) for key, value in before.items()
        )
    if isinstance(before, int | float | str | bytes | set):
        return values_equal(before, after)
    return True


def is_numeric_data(value: Any, max_depth: int = MAX_DEPTH) -> bool:
    """Whether a value is numeric, or nested lists, tuples and dictionaries of numbers."""
    if type(value) is dict:
        value = list(value.values())
    if type(value) in (list, tuple):
        return max_depth > 0 and all(is_numeric_data(item, max_depth - 1) for item in value)
    return _is_numeric(value)


def _is_numeric(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fiub"
    return isinstance(value, bool | int | float)


def _without_history(value: Any) -> Any:
    """Return a tensor's array and a Value's number, whose own `==` knows no tolerance."""
    if isinstance(value, Tensor):
        return value.numpy()
    return value.data if isinstance(value, Value) else value


def _list_to_array(value: Any) -> Any:
    """Convert a list of numbers to an array; return any other value unchanged."""
    if type(value) in (list, tuple) and is_numeric_data(value):
        try:
            return np.asarray(value)
        except ValueError:  # rows of different lengths
            return value
    return value


def _bool_to_int(value: Any) -> np.ndarray:
    """Convert to an array, and booleans to int8, since NumPy cannot subtract booleans."""
    array = np.asarray(value)
    return array.astype(np.int8) if array.dtype.kind == "b" else array
