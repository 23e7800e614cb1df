"""Training: from a model and a corpus to a history of steps, one at a time.

`Trainer` is an iterator; `Step`, `Evaluation` and `Comparison` are what it says.
"""

from microgpt.training.metrics import Comparison, Evaluation, Step
from microgpt.training.metrics import mean_per_token as _mean_per_token
from microgpt.training.trainer import Trainer

__all__ = ["Comparison", "Evaluation", "Step", "Trainer", "_mean_per_token"]
