"""Training: from a model and a corpus to a history of steps.

`trainer` is the loop, `train_step` one step of it, `metrics` the results that a step reports.
"""

from microgpt.training.metrics import Comparison, Evaluation, Step
from microgpt.training.trainer import Trainer

__all__ = ["Comparison", "Evaluation", "Step", "Trainer"]
