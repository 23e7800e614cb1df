"""Scaling laws: fits of laws that are known, intervals, and the runs that come with the package."""

from dataclasses import astuple

import numpy as np
import pytest

from microgpt.errors import SettingError, ShapeError
from microgpt.training import (
    ScalingLaw,
    ScalingRun,
    bootstrap_scaling_laws,
    fit_scaling_law,
    loss_interval,
    scaling_runs,
)
from microgpt.training.scaling import num_parameters, run_table, scaling_settings

LAW = ScalingLaw(2.2, 8.0, 0.7, 300.0, 0.6, 0.5)
SIZES, STEPS = (472, 1328, 4192, 14528), (50, 100, 200, 800)


def runs_of(law, seeds=6, noise=0.0, sizes=SIZES, steps=STEPS, draw=1):
    rng = np.random.default_rng(draw)
    return [
        ScalingRun(4, N, D, 230 * D, seed, law.loss(N, 230 * D) + noise * rng.normal())
        for seed in range(seeds)
        for N in sizes
        for D in steps
    ]


def test_a_law_gives_the_loss_of_numbers_and_of_arrays():
    law = ScalingLaw(2.0, 16.0, 0.5, 8.0, 1.0)
    assert law.loss(16, 8) == 7.0
    assert isinstance(law.loss(16, 8), float)
    np.testing.assert_allclose(law.loss([16, 64], [8, 8]), [7.0, 5.0])
    assert ScalingLaw(2.0, 16.0, 0.5, 8.0, 1.0, 2.0).loss(16, 8) == 27.0


@pytest.mark.parametrize(
    "law",
    [
        LAW,
        ScalingLaw(2.2, 8.0, 0.63, 30.0, 0.41),  # Hoffmann's
        ScalingLaw(1.0, 3.0, 0.3, 500.0, 1.0, 0.3),
        ScalingLaw(2.5, 100.0, 1.2, 5.0, 0.3, 0.8),
    ],
)
def test_the_fit_finds_the_law_that_made_the_losses(law):
    found = fit_scaling_law(runs_of(law))
    np.testing.assert_allclose(astuple(found), astuple(law), rtol=1e-3)
    assert found.loss(3000, 50_000) == pytest.approx(law.loss(3000, 50_000), abs=1e-6)


def test_with_noise_most_intervals_hold_the_law():
    held = 0
    for draw in range(8):
        runs = runs_of(LAW, seeds=10, noise=0.01, draw=draw)
        low, high = loss_interval(bootstrap_scaling_laws(runs, count=40), 4192, 230 * 200)
        held += low < LAW.loss(4192, 230 * 200) < high
        assert high - low < 0.02
    assert held >= 5


def test_a_higher_level_gives_a_wider_interval():
    laws = bootstrap_scaling_laws(runs_of(LAW, noise=0.01), count=40)
    low, high = loss_interval(laws, [472, 4192], [11_500, 11_500], level=0.5)
    wide_low, wide_high = loss_interval(laws, [472, 4192], [11_500, 11_500])
    assert (wide_low <= low).all()
    assert (high <= wide_high).all()
    assert (low < high).all()


def test_a_bootstrap_is_the_same_for_the_same_seed():
    runs = runs_of(LAW, noise=0.01)
    assert bootstrap_scaling_laws(runs, 5) == bootstrap_scaling_laws(runs, 5)
    assert bootstrap_scaling_laws(runs, 5) != bootstrap_scaling_laws(runs, 5, seed=1)
    exact = bootstrap_scaling_laws(runs_of(LAW), 5)  # without noise, what is drawn does not matter
    assert len(exact) == 5
    np.testing.assert_allclose([law.floor for law in exact], LAW.floor, rtol=1e-4)


def test_a_seed_is_drawn_with_all_its_runs():
    """If all runs of one seed are lower by the same, only the floor varies, not what falls."""
    shifted = [run._replace(loss=run.loss - (run.seed == 0)) for run in runs_of(LAW)]
    laws = bootstrap_scaling_laws(shifted, 20)
    falls = [law.loss(472, 11_500) - law.loss(14528, 184_000) for law in laws]
    np.testing.assert_allclose(falls, falls[0], rtol=1e-6)
    assert len({round(law.floor, 6) for law in laws}) > 1


