"""A training loss over the logarithm of the step: thinned, and smoothed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MAX_POINTS = 160  # of a curve over the full width
BANDWIDTH = 0.2  # of the smoothing, in columns: the distance between two snapshots is 1


class StepAxis:
    """Positions of steps from 0 to 1: a column of equal width for each snapshot's step.

    A snapshot stands in the middle of its column; between two, the axis is logarithmic in step + 1.
    """

    def __init__(self, snapshot_steps: Sequence[int]):
        self._steps = list(snapshot_steps)
        self._logs = np.log1p(np.asarray(snapshot_steps, np.float64))
        self.num_columns = len(snapshot_steps)
        self.centres = (np.arange(self.num_columns) + 0.5) / self.num_columns

    def positions(self, steps: np.ndarray) -> np.ndarray:
        """Return the position of each step; those beyond the snapshots stand at the ends."""
        return np.interp(np.log1p(steps), self._logs, self.centres)

    def minor_steps(self) -> np.ndarray:
        """Return the steps with one digit that is not 0, without those that have a snapshot.

        Their ticks show how the distance between equally many steps shrinks along the axis.
        """
        last = self._steps[-1]
        steps = [digit * 10**power for power in range(len(str(last))) for digit in range(1, 10)]
        return np.array([step for step in steps if step < last and step not in self._steps])

    def boundaries(self, num_steps: int) -> np.ndarray:
        """Return the first steps of at most `MAX_POINTS` groups, about equally wide on the axis."""
        grid = np.linspace(self.centres[0], self.centres[-1], MAX_POINTS + 1)
        steps = np.expm1(np.interp(grid, self.centres, self._logs))
        first = np.unique(np.ceil(steps - 1e-6).astype(int))
        return first[first < num_steps]


class LossCurve(NamedTuple):
    """Points of a curve, arrays of equal length: positions, mean losses, and smoothed losses."""

    x: np.ndarray
    raw: np.ndarray
    smooth: np.ndarray


def loss_curve(losses: np.ndarray, axis: StepAxis) -> LossCurve:
    """Thin the loss of every step to the means of groups, and smooth them along the axis.

    `losses` (num_steps,) are in nats; those that are not finite are left out. The smoothing is a
    weighted straight line through the points around each (Cleveland 1979).
    """
    losses = np.asarray(losses, np.float64)
    if not np.isfinite(losses).all():
        losses = losses[: int(np.argmin(np.isfinite(losses)))]
    if not len(losses):
        return LossCurve(*[np.zeros(0)] * 3)
    first = axis.boundaries(len(losses))
    counts = np.diff(np.append(first, len(losses)))
    raw = np.add.reduceat(losses, first) / counts
    x = axis.positions(first + (counts - 1) / 2)
    return LossCurve(x, raw, _local_lines(x, raw, counts, BANDWIDTH / axis.num_columns))


def _local_lines(x: np.ndarray, y: np.ndarray, counts: np.ndarray, bandwidth: float) -> np.ndarray:
    """Return at each point the line fitted to its neighbours, with Gaussian weights."""
    distance = x - x[:, None]
    weights = np.exp(-0.5 * (distance / bandwidth) ** 2) * np.sqrt(counts)
    total, first = weights.sum(1), (weights * distance).sum(1)
    second = (weights * distance**2).sum(1)
    sum_y, sum_xy = weights @ y, (weights * distance) @ y
    # A small ridge on the slope: where a point has no neighbour, the line is flat.
    second += total * (0.3 * bandwidth) ** 2
    return (second * sum_y - first * sum_xy) / (second * total - first**2)
