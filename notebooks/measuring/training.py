"""What notebook 08 claims: losses, checks, the symptoms of mistakes, few names, and clipping."""

import math
import statistics
from typing import Any

import numpy as np

from .claim import THOUSANDTHS

MEAN_OF = 20  # steps, of a smoothed loss

CLAIMS = {
    "one_name_varies": "standard deviation of one name's loss, less the held-out loss's error",
    "large_start": "loss before training with parameters × 10, less that of a blind guess",
    "eight_names": "the lowest possible loss on eight names",
    "shuffled_names": "loss of a blind guess, less that with shuffled targets",
    "lr_100": "loss after 100 steps with lr × 100, less that of the healthy run",
    "not_zeroed_climbs": "the same without zeroing gradients, less its lowest mean of 20 steps",
    "not_zeroed_norm": "log10 of its gradient norm over that of the healthy run",
    "init_10_start": "loss at the start with init × 10, less that of a blind guess",
    "init_10_updates": "log10 of its update-to-weight ratio, healthy over that with init × 10",
    "not_shifted_loss": "loss after 100 steps, healthy less targets not shifted",
    "not_shifted_held_out": "held-out loss with targets not shifted, less that of a blind guess",
    "shuffled": "loss after 100 steps with shuffled targets, less that of the healthy run",
    "no_clipping": "held-out loss without clipping, less that with it, in thousandths",
    "few_names": "held-out loss after 1,000 steps on few names, less the lowest",
    "few_names_and_blind": "the same, less the loss of a blind guess",
    "batch_of_32": "held-out loss with one name per step, less that with 32, in thousandths",
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim for one seed: other weights and other batches are drawn."""
    blind = math.log(cells.size)
    _, last, evaluation = cells.three_losses(seed)
    rows = cells.on_few_names(seed)
    held_out = [losses[1] for losses in rows.values()]
    gain = evaluation.loss - cells.train_on_32(seed).evaluate().loss
    return {
        "one_name_varies": statistics.stdev(last) - evaluation.stderr,
        "large_start": cells.first_loss(seed, init_std=0.8) - blind,
        "eight_names": cells.best_loss(8, seed),
        "shuffled_names": blind - cells.shuffled_loss(seed),
        **_mistakes(cells, seed),
        "few_names": held_out[-1] - min(held_out),
        "few_names_and_blind": held_out[-1] - blind,
        "batch_of_32": THOUSANDTHS * gain,
    }


def _mistakes(cells: Any, seed: int) -> dict[str, float]:
    """The symptoms of the recorder's switches in the first steps on the story."""
    runs = {name: cells.short_run(name, seed) for name in ("healthy", *cells.MISTAKES)}
    runs["no clipping"] = cells.short_run("no clipping", seed)
    late = {name: run.mean_loss() for name, run in runs.items()}
    held_out = {name: run.snapshots[-1].held_out.loss for name, run in runs.items()}
    healthy, not_zeroed = runs["healthy"], runs["gradients not zeroed"]
    blind = healthy.baselines[0].loss
    means = np.convolve(not_zeroed.losses, np.ones(MEAN_OF) / MEAN_OF, mode="valid")
    norms = not_zeroed.grad_norms[-MEAN_OF:].mean() / healthy.grad_norms[-MEAN_OF:].mean()
    return {
        "lr_100": late["lr × 100"] - late["healthy"],
        "not_zeroed_climbs": late["gradients not zeroed"] - float(means.min()),
        "not_zeroed_norm": math.log10(norms),
        "init_10_start": float(runs["init × 10"].losses[0]) - blind,
        "init_10_updates": math.log10(cells.row(healthy)[4] / cells.row(runs["init × 10"])[4]),
        "not_shifted_loss": late["healthy"] - late["targets not shifted"],
        "not_shifted_held_out": held_out["targets not shifted"] - blind,
        "shuffled": late["targets shuffled"] - late["healthy"],
        "no_clipping": THOUSANDTHS * (held_out["no clipping"] - held_out["healthy"]),
    }
