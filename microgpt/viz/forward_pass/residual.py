"""The residual stream of the last layer: what came in, what a part adds to it, what goes on."""

from dataclasses import dataclass

import numpy as np

from microgpt.plain_text import with_minus
from microgpt.viz.forward_pass.activation_data import ForwardPass
from microgpt.viz.forward_pass.marks import MAX_VALUES, Square, hinton_squares


@dataclass(frozen=True, eq=False)
class Addition:
    """What one part of a layer adds to the residual stream: before + added = after, each (S, C)."""

    part: str
    before: np.ndarray
    added: np.ndarray
    after: np.ndarray


def additions(forward: ForwardPass) -> tuple[Addition, Addition]:
    """Return what attention adds and what the MLP adds, both in the last layer."""
    return (
        Addition("attention", forward.resid_pre, forward.attention_out, forward.resid_mid),
        Addition("MLP", forward.resid_mid, forward.mlp_out, forward.resid_post),
    )


def addition_squares(forward: ForwardPass) -> list[list[list[list[Square]]]]:
    """Return squares for [part][before, added, after][position], all on the same scale."""
    rows = [(one.before, one.added, one.after) for one in additions(forward)]
    max_value = max(float(np.abs(row[:, :MAX_VALUES]).max()) for part in rows for row in part)
    return [
        [
            [hinton_squares(values, MAX_VALUES, max_value or 1.0) for values in row[:, :MAX_VALUES]]
            for row in part
        ]
        for part in rows
    ]


def example_index(addition: Addition, position: int) -> int | None:
    """Return which number of a position is written out as an example, or `None`.

    It is the one with the largest change, of those shown whose terms, rounded to two decimals, add
    up to the rounded sum.
    """
    terms = _rounded_terms(addition, position)
    exact = [i for i, (x, dx, y) in enumerate(terms) if abs(x + dx - y) < 0.005]
    changes = np.abs(addition.added[position])
    return max(exact, key=lambda i: float(changes[i]), default=None)


def example_label(addition: Addition, position: int) -> str:
    """Return which number the example is, such as "the largest change, number 7:", or ""."""
    i = example_index(addition, position)
    if i is None:
        return ""
    is_largest = i == int(np.abs(addition.added[position]).argmax())
    return f"{'the largest' if is_largest else 'a large'} change, number {i + 1}:"


def example_sum(addition: Addition, position: int) -> str:
    """Return the sum of the number that is the example, such as "0.53 + (−0.20) = 0.33", or ""."""
    i = example_index(addition, position)
    if i is None:
        return ""
    before, added, after = _rounded_terms(addition, position)[i]
    second = signed(added) if added >= 0 else f"({signed(added)})"
    return f"{signed(before)} + {second} = {signed(after)}"


def _rounded_terms(addition: Addition, position: int) -> list[tuple[float, float, float]]:
    """Return what came in, is added, and goes on, of each number shown, to two decimals."""
    rows = (addition.before, addition.added, addition.after)
    terms = (np.round(row[position, :MAX_VALUES].astype(float), 2).tolist() for row in rows)
    return list(zip(*terms, strict=True))


def signed(number: float) -> str:
    """Format a number with two decimals and a true minus sign, 0 without a sign."""
    return with_minus(f"{number + 0.0:.2f}".replace("-0.00", "0.00"))
