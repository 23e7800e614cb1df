"""`TensorCheck`: the largest and the relative difference of a tensor from its reference."""

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np


@dataclass(frozen=True)
class TensorCheck:
    """The differences between a tensor and its reference, and the tolerance.

    `max_abs_diff` is the largest absolute difference of two elements; `relative_diff` is |ours −
    reference| / |reference| in the Euclidean norm. `tolerance` applies to the first, or with
    `in_norm` to the second. `problem` says why the two cannot be compared, if so.
    """

    name: str
    max_abs_diff: float
    relative_diff: float
    tolerance: float
    in_norm: bool = False
    problem: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance; NaN never is."""
        difference = self.relative_diff if self.in_norm else self.max_abs_diff
        return self.problem is None and isfinite(difference) and difference <= self.tolerance

    def __str__(self) -> str:
        return self.problem or (
            f"max abs {self.max_abs_diff:.2g}, relative {self.relative_diff:.2g}; "
            f"{self.tolerance:.2g} is allowed"
        )


def check_tensor(
    name: str, ours: np.ndarray, reference: np.ndarray, tolerance: float, in_norm: bool = False
) -> TensorCheck:
    """Compare two arrays of one shape; NaN anywhere makes both differences NaN."""
    with np.errstate(all="ignore"):
        delta = np.subtract(ours, reference)
        norm = np.float64(_norm(delta))
        relative_diff = float(norm / _norm(reference)) if norm else 0.0
        return TensorCheck(name, max_abs(delta), relative_diff, tolerance, in_norm)


def failed_check(name: str, tolerance: float, problem: str) -> TensorCheck:
    """Return the check of a tensor that cannot be compared, for the reason `problem`."""
    return TensorCheck(name, nan, nan, tolerance, problem=problem)


def max_abs(array: np.ndarray) -> float:
    """Return the largest absolute value, or 0 for an empty array."""
    return float(np.abs(array).max()) if array.size else 0.0


def _norm(array: np.ndarray) -> float:
    """Return the Euclidean norm, summed in float64 without a float64 copy."""
    flat = array.reshape(-1)
    return float(np.sqrt(np.einsum("i,i", flat, flat, dtype=np.float64)))
