"""What notebook 01 claims: the best step, and a backward pass in the wrong order."""

import math
import random

import microgpt as mg
from microgpt.autograd.engine import topological_order

from .claim import Claim

GRADCHECK_TOLERANCE = 1e-6


def best_step(cells, seed):
    draw = random.Random(seed)
    at = {name: draw.uniform(-1, 1) for name in ("w", "x", "b", "t")}
    w, x, b, t = (mg.Value(number) for number in at.values())
    (((w * x + b).tanh() - t) ** 2).backward()
    errors = {}
    for h in (1e-2, 1e-6, 1e-15):
        rise = cells.loss(**{**at, "w": at["w"] + h}) - cells.loss(**{**at, "w": at["w"] - h})
        errors[h] = max(abs(rise / (2 * h) - w.grad), 1e-16)
    return math.log10(min(errors[1e-2], errors[1e-15]) / errors[1e-6])


def depth_first_loss(cells, seed):
    return math.log(_losses(cells, cells.depth_first, seed)[-1] / _right_losses(cells, seed)[-1])


def depth_first_gradient(cells, seed):
    _, gradient = cells.train(mg.Value.backward, seed)
    _, wrong_gradient = cells.train(cells.depth_first, seed)
    error = math.dist(wrong_gradient, gradient) / math.hypot(*gradient)
    return math.log10(error / GRADCHECK_TOLERANCE)


def overwrite_loss(cells, seed):
    wrong, right = _losses(cells, overwrite, seed), _right_losses(cells, seed)
    return wrong[-1] / wrong[0] - right[-1] / right[0]


def overwrite(last):
    """A backward pass in which the gradient that arrives last replaces those before it."""
    last.grad = 1.0
    for node in reversed(topological_order(last)):
        for operand, local_grad in zip(node.inputs, node.local_grads, strict=True):
            operand.grad = local_grad * node.grad


def _losses(cells, walk, seed):
    return cells.train(walk, seed)[0]


def _right_losses(cells, seed):
    return _losses(cells, mg.Value.backward, seed)


CLAIMS = (
    Claim(
        "best_step",
        "log10 of how much further off the slope is with a step of 1e-2 or 1e-15 than of 1e-6",
        best_step,
    ),
    Claim(
        "depth_first_loss",
        "ln of the loss after 60 steps, depth first over the right order",
        depth_first_loss,
    ),
    Claim(
        "depth_first_gradient",
        "log10 of the first gradient's relative error depth first, over gradcheck's tolerance",
        depth_first_gradient,
    ),
    Claim(
        "overwrite_loss",
        "share of the first loss left after 60 steps, overwriting gradients minus adding them",
        overwrite_loss,
    ),
)
