"""Convert a learner's value to one line of text, to a safe copy, or to JSON."""

import copy
import re
from typing import Any

import numpy as np

from microgpt.learn.equality import is_numeric_data
from microgpt.learn.time_limit import TimeLimitExceeded

MAX_CHARACTERS = 240
MAX_PAIRS, SHOWN_PAIRS = 12, 10  # of a longer list of tuples, such as merges, so many are shown


def format_value(value: Any, digits: int = 4) -> str:
    """Format a value on one short line, without addresses, even if its `__repr__` raises.

    Floats have so many significant digits, one more outside an array; an identity matrix from
    3 × 3 on is `np.eye(n)`; a long list of tuples ends in how many more there are.
    """
    try:
        text = _format(value, digits)
    except TimeLimitExceeded:
        raise
    except BaseException:  # a learner's `__repr__` may even raise SystemExit
        text = f"a {type(value).__name__} that cannot be shown"
    text = re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", " ".join(text.split()))
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _format(value: Any, digits: int) -> str:
    if isinstance(value, np.ndarray):
        if _is_identity(value):
            return f"np.eye({len(value)})"
        formatter: Any = {"float_kind": lambda number: f"{number:.{digits}g}"}
        return np.array2string(value, threshold=40, separator=", ", formatter=formatter)
    if isinstance(value, float | np.floating):
        text = f"{float(value):.{digits + 1}g}"
        return f"{text}.0" if text.lstrip("-").isdecimal() else text  # no int: 2.0 is no token
    if isinstance(value, np.generic):
        return str(value)
    if type(value) is list and len(value) > MAX_PAIRS and all(type(v) is tuple for v in value):
        items = ", ".join(_format(item, digits) for item in value[:SHOWN_PAIRS])
        return f"[{items}, … and {len(value) - SHOWN_PAIRS:,} more]"
    if type(value) in (list, tuple) and value and is_numeric_data(value):
        items = ", ".join(_format(item, digits) for item in value)
        if type(value) is list:
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    return value if isinstance(value, str) else repr(value)


def _is_identity(array: np.ndarray) -> bool:
    """Whether it is an identity matrix that takes more letters than its name does."""
    if array.ndim != 2 or len(array) < 3 or array.dtype.kind != "f":
        return False
    return bool(np.array_equal(array, np.eye(len(array))))


def format_pair(got: Any, expected: Any) -> tuple[str, str]:
    """Format two values, with as many digits (up to 16) as it takes to tell them apart."""
    for digits in (4, 7, 16):
        pair = format_value(got, digits), format_value(expected, digits)
        if pair[0] != pair[1]:
            break
    return pair


def snapshot(value: Any) -> Any:
    """Return a copy of numeric data, and the formatted text of any other object.

    A learner's `__repr__` runs only here, under the time limit, and not when a card is shown.
    """
    if value is None or type(value) is str:
        return value
    return copy.deepcopy(value) if is_numeric_data(value) else format_value(value)


def to_jsonable(value: Any) -> Any:
    """Convert a value to JSON types: arrays become lists, NaN and infinity strings."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [to_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    return value if isinstance(value, bool | int | float | str | None) else format_value(value)
