"""What notebook 02 claims: checking gradients with 7 digits, and a forgotten axis."""

import math
from typing import Any

import numpy as np

CLAIMS = {
    "float32_is_rough": "log10 of a check's error with 7 digits over that with 16, at h = 1e-5",
    "forgotten_axis": "loss of a line fitted without the axis, over that with it",
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim for one seed, measured with the notebook's own functions."""
    rough, fine = (cells.check_error(dtype, 1e-5, seed) for dtype in (np.float32, np.float64))
    wrong, right = (cells.fit(seed, forget_axis)[0] for forget_axis in (True, False))
    return {"float32_is_rough": math.log10(rough / fine), "forgotten_axis": wrong / right}
