"""What notebook 08 claims: losses, checks, the symptoms of mistakes, few names, and clipping."""

import math
import statistics
from typing import Any

import numpy as np

import microgpt as mg
from microgpt.runs.run_settings import GRAD_CLIP

from .claim import THOUSANDTHS

MEAN_OF = 20  # steps, of a smoothed loss
EARLY, LATE = slice(None, 100), slice(-500, None)  # steps of a whole run
CLIPPINGS = ("healthy", "no clipping")
NEAR = 40  # the step at which the recorder's line still lags behind its diamonds

CLAIMS = {
    "one_name_varies": "standard deviation of one name's loss, less the held-out loss's error",
    "large_start": "loss before training with parameters × 10, less that of a blind guess",
    "eight_names": "the lowest possible loss on eight names",
    "shuffled_names": "loss of a blind guess, less that with shuffled targets",
    "lr_100": "loss after 100 steps with lr × 100, less that of the healthy run",
    "not_zeroed_climbs": "the same without zeroing gradients, less its lowest mean of 20 steps",
    "not_zeroed_norm": "log10 of its gradient norm over that of the healthy run",
    "init_10_start": "loss at the start with init × 10, less that of a blind guess",
    "init_10_updates": "log10 of the update-to-weight ratio at step 1, healthy over init × 10",
    "lr_100_updates": "log10 of the update-to-weight ratio at step 1, lr × 100 over healthy",
    "lr_100_and_shuffled": "log10 of the ratio after 100 steps, lr × 100 over targets shuffled",
    "not_shifted_loss": "loss after 100 steps, healthy less targets not shifted",
    "not_shifted_held_out": "held-out loss with targets not shifted, less that of a blind guess",
    "shuffled": "loss after 100 steps with shuffled targets, less that of the healthy run",
    "line_lags": "mean of 20 losses near step 40 of the healthy run, less its held-out loss",
    "norm_rises": "mean gradient norm of the last 20 of all 1,500 steps, less that of 81 to 100",
    "gap_opens": "held-out loss after all 1,500 steps, less the training loss on fixed rows",
    "clipped_late": "steps that clipping changes, of the last 500, less of the first 100, in %",
    "no_clipping": "held-out loss after 1,500 steps without clipping, less with it, in thousandths",
    "no_clipping_paired": "the same in standard errors over the held-out texts, paired",
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
        **_whole_runs(seed),
        "few_names": held_out[-1] - min(held_out),
        "few_names_and_blind": held_out[-1] - blind,
        "batch_of_32": THOUSANDTHS * gain,
    }


def _mistakes(cells: Any, seed: int) -> dict[str, float]:
    """The symptoms of the recorder's switches in the first steps on the story."""
    runs = {name: cells.short_run(name, seed) for name in ("healthy", *cells.MISTAKES)}
    late = {name: run.mean_loss() for name, run in runs.items()}
    first, last = ({name: cells.update_row(run)[at] for name, run in runs.items()} for at in (1, 2))
    healthy, not_zeroed = runs["healthy"], runs["gradients not zeroed"]
    blind = healthy.baselines[0].loss
    means = np.convolve(not_zeroed.losses, np.ones(MEAN_OF) / MEAN_OF, mode="valid")
    norms = cells.update_row(not_zeroed)[0] / cells.update_row(healthy)[0]
    near = min(healthy.snapshots, key=lambda snapshot: abs(snapshot.step - NEAR))
    copying = runs["targets not shifted"].snapshots[-1].held_out.loss
    return {
        "lr_100": late["lr × 100"] - late["healthy"],
        "not_zeroed_climbs": late["gradients not zeroed"] - float(means.min()),
        "not_zeroed_norm": math.log10(norms),
        "init_10_start": float(runs["init × 10"].losses[0]) - blind,
        "init_10_updates": math.log10(first["healthy"] / first["init × 10"]),
        "lr_100_updates": math.log10(first["lr × 100"] / first["healthy"]),
        "lr_100_and_shuffled": math.log10(last["lr × 100"] / last["targets shuffled"]),
        "not_shifted_loss": late["healthy"] - late["targets not shifted"],
        "not_shifted_held_out": copying - blind,
        "shuffled": late["targets shuffled"] - late["healthy"],
        "line_lags": healthy.mean_loss(near.step) - near.held_out.loss,
    }


def _whole_runs(seed: int) -> dict[str, float]:
    """What all steps of the recorder's healthy run do, and what clipping changes in them."""
    clipped, unclipped = (mg.record_run("story", name, seed=seed) for name in CLIPPINGS)
    norms, (last, other) = clipped.grad_norms, (run.snapshots[-1] for run in (clipped, unclipped))
    early, late = ((norms[part] > GRAD_CLIP).mean() for part in (EARLY, LATE))
    rows = other.held_out_rows - last.held_out_rows
    difference = mg.training.Evaluation.from_rows(rows, clipped.num_targets)
    return {
        "norm_rises": float(norms[-MEAN_OF:].mean() - norms[EARLY][-MEAN_OF:].mean()),
        "gap_opens": last.held_out.loss - last.training.loss,
        "clipped_late": 100 * float(late - early),
        "no_clipping": THOUSANDTHS * difference.loss,
        "no_clipping_paired": difference.loss / difference.stderr,
    }
