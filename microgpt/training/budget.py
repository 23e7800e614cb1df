"""`plan_training`: the width and the number of steps that make the most of a time budget."""

from functools import cache
from math import ceil, floor, log10
from statistics import median
from typing import NamedTuple

from microgpt.config import GPTConfig, TrainConfig
from microgpt.config.checks import check_number
from microgpt.data import load_corpus
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.training.scaling import (
    check_law,
    fit_scaling_law,
    num_parameters,
    scaling_runs,
    scaling_settings,
)
from microgpt.training.scaling_law import ScalingLaw
from microgpt.training.trainer import Trainer

TIMED_WIDTHS = (8, 64)  # whose steps `measure_step_time` times
WARMUP_STEPS, TIMED_STEPS = 8, 20  # the first ones compile kernels and record launches


class StepTime(NamedTuple):
    """Seconds of a training step, as a line over the model's size: overhead + per_parameter · N."""

    overhead: float
    per_parameter: float

    def seconds(self, parameters: int) -> float:
        """Return the seconds of one step of a model of this size."""
        return self.overhead + self.per_parameter * parameters


class TrainingPlan(NamedTuple):
    """A model and its training: `loss` and `seconds` are what the law and the line expect."""

    config: GPTConfig
    train_config: TrainConfig
    parameters: int
    steps: int
    seconds: float
    loss: float


def plan_training(
    seconds: float, step_time: StepTime | None = None, law: ScalingLaw | None = None
) -> TrainingPlan:
    """Choose width and steps of a training on names-mini that fits into `seconds`.

    Of all widths that four heads divide, the one whose steps in that time give the lowest loss by
    the `law` (default: the one fitted to `scaling_runs`). Raises SettingError if the time is too
    short for one step of the narrowest. No plan is wider than those runs, longer
    or, if the time allows it, shorter, since the law was not seen to hold there. `step_time` is by
    default measured on this machine, which takes a second or two; with a given one the plan is
    always the same. Train it with `mg.Trainer(mg.GPT(plan.config), corpus, plan.train_config)`.
    """
    seconds = check_number("seconds", seconds, above=0, below=float("inf"))
    step_time = measure_step_time() if step_time is None else _checked(step_time)
    law = _names_law() if law is None else check_law("law", law)
    runs = scaling_runs()
    tokens_per_step = sum(run.tokens for run in runs) / sum(run.steps for run in runs)
    fewest, largest = (f(run.steps for run in runs) for f in (min, max))
    plans: list[TrainingPlan] = []
    for n_embd in _widths(max(run.n_embd for run in runs)):
        parameters = num_parameters(scaling_settings(n_embd, 1)[0])
        per_step = step_time.seconds(parameters)
        steps = int(min(seconds / per_step, largest))
        if not plans and not steps:
            raise SettingError(
                "seconds", f"at least {_rounded_up(per_step)}", seconds,
                "one step of the narrowest model takes that long, so allow more time",
            )  # fmt: skip
        if steps < fewest and plans:
            break  # wider models have fewer still
        config, train_config = scaling_settings(n_embd, steps)
        loss = law.loss(parameters, steps * tokens_per_step)
        plans.append(
            TrainingPlan(config, train_config, parameters, steps, steps * per_step, loss)
        )  # fmt: skip
    return min(plans, key=lambda plan: plan.loss)


def measure_step_time() -> StepTime:
    """Time training steps of a narrow and of a wide model here, and draw a line through them."""
    corpus, points = load_corpus("names-mini"), []
    for n_embd in TIMED_WIDTHS:
        config, train_config = scaling_settings(n_embd, WARMUP_STEPS + TIMED_STEPS)
        trainer = Trainer(GPT(config), corpus, train_config)
        times = [step.seconds for step in trainer.run()][WARMUP_STEPS:]
        points.append((num_parameters(config), median(times)))
    return line_through(*points)


def line_through(narrow: tuple[int, float], wide: tuple[int, float]) -> StepTime:
    """Return the line through two (parameters, seconds); neither of its numbers is negative."""
    (N1, seconds1), (N2, seconds2) = narrow, wide
    slope = max(0.0, (seconds2 - seconds1) / (N2 - N1))
    return StepTime(max(seconds1 - slope * N1, 0.0), slope)


def _rounded_up(seconds: float) -> str:
    """Format seconds with three digits, rounded up, so that a budget of these is enough."""
    unit = 10.0 ** (floor(log10(seconds)) - 2)
    return f"{ceil(seconds / unit) * unit:.3g}"


def _widths(widest: int) -> range:
    n_head = GPTConfig.microgpt().n_head
    return range(n_head, widest + 1, n_head)


def _checked(step_time: StepTime) -> StepTime:
    """Return the times as a StepTime; raise SettingError unless a step takes some time."""
    if not isinstance(step_time, tuple) or len(step_time) != 2:
        raise SettingError("step_time", "a StepTime, or two numbers", type(step_time))
    times = [check_number("step_time", part, minimum=0, below=float("inf")) for part in step_time]
    if not any(times):
        raise SettingError("step_time", "above 0 for some size", step_time)
    return StepTime(*times)


@cache
def _names_law() -> ScalingLaw:
    return fit_scaling_law(scaling_runs())
