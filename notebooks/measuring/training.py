"""What notebook 08 claims: the symptom of each switch of the flight recorder."""

import math
from typing import Any

import numpy as np

import microgpt as mg

STEPS = 150  # of the planned steps; a symptom shows by then
EARLY, LATE, MIDDLE = slice(40, 60), slice(130, 150), 49
CLAIMS = {
    "lr_100": "loss at steps 131 to 150 with lr × 100, less that of the healthy run",
    "lr_30th": "the same with lr ÷ 30",
    "not_zeroed_climbs": "the same without zeroing gradients, less its lowest mean of 20 steps",
    "not_zeroed_norm": "log10 of its gradient norm over that of the healthy run",
    "init_10_start": "loss at the start with init × 10, less that of guessing blindly",
    "init_10_updates": "log10 of the MLP's update ratio at step 50, healthy over init × 10",
    "not_shifted_loss": "loss at steps 41 to 60, healthy less targets not shifted",
    "not_shifted_held_out": "held-out loss with targets not shifted, less that of a blind guess",
    "shuffled_letters": "loss with shuffled targets, less that of counted letters",
    "shuffled": "loss with shuffled targets, less that of the healthy run",
    "lr_10_early": "loss at steps 41 to 60, healthy less lr × 10 with warm-up",
    "lr_10_late": "loss at steps 131 to 150 with lr × 10 and warm-up, less that of the healthy run",
    "warm_up": "loss with lr × 10 without warm-up, less that with it",
    "no_clipping": "loss without clipping, less that with it",
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim for one seed: other weights and other batches are drawn."""
    runs = {name: mg.record_run("story", name, until=STEPS, seed=seed) for name in mg.runs.SWITCHES}
    late = {name: float(run.losses[LATE].mean()) for name, run in runs.items()}
    healthy, not_zeroed = runs["healthy"], runs["gradients not zeroed"]
    init, unshifted = runs["init × 10"], runs["targets not shifted"]
    warmed_up = runs["lr × 10, with warm-up"]
    uniform, letters = healthy.baselines[0].loss, healthy.baseline("letters").loss
    lowest = float(np.convolve(not_zeroed.losses, np.ones(20) / 20, mode="valid").min())
    norms = not_zeroed.grad_norms[LATE].mean() / healthy.grad_norms[LATE].mean()
    mlp = list(mg.runs.GROUPS).index("MLP")
    ratios = healthy.update_ratios[MIDDLE, mlp] / init.update_ratios[MIDDLE, mlp]
    return {
        "lr_100": late["lr × 100"] - late["healthy"],
        "lr_30th": late["lr ÷ 30"] - late["healthy"],
        "not_zeroed_climbs": late["gradients not zeroed"] - lowest,
        "not_zeroed_norm": math.log10(norms),
        "init_10_start": float(init.losses[0]) - uniform,
        "init_10_updates": math.log10(ratios),
        "not_shifted_loss": float(np.mean(healthy.losses[EARLY] - unshifted.losses[EARLY])),
        "not_shifted_held_out": unshifted.snapshots[-1].held_out.loss - uniform,
        "shuffled_letters": late["targets shuffled"] - letters,
        "shuffled": late["targets shuffled"] - late["healthy"],
        "lr_10_early": float(np.mean(healthy.losses[EARLY] - warmed_up.losses[EARLY])),
        "lr_10_late": late["lr × 10, with warm-up"] - late["healthy"],
        "warm_up": late["lr × 10, without warm-up"] - late["lr × 10, with warm-up"],
        "no_clipping": late["no clipping"] - late["healthy"],
    }
