"""`scaling_curves`: the measured losses, the law's line and its band, ready to be drawn."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from microgpt.config.checks import check_choice
from microgpt.errors import ShapeError
from microgpt.training.scaling import ScalingRun, check_law, loss_interval, run_table
from microgpt.training.scaling_law import ScalingLaw

POINTS = 60  # of a line
AXES = ("parameters", "tokens")


class ScalingCurve(NamedTuple):
    """Losses along one axis, while the other is `fixed`: parameters along tokens, or the reverse.

    `measured_x` (S,) and `measured` (S, seeds) are the runs; `x`, `loss`, `low` and `high` (60,)
    the law and its interval, which holds a share of `level` of the bootstrap laws.
    """

    axis: str
    fixed: int
    level: float
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

    `laws` are those of `bootstrap_scaling_laws`, from which the band of this `level` comes. Raises
    ShapeError unless each setting has one run of each seed.
    """
    check_choice("axis", axis, AXES)
    if not len(runs):
        raise ShapeError("there must be a run to draw; got none; scaling_runs() gives some")
    check_law("law", law)
    table = run_table(runs)
    along = AXES.index(axis)  # of a setting, (parameters, steps)
    values = sorted({setting[1 - along] for setting in table.settings})
    indices = sorted({0, len(values) // 2, len(values) - 1})
    curves = []
    for value in (values[index] for index in indices):
        rows = [row for row, setting in enumerate(table.settings) if setting[1 - along] == value]
        tokens = table.tokens[rows].mean(axis=1)
        measured_x = tokens
        if axis == "parameters":
            measured_x = np.array([float(table.settings[row][0]) for row in rows])
        fixed = value if axis == "tokens" else round(tokens.mean())
        x = np.geomspace(measured_x[0], measured_x[-1], POINTS)
        N, D = (x, fixed) if axis == "parameters" else (fixed, x)
        low, high = loss_interval(laws, N, D, level)
        measured = table.losses[rows]
        curves.append(
            ScalingCurve(axis, fixed, level, measured_x, measured, x, law.loss(N, D), low, high)
        )
    return curves
