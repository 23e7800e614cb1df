"""How the learning rate moves: functions from a step's number, 0 first, to its rate.

All warm up alike, in a straight line that would start from 0 one step before the first:
lr · (step + 1) / (warmup + 1).
"""

from collections.abc import Callable
from math import cos, pi

from microgpt.config.checks import number, whole
from microgpt.errors import SettingError

Schedule = Callable[[int], float]


def linear_schedule(lr: float, steps: int, warmup: int = 0, min_lr: float = 0.0) -> Schedule:
    """A rate that falls from `lr` in a straight line and would reach `min_lr` after `steps`.

    min_lr + (lr − min_lr) · (1 − (step − warmup) / (steps − warmup)), after the warm-up
    """
    return _falling(lambda done: 1 - done, lr, steps, warmup, min_lr)


def cosine_schedule(lr: float, steps: int, warmup: int = 0, min_lr: float = 0.0) -> Schedule:
    """A rate that falls from `lr` along half a cosine and would reach `min_lr` after `steps`.

        min_lr + (lr − min_lr) · ½ (1 + cos(π · (step − warmup) / (steps − warmup)))

    after the warm-up.                                             Loshchilov & Hutter 2017; GPT-2
    """
    return _falling(lambda done: (1 + cos(pi * done)) / 2, lr, steps, warmup, min_lr)


def constant_schedule(lr: float, warmup: int = 0) -> Schedule:
    """A rate that stays at `lr` after the warm-up."""
    _check(lr, warmup, 0.0)
    return lambda step: _warming(lr, step, warmup) if step < warmup else lr


def _falling(
    share: Callable[[float], float], lr: float, steps: int, warmup: int, min_lr: float
) -> Schedule:
    """What is left of lr, by the share of the steps after the warm-up that are done."""
    _check(lr, warmup, min_lr)
    whole("steps", steps, least=1)
    if warmup >= steps:
        raise SettingError(f"warmup must be below steps, {steps}; got {warmup}")

    def rate(step: int) -> float:
        if step < warmup:
            return _warming(lr, step, warmup)
        if step >= steps:
            return min_lr
        return min_lr + (lr - min_lr) * share((step - warmup) / (steps - warmup))

    return rate


def _warming(lr: float, step: int, warmup: int) -> float:
    return lr * (step + 1) / (warmup + 1)


def _check(lr: float, warmup: int, min_lr: float) -> None:
    number("lr", lr)
    number("min_lr", min_lr)
    whole("warmup", warmup, least=0)
    if not 0 <= min_lr <= lr < float("inf"):
        raise SettingError(
            f"lr must be finite and min_lr from 0 to lr; got lr={lr}, min_lr={min_lr}"
        )
