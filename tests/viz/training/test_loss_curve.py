"""The curve of training losses: positions of steps, thinning and smoothing."""

import numpy as np
import pytest

from microgpt.viz.training.loss_curve import MAX_POINTS, StepAxis, loss_curve

AXIS = StepAxis((0, 10, 100, 1000))


def test_snapshots_stand_in_the_middle_of_equal_columns_and_steps_between_them_by_logarithm():
    np.testing.assert_allclose(AXIS.centres, [0.125, 0.375, 0.625, 0.875])
    steps = np.array([0, 10, 100, 1000, 5000])
    np.testing.assert_allclose(AXIS.positions(steps), [0.125, 0.375, 0.625, 0.875, 0.875])
    middle = np.sqrt(11 * 101) - 1  # of the logarithms of step + 1
    assert AXIS.positions(np.array([middle])) == pytest.approx(0.5)


@pytest.mark.parametrize("num_steps", [1, 5, 240, 1000])
def test_every_loss_counts_once(num_steps):
    losses = np.random.default_rng(0).normal(3, 1, num_steps)
    first = AXIS.boundaries(num_steps)
    assert first[0] == 0
    assert (np.diff(first) > 0).all()
    groups = np.split(losses, first[1:])
    np.testing.assert_allclose(loss_curve(losses, AXIS).raw, [group.mean() for group in groups])


def test_a_long_history_is_thinned_and_a_short_one_is_not():
    short = loss_curve(np.arange(9.0), AXIS)
    np.testing.assert_allclose(short.raw, np.arange(9.0))
    np.testing.assert_allclose(short.x, AXIS.positions(np.arange(9)))
    long = loss_curve(np.zeros(100_000), StepAxis((0, 1000, 10_000, 100_000)))
    assert 60 < len(long.x) <= MAX_POINTS
    assert (np.diff(long.x) > 0).all()


def test_a_straight_line_stays_straight_and_noise_is_smoothed():
    x = loss_curve(np.zeros(1000), AXIS).x
    line = np.interp(AXIS.positions(np.arange(1000)), [0.125, 0.875], [4.0, 2.0])
    curve = loss_curve(line, AXIS)
    np.testing.assert_allclose(curve.smooth, np.interp(x, [0.125, 0.875], [4.0, 2.0]), atol=0.03)
    noise = np.random.default_rng(1).normal(0, 0.5, 1000)
    noisy = loss_curve(line + noise, AXIS)
    late = noisy.x > 0.5
    errors = [abs(losses - curve.raw)[late].max() for losses in (noisy.smooth, noisy.raw)]
    assert errors[0] < 0.25 < errors[1]


def test_losses_from_the_first_that_is_not_finite_on_are_left_out():
    losses = np.array([3.0, 2.0, np.nan, 1.0])
    np.testing.assert_allclose(loss_curve(losses, AXIS).raw, [3.0, 2.0])
    assert len(loss_curve(np.array([np.inf]), AXIS).x) == 0
    assert len(loss_curve(np.zeros(0), AXIS).x) == 0
