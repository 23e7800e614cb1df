"""Plans for a time budget, from given times of a step: no test reads a clock."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest

import microgpt as mg
from microgpt.errors import SettingError
from microgpt.training import ScalingLaw, StepTime, measure_step_time, plan_training, scaling_runs
from microgpt.training.budget import line_through

TIMES = {
    "a laptop": StepTime(1e-3, 1e-7),
    "numpy": StepTime(2e-3, 1e-6),
    "no overhead": StepTime(0.0, 1e-6),
    "size costs nothing": StepTime(5e-3, 0.0),
    "slow": StepTime(1.0, 1e-4),
}
RUNS = scaling_runs()
NARROWEST = 472  # parameters


def budgets(step_time):
    """Budgets up to a day, from one step of the narrowest model on."""
    return np.geomspace(step_time.seconds(NARROWEST) * 1.001, 1e5, 120)


@pytest.mark.parametrize("step_time", TIMES.values(), ids=TIMES)
def test_more_time_gives_no_narrower_and_no_worse_model(step_time):
    plans = [plan_training(seconds, step_time) for seconds in budgets(step_time)]
    widths = [plan.config.n_embd for plan in plans]
    losses = [plan.loss for plan in plans]
    assert widths == sorted(widths)
    assert losses == sorted(losses, reverse=True)
    for plan, more in pairwise(plans):
        if plan.config == more.config:
            assert plan.steps <= more.steps


@pytest.mark.parametrize("step_time", TIMES.values(), ids=TIMES)
def test_a_plan_keeps_to_its_bounds(step_time):
    for seconds in budgets(step_time):
        plan = plan_training(seconds, step_time)
        assert plan.config.n_embd % plan.config.n_head == 0
        assert 4 <= plan.config.n_embd <= max(run.n_embd for run in RUNS)
        assert 1 <= plan.steps <= max(run.steps for run in RUNS)
        assert plan.steps == plan.train_config.steps
        assert plan.seconds == plan.steps * step_time.seconds(plan.parameters)
        assert plan.seconds <= seconds
        assert plan.train_config.lr * plan.config.n_embd == pytest.approx(0.32)
        model = mg.GPT(plan.config)
        assert plan.parameters == sum(p.size for p in model.parameters())


@pytest.mark.parametrize("step_time", TIMES.values(), ids=TIMES)
def test_a_budget_without_a_step_is_refused(step_time):
    """The error names the smallest budget, which is enough."""
    smallest = step_time.seconds(NARROWEST)
    for seconds in (smallest / 2, smallest * 0.9999):
        with pytest.raises(SettingError, match=r"seconds must be at least .* allow more") as caught:
            plan_training(seconds, step_time)
    named = float(re.search(r"at least (\S+); got", str(caught.value))[1])
    assert named == pytest.approx(smallest, rel=0.01)
    plan = plan_training(named, step_time)
    assert (plan.steps, plan.config.n_embd) == (1, 4)
    assert plan.seconds <= named


def test_half_a_second_is_not_a_plan_of_one():
    with pytest.raises(SettingError, match=r"seconds must be at least 1.05; got 0.5; one step of"):
        plan_training(0.5, TIMES["slow"])


def test_without_a_limit_the_largest_run_is_planned():
    plan = plan_training(1e9, StepTime(1e-3, 1e-7))
    assert (plan.config.n_embd, plan.steps) == (
        max(run.n_embd for run in RUNS),
        max(run.steps for run in RUNS),
    )


def test_a_slow_machine_gets_a_smaller_plan():
    fast, slow = (plan_training(2.0, StepTime(1e-3, rate)) for rate in (1e-8, 1e-6))
    assert slow.config.n_embd < fast.config.n_embd
    assert slow.loss > fast.loss


def test_the_law_decides():
    only_size = ScalingLaw(2.0, 10.0, 0.5, 0.0, 1.0)
    only_data = ScalingLaw(2.0, 0.0, 0.5, 1000.0, 0.5)
    times = StepTime(1e-3, 1e-6)
    wide, narrow = (plan_training(2.0, times, law) for law in (only_size, only_data))
    assert narrow.config.n_embd == 4
    assert wide.config.n_embd > 16
    assert wide.steps < narrow.steps


def test_the_same_rate_gives_the_same_plan():
    assert plan_training(3, (1e-3, 1e-7)) == plan_training(3.0, StepTime(1e-3, 1e-7))


def test_a_plan_can_be_trained():
    plan = plan_training(0.05, StepTime(1e-3, 1e-7))
    trainer = mg.Trainer(mg.GPT(plan.config), mg.load_corpus("names-mini"), plan.train_config)
    assert len(trainer.run()) == plan.steps
    assert trainer.evaluate().loss == pytest.approx(plan.loss, abs=0.1)


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, "ten", None, True])
def test_budgets_that_are_none(seconds):
    with pytest.raises(SettingError, match="seconds"):
        plan_training(seconds, StepTime(1e-3, 1e-7))


def test_what_is_no_law():
    with pytest.raises(SettingError, match=r"law must be made by fit_scaling_law .*; got str"):
        plan_training(1.0, StepTime(1e-3, 1e-7), "law")


@pytest.mark.parametrize("times", [(0, 0), (-1, 1), (math.nan, 0), (1,), 5, (math.inf, 0), "ab"])
def test_times_that_are_none(times):
    with pytest.raises(SettingError, match="step_time"):
        plan_training(1.0, times)


def test_the_line_through_two_times():
    assert line_through((100, 2.0), (300, 6.0)) == StepTime(0.0, 0.02)
    assert line_through((100, 2.0), (300, 4.0)) == StepTime(1.0, 0.01)
    assert line_through((100, 2.0), (300, 1.0)) == StepTime(2.0, 0.0)  # noise: no slope below 0
    assert line_through((100, 1.0), (300, 6.0)).overhead == 0.0


def test_this_machine_can_be_timed():
    step_time = measure_step_time()
    assert step_time.seconds(4192) > 0
    assert min(step_time) >= 0
