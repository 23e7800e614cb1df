"""What notebook 01 claims: the best step, and a backward pass in the wrong order."""

import math
import random
from typing import Any

import microgpt as mg

GRADCHECK_TOLERANCE = 1e-6
CLAIMS = {
    "best_step": (
        "log10 of how much further off the slope is with a step of 1e-2 or 1e-15 than of 1e-6"
    ),
    "depth_first_loss": "ln of the loss after 60 steps, depth first over the right order",
    "depth_first_gradient": (
        "log10 of the first gradient's relative error depth first, over gradcheck's tolerance"
    ),
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim for one seed, measured with the notebook's own functions."""
    right, gradient = cells.train(mg.Value.backward, seed)
    depth_first, wrong_gradient = cells.train(cells.depth_first, seed)
    error = math.dist(wrong_gradient, gradient) / math.hypot(*gradient)
    return {
        "best_step": _best_step(cells.loss, random.Random(seed)),
        "depth_first_loss": math.log(depth_first[-1] / right[-1]),
        "depth_first_gradient": math.log10(error / GRADCHECK_TOLERANCE),
    }


def _best_step(loss: Any, draw: random.Random) -> float:
    at = {name: draw.uniform(-1, 1) for name in ("w", "x", "b", "t")}
    w, x, b, t = (mg.Value(number) for number in at.values())
    (((w * x + b).tanh() - t) ** 2).backward()
    errors = {}
    for h in (1e-2, 1e-6, 1e-15):
        rise = loss(**{**at, "w": at["w"] + h}) - loss(**{**at, "w": at["w"] - h})
        errors[h] = max(abs(rise / (2 * h) - w.grad), 1e-16)
    return math.log10(min(errors[1e-2], errors[1e-15]) / errors[1e-6])
