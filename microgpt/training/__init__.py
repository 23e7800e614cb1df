"""Training: from a model and a corpus to a history of steps.

Where a step happens: `train_step`. What runs around it: `trainer`. What it gives back: `metrics`.
"""

from microgpt.training.metrics import Comparison, Evaluation, Step
from microgpt.training.trainer import Trainer

__all__ = ["Comparison", "Evaluation", "Step", "Trainer"]
