"""Axes that end at a round number just above the largest value, so that bars fill them."""

from math import ceil, floor, log10

PERCENT_ENDS = (1, 2, 5, 10, 15, 20, 30, 40, 60, 80, 100)


def percent_axis(max_prob: float) -> tuple[float, list[float]]:
    """Return the end of an axis of probabilities, and its ticks: 0, the middle and the end.

    The end is the smallest of 1, 2, 5, 10, 15, 20, 30, 40, 60, 80 and 100 % that the largest
    probability does not exceed.
    """
    end = next((end for end in PERCENT_ENDS if 100 * max_prob <= end), 100) / 100
    return end, [0.0, end / 2, end]


def value_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return at most `count` + 1 round numbers between `low` and `high`, evenly spaced."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    unit = 10.0 ** floor(log10(raw))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= raw * (1 - 1e-9))
    first = ceil(low / step - 1e-9)
    last = floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]
