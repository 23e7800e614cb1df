"""Reading what an answer returned: generous with its type, strict with its meaning."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np


class ParseError(Exception):
    """What came back cannot be what the exercise asks for; the text says what was expected."""


def array(value: Any) -> np.ndarray:
    """An array of numbers in float64: from an array of any float type, a list or a Tensor."""
    if value is None or isinstance(value, str | bytes | dict | set):
        raise ParseError("an array of numbers")
    try:
        numbers = np.array(value)
    except Exception:
        raise ParseError("an array of numbers") from None
    if numbers.dtype.kind not in "fiub":
        raise ParseError("an array of real numbers")
    return numbers.astype(np.float64)


def number(value: Any) -> float:
    """One number: from a float, an int, a NumPy number or an array or Tensor of size 1."""
    numbers = array(value)
    if numbers.size != 1:
        raise ParseError("one number")
    return float(numbers.reshape(-1)[0])


def whole(value: Any) -> int:
    """A whole number: a Python or NumPy int, or an array of one."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    if isinstance(value, bool):
        raise ParseError("a whole number, an int")
    try:
        return operator.index(value)
    except TypeError:
        raise ParseError("a whole number, an int") from None


def several(*readers: Callable[[Any], Any]) -> Callable[[Any], tuple]:
    """A reader for answers that return several things, each with its own reader."""

    def read(value: Any) -> tuple:
        if not isinstance(value, tuple | list) or len(value) != len(readers):
            raise ParseError(f"{len(readers)} things, in a tuple")
        return tuple(reader(part) for reader, part in zip(readers, value, strict=True))

    return read


def anything(value: Any) -> Any:
    """Whatever came, for properties that look for themselves."""
    return value
