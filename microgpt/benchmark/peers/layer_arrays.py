"""The arrays of a linear layer, the same numbers for every library."""

import numpy as np


def layer_arrays(shape: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x (N, K), weight (M, K) and dy (N, M) in float32, random with mean 0."""
    N, K, M = shape
    rng = np.random.default_rng(0)
    x, weight, dy = (rng.standard_normal(sizes, np.float32) for sizes in ((N, K), (M, K), (N, M)))
    return x, weight, dy
