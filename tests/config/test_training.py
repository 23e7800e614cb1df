"""TrainConfig: settings out of range, and settings that contradict each other."""

import numpy as np
import pytest

from microgpt.config import TrainConfig
from microgpt.errors import SettingError
from microgpt.reference import BETA1, BETA2, EPS, LR


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be a positive integer; got 0"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"grad_accum_steps": 0}, "grad_accum_steps must be a positive integer"),
        ({"epochs": 1.5}, r"epochs must be a positive integer; got 1\.5"),
        ({"stride": 0}, "stride must be a positive integer"),
        ({"seed": -1}, "seed must be a non-negative integer"),
        ({"lr": 0}, "lr must be above 0 and finite; got 0"),
        ({"lr": "0.1"}, "lr must be a number"),
        ({"beta1": 1.0}, "beta1 must be at least 0 and below 1"),
        ({"beta2": 1.0}, "beta2 must be at least 0 and below 1"),
        ({"eps": float("nan")}, "eps must be at least 0 and finite; got nan"),
        ({"val_fraction": 1.0}, "val_fraction must be at least 0 and below 1"),
        ({"grad_clip": 0}, "grad_clip must be above 0; got 0"),
        ({"optimizer": "sgd"}, "optimizer must be one of 'adam', 'adamw'; got 'sgd'"),
        ({"lr_schedule": "steps"}, "lr_schedule must be one of 'linear', 'cosine', 'constant'"),
        ({"eval_train": 1}, "eval_train must be True or False; got 1"),
        ({"sample_prompt": 3}, "sample_prompt must be a string; got 3"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_wrong_settings(settings, message):
    with pytest.raises(SettingError, match=message):
        TrainConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"weight_decay": 0.1},
            "weight_decay must be 0 for Adam, which has none; got 0.1; set optimizer='adamw'",
        ),
        ({"weight_decay": -1, "optimizer": "adamw"}, "weight_decay must be at least 0 and finite"),
        ({"min_lr": 0.1}, r"min_lr must be from 0 to lr=0\.01; got 0\.1"),
        (
            {"min_lr": 0.001, "lr_schedule": "constant"},
            "min_lr must be 0 where the learning rate is constant; got 0.001; leave min_lr out",
        ),
        ({"patience": 2}, "eval_every must be above 0 with patience=2"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_settings_that_contradict_each_other(settings, message):
    with pytest.raises(SettingError, match=message):
        TrainConfig(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"min_lr": 0.01, "lr": 0.01},
        {"min_lr": 0, "lr_schedule": "constant"},
        {"weight_decay": 0, "optimizer": "adam"},
        {"weight_decay": 0, "optimizer": "adamw"},
        {"patience": 1, "eval_every": 1},
        {"val_fraction": 0, "beta1": 0, "beta2": 0, "eps": 0, "seed": 0},
    ],
    ids=str,
)
def test_settings_at_their_limits_are_accepted(settings):
    assert {name: getattr(TrainConfig(**settings), name) for name in settings} == settings


def test_the_defaults_are_those_of_the_recipe():
    config = TrainConfig()
    assert (config.lr, config.beta1, config.beta2, config.eps) == (LR, BETA1, BETA2, EPS)
    assert (config.batch_size, config.grad_accum_steps, config.warmup_steps) == (1, 1, 0)
    assert (config.steps, config.seed, config.lr_schedule) == (1000, 42, "linear")


def test_numbers_become_pythons_own():
    config = TrainConfig(steps=np.int64(3), lr=np.float32(0.5))
    assert (type(config.steps), type(config.lr)) == (int, float)
