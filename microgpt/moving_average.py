"""The moving average of numbers that jump from step to step, such as the losses of a run."""

import numpy as np

MEAN_OF = 20  # steps


def mean_of(step: int) -> int:
    """Return how many values the average after `step` steps is of: 20, fewer at the start."""
    return min(MEAN_OF, step)


def mean_before(values: np.ndarray, step: int) -> np.ndarray:
    """Return the mean of the last 20 of the first `step` values, along the first axis."""
    return values[step - mean_of(step) : step].mean(axis=0)
