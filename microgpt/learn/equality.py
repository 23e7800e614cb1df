"""Are two values the same, is an argument unchanged, and how is a value shown in a line."""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from microgpt.learn.time_limit import TimeLimitExceeded

WIDTH = 240
DEPTH = 20  # of lists in lists; a list may contain itself


def values_equal(one: Any, other: Any, tolerance: float = 0.0) -> bool:
    """Equal in shape and value; numbers to within tolerance · max(1, |other|).

    NaN equals NaN here, infinity infinity, and a list of numbers the array of them.
    """
    if isinstance(one, np.ndarray) != isinstance(other, np.ndarray):
        one, other = _as_array(one), _as_array(other)
    if _numeric(one) and _numeric(other):
        a, b = _subtractable(one), _subtractable(other)
        if a.shape != b.shape:
            return False
        with np.errstate(all="ignore"):
            near = np.abs(a - b) <= tolerance * np.maximum(1.0, np.abs(b))
        return bool((near | (a == b) | ((a != a) & (b != b))).all())
    if isinstance(one, str | bytes) or isinstance(other, str | bytes):
        return type(one) is type(other) and one == other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(values_equal(one[k], other[k], tolerance) for k in one)
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        return len(one) == len(other) and all(map(values_equal, one, other, [tolerance] * len(one)))
    try:
        return one is other or bool(np.all(one == other))
    except Exception:  # what a learner's object makes of ==
        return False


def _numeric(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fiub"
    return isinstance(value, bool | int | float)


def _as_array(value: Any) -> Any:
    """The array of a list of numbers; anything else as it is."""
    if type(value) in (list, tuple) and is_data(value):
        try:
            return np.asarray(value)
        except ValueError:  # rows of several lengths
            return value
    return value


def _subtractable(value: Any) -> np.ndarray:
    array = np.asarray(value)
    return array.astype(np.int8) if array.dtype.kind == "b" else array


def is_unchanged(before: Any, after: Any) -> bool:
    """Whether an argument still holds what it held; objects with a life of their own pass."""
    if isinstance(before, np.ndarray):
        return before.dtype == after.dtype and values_equal(before, after)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(is_unchanged, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(
            is_unchanged(part, after[name]) for name, part in before.items()
        )
    if isinstance(before, int | float | str | bytes | set):
        return values_equal(before, after)
    return True


def format_value(value: Any) -> str:
    """A value in one short line; addresses are left out, and no `repr` can do harm."""
    try:
        text = _text(value)
    except TimeLimitExceeded:
        raise
    except BaseException:  # a learner's `repr` may raise SystemExit as well
        text = f"a {type(value).__name__} that cannot be shown"
    text = re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", " ".join(text.split()))
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        digits: Any = {"float_kind": lambda number: f"{number:.4g}"}
        return np.array2string(value, threshold=40, separator=", ", formatter=digits)
    if isinstance(value, float | np.floating):
        return f"{float(value):.5g}"
    if isinstance(value, np.generic):
        return str(value)
    if isinstance(value, tuple) and value:
        return ", ".join(map(_text, value))
    return value if isinstance(value, str) else repr(value)


def is_data(value: Any, depth: int = DEPTH) -> bool:
    """Whether a value is numbers, or lists, tuples and dictionaries of them, not too deep."""
    if type(value) is dict:
        value = list(value.values())
    if type(value) in (list, tuple):
        return depth > 0 and all(is_data(part, depth - 1) for part in value)
    return _numeric(value)


def snapshot(value: Any) -> Any:
    """Numbers, and what is made of them, copied; anything else as the text it shows.

    What a learner's object does when it is looked at, it does now and never again.
    """
    if value is None or type(value) is str:
        return value
    return copy.deepcopy(value) if is_data(value) else format_value(value)


def to_jsonable(value: Any) -> Any:
    """A value as JSON can hold it: arrays become lists, NaN and infinity words."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [to_jsonable(part) for part in value]
    if isinstance(value, dict):
        return {str(name): to_jsonable(part) for name, part in value.items()}
    return value if isinstance(value, bool | int | float | str | None) else format_value(value)
