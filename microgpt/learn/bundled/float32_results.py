"""Shared by exercises whose answers must keep the dtype float32: the test that they do."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.learn.exercise import Mismatch


def keeps_float32(cause: str) -> Callable[..., Mismatch | None]:
    """Return a test, for a property, that an answer returns no array of float64.

    Lists have no dtype, and pass. `cause` explains the mismatch.
    """

    def test(answer: Any, *arguments: Any) -> Mismatch | None:
        answer(*arguments)  # with all that is checked of any result
        result = answer.function(*copy.deepcopy(arguments))
        dtype = getattr(result, "dtype", None)
        return Mismatch("float64", "float32", cause) if dtype == np.float64 else None

    return test
