"""Learning-rate schedules."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.errors import SettingError


def test_a_linear_schedule():
    schedule = mg.linear_schedule(0.01, 1000)
    assert [schedule(s) for s in (0, 500, 999, 1000, 2000)] == pytest.approx(
        [0.01, 0.005, 0.00001, 0, 0]
    )


def test_a_cosine_with_a_warmup():
    schedule = mg.cosine_schedule(1.0, 14, warmup_steps=4, min_lr=0.2)
    assert [schedule(s) for s in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    expected = [0.2 + 0.8 * (1 + np.cos(np.pi * done / 10)) / 2 for done in range(11)]
    assert [schedule(s) for s in range(4, 15)] == pytest.approx(expected)
    assert schedule(4) == 1.0
    assert schedule(9) == pytest.approx(0.6)
    assert [schedule(s) for s in (14, 1000)] == [0.2, 0.2]


def test_a_linear_schedule_with_a_warmup_and_a_constant():
    schedule = mg.linear_schedule(1.0, 12, warmup_steps=2, min_lr=0.5)
    assert [schedule(s) for s in (0, 1, 2, 7, 12, 13)] == pytest.approx(
        [1 / 3, 2 / 3, 1.0, 0.75, 0.5, 0.5]
    )
    constant = mg.constant_schedule(0.3, warmup_steps=2)
    assert [constant(s) for s in (0, 1, 2, 10**9)] == pytest.approx([0.1, 0.2, 0.3, 0.3])
    for wrong, message in [
        ({"warmup_steps": 5}, "warmup_steps must be below steps=5; got 5"),
        ({"warmup_steps": -1}, "warmup_steps must be a non-negative integer"),
        ({"min_lr": 2.0}, "min_lr must be from 0 to lr=1.0; got 2.0"),
        ({"steps": 0}, "steps must be a positive integer"),
        ({"lr": float("inf")}, "lr must be at least 0 and finite"),
        ({"lr": "1"}, "lr must be a number"),
    ]:
        with pytest.raises(SettingError, match=message):
            mg.cosine_schedule(**{"lr": 1.0, "steps": 5, **wrong})


@pytest.mark.parametrize("make", [mg.linear_schedule, mg.cosine_schedule])
def test_a_decay_to_the_same_rate_is_constant(make):
    schedule = make(0.5, 4, min_lr=0.5)
    assert [schedule(step) for step in range(6)] == [0.5] * 6
