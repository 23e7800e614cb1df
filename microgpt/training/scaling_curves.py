"""`scaling_curves`: the measured losses, the law's line and its band, ready to be drawn."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from microgpt.config.checks import check_choice
from microgpt.errors import ShapeError
from microgpt.training.scaling import ScalingRun, loss_interval
from microgpt.training.scaling_law import ScalingLaw

POINTS = 60  # of a line
AXES = ("parameters", "tokens")


class ScalingCurve(NamedTuple):
    """Losses along one axis, while the other is `fixed`: parameters along tokens, or the reverse.

    `measured_x` (S,) and `measured` (S, seeds) are the runs; `x`, `loss`, `low` and `high` (60,)
    the law and its interval.
    """

    axis: str
    fixed: int
    measured_x: np.ndarray
    measured: np.ndarray
    x: np.ndarray
    loss: np.ndarray
    low: np.ndarray
    high: np.ndarray


def scaling_curves(
    runs: Sequence[ScalingRun],
    law: ScalingLaw,
    laws: Sequence[ScalingLaw],
    axis: str = "parameters",
    level: float = 0.95,
) -> list[ScalingCurve]:
    """Return a curve along `axis` for the smallest, the middle and the largest of the other.

    `laws` are those of `bootstrap_scaling_laws`, from which the band of this `level` comes.
    """
    check_choice("axis", axis, AXES)
    if not runs:
        raise ShapeError("there is no run to draw")
    along, other = (axis, "steps") if axis == "parameters" else ("steps", "parameters")
    values = sorted({getattr(run, other) for run in runs})
    indices = sorted({0, len(values) // 2, len(values) - 1})
    curves = []
    for value in (values[index] for index in indices):
        group = [run for run in runs if getattr(run, other) == value]
        settings = sorted({getattr(run, along) for run in group})
        by_setting = [[run for run in group if getattr(run, along) == at] for at in settings]
        measured = np.array([[run.loss for run in same] for same in by_setting])
        measured_x = np.array(
            [np.mean([getattr(run, axis) for run in same]) for same in by_setting]
        )
        fixed = value if axis == "tokens" else round(np.mean([run.tokens for run in group]))
        x = np.geomspace(measured_x[0], measured_x[-1], POINTS)
        constant = np.full(POINTS, fixed)
        N, D = (x, constant) if axis == "parameters" else (constant, x)
        low, high = loss_interval(laws, N, D, level)
        curves.append(ScalingCurve(axis, fixed, measured_x, measured, x, law.loss(N, D), low, high))
    return curves
