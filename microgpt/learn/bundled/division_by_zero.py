"""A test for a property at which an answer may divide by 0: it notices the division itself.

What comes back does not tell: `logits / 0` gives inf and NaN, and from these come 0, another token,
None or an error, whatever the rest of the function makes of them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.learn.equality import values_equal
from microgpt.learn.exercise import Mismatch
from microgpt.learn.parsers import ParseError

# What a function may stop with after a division that gave NaN: not what ends a check early.
ERRORS = (
    ArithmeticError, AssertionError, LookupError, ParseError, StopIteration, TypeError, ValueError,
)  # fmt: skip


def without_division_by_zero(
    reference: Callable[..., Any], cause: str
) -> Callable[..., Mismatch | None]:
    """Return a test that an answer's results equal the reference's, with `cause` if it divided."""

    def test(answer: Any, *arguments: Any) -> Mismatch | None:
        divisions: list[str] = []
        expected = reference(*arguments)
        try:
            with np.errstate(
                divide="call", invalid="call", call=lambda error, flags: divisions.append(error)
            ):
                got = answer(*arguments)
        except ERRORS as error:
            if not divisions and not isinstance(error, ZeroDivisionError):
                raise
            return Mismatch(_describe(error, answer), expected, cause)
        if values_equal(got, expected):
            return None
        return Mismatch(got, expected, cause if divisions else "")

    return test


def _describe(error: Exception, answer: Any) -> Any:
    """Return what the card shows of an error, or of a result of another type than expected."""
    if isinstance(error, ParseError):
        return "None" if answer.returned is None else answer.returned
    name = type(error).__name__
    return f"{name}: {error}" if str(error) else name
