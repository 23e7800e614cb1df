"""The test that no row of an attention exercise's answer sees a later letter."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.learn.exercise import Mismatch
from microgpt.learn.messages import message_section

UNCHANGED = 1e-12  # rows of float64 that see nothing of a change differ by less
_quantities = message_section("quantities")


def sees_no_future(cause: str) -> Callable[..., Mismatch | None]:
    """Return a property's test: for each letter that changes, the rows before it must stay.

    The answer takes x (T, C) first, and its result has a row for each letter. The mismatch is the
    first row that changes; `cause` gets its `row` and the `letter`, counted from 1.
    """

    def test(answer: Callable[..., Any], x: np.ndarray, *others: Any) -> Mismatch | None:
        expected = answer(x, *others)
        for t in range(1, len(x)):
            changed = x.copy()
            changed[t] += 1.0 + np.arange(x.shape[1])
            got = answer(changed, *others)
            if got.shape != expected.shape:
                quantity = _quantities["changed_letter"].format(letter=t + 1)
                return Mismatch(got, expected, quantity=quantity)
            for row in range(min(t, len(got))):
                if not np.allclose(got[row], expected[row], rtol=0, atol=UNCHANGED, equal_nan=True):
                    at = {"row": row + 1, "letter": t + 1}
                    quantity = _quantities["earlier_row"].format(**at)
                    return Mismatch(got[row], expected[row], cause.format(**at), quantity)
        return None

    return test
