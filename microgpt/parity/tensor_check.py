"""How far two arrays are from each other."""

from typing import NamedTuple

import numpy as np


class Difference(NamedTuple):
    """The largest difference of two numbers at one place, and the norm of all over the norm."""

    largest: float
    relative: float


def difference(ours: np.ndarray, reference: np.ndarray) -> Difference:
    """How far `ours` is from `reference`, of one shape; NaN anywhere makes it NaN.

    `relative` is |ours − reference| / |reference| with Euclid's norm; 0 if both are zero.
    """
    with np.errstate(all="ignore"):
        delta = np.subtract(ours, reference)
        largest = float(np.abs(delta).max()) if delta.size else 0.0
        off, scale = _norm(delta), _norm(reference)
        relative = 0.0 if off == 0 else float(np.float64(off) / scale)
    return Difference(largest, relative)


def _norm(array: np.ndarray) -> float:
    """Summed in float64, without a copy in float64."""
    flat = array.reshape(-1)
    return float(np.sqrt(np.einsum("i,i", flat, flat, dtype=np.float64)))
