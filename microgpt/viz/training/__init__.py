"""The training view: a run of a model as a chart of losses, with what the model writes."""

from microgpt.viz.training.caption import compare_to_baselines, training_caption
from microgpt.viz.training.progress import BigramBaseline, Snapshot, TrainingProgress
from microgpt.viz.training.render import render_training, snapshots_table
from microgpt.viz.training.still import draw_training_still

__all__ = [
    "BigramBaseline",
    "Snapshot",
    "TrainingProgress",
    "compare_to_baselines",
    "draw_training_still",
    "render_training",
    "snapshots_table",
    "training_caption",
]
