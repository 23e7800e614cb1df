"""Are two values the same, is an argument unchanged, and how is a value shown in a line."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

WIDTH = 240


def same(one: Any, other: Any, tolerance: float = 0.0) -> bool:
    """Equal in kind, shape and value; numbers to within tolerance · max(1, |other|).

    NaN equals NaN here, and infinity infinity.
    """
    if _numeric(one) and _numeric(other):
        a, b = np.asarray(one), np.asarray(other)
        if a.shape != b.shape:
            return False
        with np.errstate(all="ignore"):
            near = np.abs(a - b) <= tolerance * np.maximum(1.0, np.abs(b))
        return bool((near | (a == b) | ((a != a) & (b != b))).all())
    if isinstance(one, str | bytes) or isinstance(other, str | bytes):
        return type(one) is type(other) and one == other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[k], other[k], tolerance) for k in one)
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        return len(one) == len(other) and all(map(same, one, other, [tolerance] * len(one)))
    return one is other or bool(one == other)


def _numeric(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fiub"
    return isinstance(value, bool | int | float | np.generic)


def unchanged(before: Any, after: Any) -> bool:
    """Whether an argument still holds what it held; objects with a life of their own pass."""
    if isinstance(before, np.ndarray):
        return before.dtype == after.dtype and same(before, after)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(unchanged, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(
            unchanged(part, after[name]) for name, part in before.items()
        )
    if isinstance(before, int | float | str | bytes | set):
        return same(before, after)
    return True


def shown(value: Any) -> str:
    """A value in one short line; addresses are left out, and no `repr` can do harm."""
    try:
        text = _text(value)
    except Exception:
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


def is_data(value: Any) -> bool:
    """Whether a value is numbers, or lists, tuples and dictionaries of them."""
    if type(value) in (list, tuple):
        return all(map(is_data, value))
    if type(value) is dict:
        return all(map(is_data, value.values()))
    return _numeric(value)


def kept(value: Any) -> Any:
    """Numbers, and what is made of them, as they are; anything else as the text it shows.

    What a learner's object does when it is looked at, it does now and never again.
    """
    return value if value is None or isinstance(value, str) or is_data(value) else shown(value)


def plain(value: Any) -> Any:
    """A value as JSON can hold it: arrays become lists, NaN and infinity words."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    return value if isinstance(value, bool | int | float | str | None) else shown(value)
