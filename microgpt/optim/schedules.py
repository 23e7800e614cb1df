"""Learning-rate schedules: functions that map a step, counted from 0, to its learning rate.

All begin with a linear warmup, lr · (step + 1) / (warmup_steps + 1): step 0 already has a learning
rate above 0, and step `warmup_steps` is the first at `lr`.
"""

from collections.abc import Callable
from math import cos, pi

from microgpt.config.checks import check_integer, check_number
from microgpt.errors import SettingError

Schedule = Callable[[int], float]


def linear_schedule(lr: float, steps: int, warmup_steps: int = 0, min_lr: float = 0.0) -> Schedule:
    """Make a schedule of linear decay after the warmup, from `lr` to `min_lr` at step `steps`.

        min_lr + (lr − min_lr) · (1 − (step − warmup_steps) / (steps − warmup_steps))

    The last step is `steps` − 1, so its learning rate is still above `min_lr`.
    """
    return _decay(lambda progress: 1 - progress, lr, steps, warmup_steps, min_lr)


def cosine_schedule(lr: float, steps: int, warmup_steps: int = 0, min_lr: float = 0.0) -> Schedule:
    """Make a schedule of cosine decay after the warmup, from `lr` to `min_lr` at step `steps`.

        min_lr + (lr − min_lr) · ½ (1 + cos(π · (step − warmup_steps) / (steps − warmup_steps)))

    Loshchilov & Hutter 2017; GPT-2
    """
    return _decay(lambda progress: (1 + cos(pi * progress)) / 2, lr, steps, warmup_steps, min_lr)


def constant_schedule(lr: float, warmup_steps: int = 0) -> Schedule:
    """Make a schedule that is constant at `lr` after the warmup."""
    _check_settings(lr, warmup_steps, 0.0)
    return lambda step: _warmup(lr, step, warmup_steps) if step < warmup_steps else lr


def _decay(
    factor: Callable[[float], float], lr: float, steps: int, warmup_steps: int, min_lr: float
) -> Schedule:
    """Warm up, then min_lr + (lr − min_lr) · factor(progress), with progress from 0 to 1."""
    _check_settings(lr, warmup_steps, min_lr)
    check_integer("steps", steps, minimum=1)
    check_warmup(warmup_steps, steps)

    def schedule(step: int) -> float:
        if step < warmup_steps:
            return _warmup(lr, step, warmup_steps)
        if step >= steps:
            return min_lr
        return min_lr + (lr - min_lr) * factor((step - warmup_steps) / (steps - warmup_steps))

    return schedule


def check_warmup(warmup_steps: int, steps: int) -> None:
    """Raise SettingError unless the warmup is over before the last step, which has `lr`."""
    if warmup_steps >= steps:
        raise SettingError("warmup_steps", "below {steps}", warmup_steps, steps=steps)


def _warmup(lr: float, step: int, warmup_steps: int) -> float:
    return lr * (step + 1) / (warmup_steps + 1)


def _check_settings(lr: float, warmup_steps: int, min_lr: float) -> None:
    check_number("lr", lr, minimum=0, below=float("inf"))
    check_number("min_lr", min_lr)
    check_integer("warmup_steps", warmup_steps, minimum=0)
    if not 0 <= min_lr <= lr:
        raise SettingError("min_lr", "from 0 to {lr}", min_lr, lr=lr)
