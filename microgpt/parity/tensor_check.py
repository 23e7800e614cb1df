"""`TensorCheck`: one tensor beside its reference, by largest and by relative difference."""

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np


@dataclass(frozen=True)
class TensorCheck:
    """How far a tensor is from its reference, and how far it may be.

    `max_abs_diff` is the largest difference of two elements, `relative_diff` that of the whole in
    the Euclidean norm, |ours − reference| / |reference|. `tolerance` is for the first, or
    (`in_norm`) for the second. `problem` says why the two cannot be compared, if so.
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
    """The check of a tensor that cannot be compared, for the reason `problem`."""
    return TensorCheck(name, nan, nan, tolerance, problem=problem)


def max_abs(array: np.ndarray) -> float:
    """The largest absolute value; 0 for no elements."""
    return float(np.abs(array).max()) if array.size else 0.0


def _norm(array: np.ndarray) -> float:
    """The Euclidean norm, summed in float64 without a copy in float64."""
    flat = array.reshape(-1)
    return float(np.sqrt(np.einsum("i,i", flat, flat, dtype=np.float64)))
