"""What is drawn of a scaling law: groups of runs, and the law beside them."""

import numpy as np
import pytest

from microgpt.errors import SettingError, ShapeError
from microgpt.training import (
    bootstrap_scaling_laws,
    fit_scaling_law,
    loss_interval,
    scaling_curves,
    scaling_runs,
)

RUNS = scaling_runs()
LAW, LAWS = fit_scaling_law(RUNS), bootstrap_scaling_laws(RUNS, 20)
SEEDS = {run.seed for run in RUNS}


def test_along_parameters():
    curves = scaling_curves(RUNS, LAW, LAWS)
    steps = sorted({run.steps for run in RUNS})
    sizes = sorted({run.parameters for run in RUNS})
    assert len(curves) == 3
    for curve, count in zip(curves, (steps[0], steps[2], steps[-1]), strict=True):
        group = [run for run in RUNS if run.steps == count]
        assert curve.axis == "parameters"
        assert curve.fixed == round(np.mean([run.tokens for run in group]))
        assert curve.measured_x.tolist() == sizes
        assert curve.measured.shape == (len(sizes), len(SEEDS))
        expected = [[r.loss for r in group if r.parameters == size] for size in sizes]
        np.testing.assert_array_equal(curve.measured, expected)
        assert (curve.x[0], curve.x[-1]) == pytest.approx((sizes[0], sizes[-1]))
        np.testing.assert_allclose(curve.loss, LAW.loss(curve.x, np.full(60, curve.fixed)))
        low, high = loss_interval(LAWS, curve.x[7], curve.fixed)
        assert (curve.low[7], curve.high[7]) == (low, high)


def test_along_tokens():
    curves = scaling_curves(RUNS, LAW, LAWS, "tokens")
    sizes = sorted({run.parameters for run in RUNS})
    assert [curve.fixed for curve in curves] == [sizes[0], sizes[2], sizes[-1]]
    for curve in curves:
        assert (np.diff(curve.measured_x) > 0).all()
        assert (np.diff(curve.loss) < 0).all()
        np.testing.assert_allclose(curve.loss[0], LAW.loss(curve.fixed, curve.x[0]))


def test_few_groups_and_none():
    two = [run for run in RUNS if run.steps in (50, 800)]
    assert len(scaling_curves(two, LAW, LAWS)) == 2
    with pytest.raises(ShapeError, match="a run to draw; got none; scaling_runs"):
        scaling_curves([], LAW, LAWS)
    with pytest.raises(SettingError, match="axis"):
        scaling_curves(RUNS, LAW, LAWS, "width")


@pytest.mark.parametrize("axis", ["parameters", "tokens"])
@pytest.mark.parametrize(
    ("runs", "error", "message"),
    [
        (RUNS[1:], ShapeError, "every setting needs a run of every seed"),
        ([*RUNS, RUNS[0]], ShapeError, "two runs of .* have the seed"),
        ([RUNS[0]._replace(loss=float("nan")), *RUNS[1:]], ShapeError, "a finite loss"),
        ([tuple(run) for run in RUNS], SettingError, "runs must be ScalingRuns"),
    ],
)
def test_tables_that_are_no_curves(axis, runs, error, message):
    with pytest.raises(error, match=message):
        scaling_curves(runs, LAW, LAWS, axis)


def test_laws_and_their_level():
    with pytest.raises(ShapeError, match="at least 1 law; got none"):
        scaling_curves(RUNS, LAW, [])
    with pytest.raises(SettingError, match=r"law must be made by .*; got NoneType"):
        scaling_curves(RUNS, None, LAWS)
    with pytest.raises(SettingError, match="level must be above 0 and below 1; got 95"):
        scaling_curves(RUNS, LAW, LAWS, level=95)
    (half, *_), (most, *_) = (scaling_curves(RUNS, LAW, LAWS, level=p) for p in (0.5, 0.95))
    assert (half.level, most.level) == (0.5, 0.95)
    assert (half.high - half.low < most.high - most.low).all()
