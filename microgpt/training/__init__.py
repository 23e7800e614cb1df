"""Training: from a model and a corpus to a history of steps.

`trainer` is the loop, `train_step` one step of it, `metrics` the results that a step reports.
`scaling` holds what trainings of many sizes and lengths came to, and the law that is fitted to
them; `budget` plans a training by it.
"""

from microgpt.training.budget import StepTime, TrainingPlan, measure_step_time, plan_training
from microgpt.training.metrics import Comparison, Evaluation, Step
from microgpt.training.scaling import (
    ScalingRun,
    bootstrap_scaling_laws,
    fit_scaling_law,
    loss_interval,
    scaling_runs,
)
from microgpt.training.scaling_curves import ScalingCurve, scaling_curves
from microgpt.training.scaling_law import ScalingLaw
from microgpt.training.trainer import Trainer

__all__ = [
    "Comparison",
    "Evaluation",
    "ScalingCurve",
    "ScalingLaw",
    "ScalingRun",
    "Step",
    "StepTime",
    "Trainer",
    "TrainingPlan",
    "bootstrap_scaling_laws",
    "fit_scaling_law",
    "loss_interval",
    "measure_step_time",
    "plan_training",
    "scaling_curves",
    "scaling_runs",
]