def test_a_law_is_fitted_to_as_many_seeds_as_there_are():
    """Its floor varies as a mean of that many: by the spread over the seeds, over their root."""
    shifts = np.linspace(-0.05, 0.05, 9)
    runs = [run._replace(loss=run.loss + shifts[run.seed]) for run in runs_of(LAW, seeds=9)]
    floors = [law.floor for law in bootstrap_scaling_laws(runs, 200)]
    assert np.std(floors) == pytest.approx(np.std(shifts) / 3, rel=0.2)


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "7 settings or more"),
        (runs_of(LAW, sizes=SIZES[:2]), "at least 3 sizes"),
        (runs_of(LAW, steps=STEPS[:2]), "3 numbers of tokens"),
        (runs_of(LAW)[1:], "a run of every seed"),
        ([*runs_of(LAW), runs_of(LAW)[0]._replace(loss=9.0)], "two runs of .* have the seed 0"),
        ([run._replace(loss=float("nan")) for run in runs_of(LAW)], "a finite loss; .* is nan"),
        ([run._replace(loss=float("inf")) for run in runs_of(LAW)], "a finite loss; .* is inf"),
        ([run._replace(loss=5 - run.loss) for run in runs_of(LAW)], "must fall with size"),
    ],
)
def test_runs_that_no_law_fits(runs, message):
    with pytest.raises(ShapeError, match=message) as caught:
        fit_scaling_law(runs)
    assert str(caught.value).count("; ") == 2, "what is expected, what came, what to do"


@pytest.mark.parametrize("use", [fit_scaling_law, bootstrap_scaling_laws, run_table])
@pytest.mark.parametrize(
    ("run", "message"),
    [
        (tuple(runs_of(LAW)[0]), "runs must be ScalingRuns, .*; got tuple; ScalingRun"),
        ({"loss": 2.3}, "runs must be ScalingRuns, .*; got dict"),
        (runs_of(LAW)[0]._replace(parameters=0), "parameters of a run must be above 0 .*; got 0"),
        (runs_of(LAW)[0]._replace(tokens=-1), "tokens of a run must be above 0 .*; got -1"),
        (runs_of(LAW)[0]._replace(steps="50"), "steps of a run must be a number; got '50'"),
        (runs_of(LAW)[0]._replace(loss="2.3"), "loss of a run must be a number; got '2.3'"),
        (runs_of(LAW)[0]._replace(loss=None), "loss of a run must be a number; got None"),
    ],
)
def test_what_is_no_run(use, run, message):
    with pytest.raises(SettingError, match=message):
        use([run, *runs_of(LAW)[1:]])


def test_a_missing_seed_is_named():
    missing = "1,328 parameters and 100 steps have none of the seed 2; add that run, or leave out"
    runs = [run for run in runs_of(LAW) if (run.parameters, run.steps, run.seed) != (1328, 100, 2)]
    with pytest.raises(ShapeError, match=missing):
        run_table(runs)
    table = run_table([run for run in runs if run.seed != 2])
    assert table.losses.shape == table.tokens.shape == (16, 5)
    assert table.settings[5] == (1328, 100)


def test_what_a_bootstrap_needs():
    with pytest.raises(ShapeError, match="at least 2 seeds; got 1"):
        bootstrap_scaling_laws(runs_of(LAW, seeds=1))
    for count in (0, 10**6, 1.5):
        with pytest.raises(SettingError, match="count"):
            bootstrap_scaling_laws(runs_of(LAW), count)
    for seed in (-1, 0.5, None):
        with pytest.raises(SettingError, match="seed must be a non-negative integer"):
            bootstrap_scaling_laws(runs_of(LAW), seed=seed)
    with pytest.raises(SettingError, match="level"):
        loss_interval([LAW], 10, 10, level=1.0)


def test_what_an_interval_needs():
    with pytest.raises(ShapeError, match="at least 1 law; got none; bootstrap_scaling_laws"):
        loss_interval([], 10, 10)
    with pytest.raises(SettingError, match=r"laws must be made by .*; got float"):
        loss_interval([2.3], 10, 10)
    shapes = r"must have one shape; got \(3,\) and \(2,\); give as many"
    for use in (LAW.loss, lambda *given: loss_interval([LAW], *given)):
        with pytest.raises(ShapeError, match=shapes):
            use([10, 20, 30], [10, 20])
        with pytest.raises(ShapeError, match="above 0; got 0 and 10; give"):
            use(0, [20, 10])
    low, high = loss_interval([LAW], [10, 20, 30], 10)
    np.testing.assert_allclose(low, [LAW.loss(N, 10) for N in (10, 20, 30)])
    np.testing.assert_array_equal(low, high)


def test_the_runs_that_come_with_the_package():
    runs = scaling_runs()
    widths, steps, seeds = ({run[place] for run in runs} for place in (0, 2, 4))
    assert len(runs) == len(widths) * len(steps) * len(seeds)
    assert len(runs) >= 200
    for run in runs:
        assert run.parameters == num_parameters(scaling_settings(run.n_embd, 1)[0])
        assert 2.0 < run.loss < 3.3
    law, laws = fit_scaling_law(runs), bootstrap_scaling_laws(runs, 50)
    errors = [law.loss(run.parameters, run.tokens) - run.loss for run in runs]
    assert np.std(errors) < 0.01
    assert abs(np.mean(errors)) < 0.002
    low, high = loss_interval(laws, 4192, max(run.tokens for run in runs))
    assert 0 < high - low < 0.1


def test_a_law_is_written_as_its_formula():
    law = ScalingLaw(2.2, 8.0, 0.5, 30.0, 0.4, 0.6)
    assert str(law) == "2.20 + (8 / N^0.50 + 30 / D^0.40)^0.60"
