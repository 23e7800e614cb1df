"""Parsers of an answer's result: lenient about its type, strict about its meaning."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np


class ParseError(Exception):
    """An answer's result is not of the expected type, which the message names."""


def array(value: Any) -> np.ndarray:
    """Convert an array of real numbers of any dtype, a list or a Tensor to a float64 array."""
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
    """Convert a float, an int, a NumPy scalar or an array or Tensor of size 1 to a float."""
    try:
        numbers = array(value)
    except ParseError:
        raise ParseError("one number") from None
    if numbers.size != 1:
        raise ParseError("one number")
    return float(numbers.reshape(-1)[0])


def integer(value: Any) -> int:
    """Convert a Python or NumPy integer, or an array of one, to an int."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    if isinstance(value, bool):
        raise ParseError("a whole number, an int")
    try:
        return operator.index(value)
    except TypeError:
        raise ParseError("a whole number, an int") from None


def token_ids(value: Any) -> list[int]:
    """Convert a list, a tuple or an array of whole numbers to a list of ints."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if not isinstance(value, list | tuple):
        raise ParseError("a list that holds nothing but ints")
    try:
        return [integer(item) for item in value]
    except ParseError:
        raise ParseError("a list that holds nothing but ints") from None


def tuple_of(*parsers: Callable[[Any], Any]) -> Callable[[Any], tuple]:
    """Return a parser of tuples of several values, with a parser for each."""

    def parse(value: Any) -> tuple:
        if not isinstance(value, tuple | list) or len(value) != len(parsers):
            raise ParseError(f"{len(parsers)} values, in a tuple")
        return tuple(parser(item) for parser, item in zip(parsers, value, strict=True))

    return parse


def anything(value: Any) -> Any:
    """Return the value unchanged, for properties that test it themselves."""
    return value
