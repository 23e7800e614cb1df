"""Progress of training runs, made up, for the tests of its view."""

import numpy as np

from microgpt.viz.training import Snapshot, TrainingProgress

NAN, UNIFORM = float("nan"), float(np.log(27))


def training_run(*losses, stderr=0.1, uniform=UNIFORM, steps=(0, 10, 100), train=None, **fields):
    """A run whose snapshots have these held-out losses; by default each was taken.

    `train` is the training loss at the first and at the last step made, and falls evenly.
    """
    progress = TrainingProgress(steps, uniform_loss=uniform, steps=steps[-1])
    samples = (("anna", "new"), ("bert", "trained on"))
    for step, loss in zip(steps, losses, strict=False):
        progress = progress.with_snapshot(Snapshot(step, loss, stderr, samples))
    done = fields.pop("steps_done", progress.steps_done)
    curve = np.linspace(*(train or (3.5, 2.5)), done)
    status = "finished" if done == progress.steps else "training"
    fields = {"status": status, "steps_done": done, "losses": curve} | fields
    return TrainingProgress(**(vars(progress) | fields))
