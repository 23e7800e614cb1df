"""Geometry of a table of embeddings: a fixed projection, cosines, the nearest rows, a null band."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

NUM_DRAWS = 2000
BAND = (0.025, 0.975)  # quantiles: 95 % lie between


@dataclass(frozen=True, eq=False)
class Projection:
    """Two axes (2, C) through a row of zeros, the same for all tables that are shown on them."""

    axes: np.ndarray

    def coordinates(self, table: np.ndarray) -> np.ndarray:
        """Project rows (…, C) to (…, 2); a row of zeros comes to (0, 0)."""
        return table @ self.axes.T

    def variance_kept(self, table: np.ndarray) -> float:
        """Return the share of the variance of a table's rows (V, C) that lies on the two axes."""
        centred = table - table.mean(axis=0)
        total = (centred**2).sum()
        return float(((centred @ self.axes.T) ** 2).sum() / total) if total else 1.0


def principal_axes(table: np.ndarray) -> Projection:
    """Return the two principal axes of a table (V, C); of one with two columns, the columns."""
    if table.shape[1] == 2:
        return Projection(np.eye(2))
    axes = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)[2][:2]
    largest = np.abs(axes).argmax(axis=1)  # the signs are arbitrary: make them the same always
    axes *= np.sign(axes[[0, 1], largest])[:, None]
    return Projection(axes)


def cosines(table: np.ndarray) -> np.ndarray:
    """Return the cosine of each row with each: (V, C) -> (V, V); 0 with a row of zeros."""
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    unit = table / np.where(lengths > 0, lengths, 1)
    return unit @ unit.T


def nearest_rows(table: np.ndarray, row: int, count: int) -> list[tuple[int, float]]:
    """Return the rows of the largest cosines with a row, itself left out, and these cosines."""
    values = cosines(table)[row]
    order = [int(other) for other in np.argsort(-values, kind="stable") if other != row]
    return [(other, float(values[other])) for other in order[:count]]


@dataclass(frozen=True)
class GroupCosine:
    """The mean cosine of the pairs of a group, and the 95 % band of random groups of its size."""

    mean: float
    low: float
    high: float

    @cached_property
    def is_outside(self) -> bool:
        """Whether random groups seldom are like this one."""
        return not self.low <= self.mean <= self.high


def group_cosine(table: np.ndarray, group: list[int], rows: list[int]) -> GroupCosine:
    """Compare a group of rows with 2,000 groups of its size, drawn from `rows`."""
    table_of_cosines, size = cosines(table), len(group)
    rng = np.random.default_rng(0)
    draws = rng.permuted(np.tile(rows, (NUM_DRAWS, 1)), axis=1)[:, :size]
    low, high = np.quantile(_mean_cosines(table_of_cosines, draws), BAND)
    mean = _mean_cosines(table_of_cosines, np.array([group]))[0]
    return GroupCosine(float(mean), float(low), float(high))


def _mean_cosines(table: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the mean cosine of the pairs in each group: (N, k) -> (N,)."""
    first, second = np.triu_indices(groups.shape[1], 1)
    return table[groups[:, first], groups[:, second]].mean(axis=1)
