"""A learner's value as one line of text, as a safe copy, and as JSON."""

import copy
import re
from typing import Any

import numpy as np

from microgpt.learn.equality import is_numeric_data
from microgpt.learn.time_limit import TimeLimitExceeded

MAX_CHARACTERS = 240


def format_value(value: Any) -> str:
    """A value in one short line; addresses are left out, and a `__repr__` may raise anything."""
    try:
        text = _format(value)
    except TimeLimitExceeded:
        raise
    except BaseException:  # a learner's `__repr__` may raise SystemExit, too
        text = f"a {type(value).__name__} that cannot be shown"
    text = re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", " ".join(text.split()))
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _format(value: Any) -> str:
    if isinstance(value, np.ndarray):
        formatter: Any = {"float_kind": lambda number: f"{number:.4g}"}
        return np.array2string(value, threshold=40, separator=", ", formatter=formatter)
    if isinstance(value, float | np.floating):
        return f"{float(value):.5g}"
    if isinstance(value, np.generic):
        return str(value)
    if isinstance(value, tuple) and value:
        return ", ".join(map(_format, value))
    return value if isinstance(value, str) else repr(value)


def snapshot(value: Any) -> Any:
    """A copy of numeric data; the formatted text of any other object.

    A learner's `__repr__` runs here, under the time limit, and never again.
    """
    if value is None or type(value) is str:
        return value
    return copy.deepcopy(value) if is_numeric_data(value) else format_value(value)


def to_jsonable(value: Any) -> Any:
    """A value as JSON can hold it: arrays become lists, NaN and infinity strings."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [to_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    return value if isinstance(value, bool | int | float | str | None) else format_value(value)
