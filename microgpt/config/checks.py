"""Checks of single settings; numbers come back as Python ints and floats, which JSON can hold."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from microgpt.errors import SettingError
from microgpt.plain_text import join_and

LARGEST_INTEGER = 2**63 - 1


def check_integer(name: str, value: Any, minimum: int, maximum: int = LARGEST_INTEGER) -> int:
    """Return the value as an int; raise SettingError unless `minimum` ≤ value ≤ `maximum`."""
    integer = isinstance(value, Integral) and not isinstance(value, bool)
    if not integer or not minimum <= value <= maximum:
        raise SettingError(name, _integer(minimum, maximum, integer and value > maximum), value)
    return int(value)


def _integer(minimum: int, maximum: int, above: bool) -> str:
    if above or maximum != LARGEST_INTEGER:
        return f"an integer from {minimum:,} to {maximum:,}"
    positive = {0: "a non-negative integer", 1: "a positive integer"}
    return positive.get(minimum, f"an integer of at least {minimum:,}")


def check_number(
    name: str,
    value: Any,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """Return the value as a float; raise SettingError if it is no number in the range.

    `minimum` and `maximum` are inclusive, `above` and `below` exclusive; `below=inf` means finite.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number:
        raise SettingError(name, "a number", value)
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        number = float("inf") if value > 0 else -float("inf")
    fits = (
        (minimum is None or number >= minimum)
        and (maximum is None or number <= maximum)
        and (above is None or number > above)
        and (below is None or number < below)
    )
    if not fits:
        raise SettingError(name, _range(minimum, maximum, above, below), value)
    return number


def _range(
    minimum: float | None, maximum: float | None, above: float | None, below: float | None
) -> str:
    """Describe the range in words: "at least 0 and below 1", "above 0 and finite"."""
    ends = []
    if minimum is not None:
        ends.append(f"at least {minimum:g}")
    if above is not None:
        ends.append(f"above {above:g}")
    if maximum is not None:
        ends.append(f"at most {maximum:g}")
    if below is not None:
        ends.append("finite" if below == float("inf") else f"below {below:g}")
    return join_and(ends)


def check_boolean(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise SettingError(name, "True or False", value)


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    if value not in choices:
        raise SettingError(name, got=value, choices=choices)
