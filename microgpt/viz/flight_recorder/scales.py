"""Scales of the flight recorder's rows, and curves thinned to what can be seen."""

from math import ceil, floor, isnan, log10

import numpy as np

from microgpt.moving_average import mean_before

MAX_POINTS = 240
CUT_SPACING = 0.02  # of the width, between two marks
Curve = tuple[tuple[float, float], ...]
Cut = tuple[float, bool]


class Band:
    """A row of the chart from `top` to `bottom` in pixels; values from `low` to `high` fit in."""

    def __init__(self, top: float, bottom: float, low: float, high: float, is_log: bool = False):
        self.top, self.bottom, self.is_log = top, bottom, is_log
        self.low, self.high = low, high

    def y(self, value: float) -> float:
        """Return the height of a value in pixels; what does not fit is at the edge."""
        return float(self.ys(np.array([value]))[0])

    def ys(self, values: np.ndarray) -> np.ndarray:
        """Return the heights of values in pixels."""
        low, high = self.low, self.high
        if self.is_log:
            low, high = log10(low), log10(high)
            values = np.log10(np.maximum(values, 1e-30))
        share = np.clip((high - values) / (high - low), 0, 1)
        return self.top + (self.bottom - self.top) * share

    def ticks(self) -> list[float]:
        """Return the powers of ten of a logarithmic row, at most three."""
        first, last = round(log10(self.low)), round(log10(self.high))
        every = ceil((last - first + 1) / 3)
        return [10.0**power for power in range(last, first - 1, -every)]


def loss_band(top: float, bottom: float, lines: list[float], losses: list[float]) -> Band:
    """Return the row of losses: half nats around all lines and losses, up to 2 nats above them."""
    reach = max(lines) + 2.0  # a loss that explodes must not press the lines together
    losses = [min(loss, reach) for loss in losses if not isnan(loss)]
    values = [*lines, *losses, max(0.0, min(lines) - 0.7)]
    return Band(top, bottom, floor(2 * min(values)) / 2, ceil(2 * (max(values) + 0.1)) / 2)


def log_band(top: float, bottom: float, values: np.ndarray, default: tuple[float, float]) -> Band:
    """Return a logarithmic row of whole powers of ten around `default` and the values."""
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = default
    if len(positive):
        low, high = min(low, float(positive.min())), max(high, float(positive.max()))
    return Band(top, bottom, 10.0 ** floor(log10(low)), 10.0 ** ceil(log10(high)), is_log=True)


def thin_every(steps: int) -> int:
    """Return how many of the planned steps share a point of a curve."""
    return ceil(steps / MAX_POINTS)


def thin_positions(num_steps: int, steps: int) -> np.ndarray:
    """Return at most `MAX_POINTS` of the steps made, about evenly spaced, with first and last.

    The spacing depends on the planned steps alone, so that a growing curve keeps its shape.
    """
    positions = np.arange(0, num_steps, thin_every(steps))
    if num_steps and positions[-1] != num_steps - 1:
        positions = np.append(positions, num_steps - 1)
    return positions


def means_before(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return at each position the mean of the last 20 values up to it."""
    means = [mean_before(values, i + 1) for i in positions]
    return np.array(means).reshape(len(positions), *values.shape[1:])


def cut_marks(xs: np.ndarray, values: np.ndarray, band: Band) -> list[Cut]:
    """Return where values are beyond a row, as (x, whether above); close ones share a mark."""
    marks: list[Cut] = []
    for is_above, is_cut in ((True, values > band.high), (False, values < band.low)):
        last = -1.0
        for x in np.sort(xs[is_cut]).tolist():
            if x > last + CUT_SPACING:
                marks.append((x, is_above))
                last = x
    return marks


def curve(positions: np.ndarray, values: np.ndarray, steps: int, band: Band) -> Curve:
    """Return a curve as points (x from 0 to 1, y in pixels), without what is no number."""
    is_number = ~np.isnan(values)
    positions, values = positions[is_number], values[is_number]
    if not len(positions):
        return ()
    return tuple(zip((positions / steps).tolist(), band.ys(values).tolist(), strict=True))
