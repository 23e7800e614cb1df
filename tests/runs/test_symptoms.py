"""Each switch shows its symptom (`notebooks/measuring/training.py` has five seeds)."""

import numpy as np
import pytest

import microgpt as mg

EARLY, LATE = slice(40, 60), slice(130, 150)


@pytest.fixture(scope="module", params=[3, 4])
def runs(request):
    names = ("healthy", "lr × 100", "gradients not zeroed", "init × 10", "targets shuffled")
    made = {name: mg.record_run(switch=name, until=150, seed=request.param) for name in names}
    unshifted = mg.record_run(switch="targets not shifted", until=74, seed=request.param)
    return made | {"targets not shifted": unshifted}


@pytest.mark.slow
def test_each_switch_has_its_symptom(runs):
    late = {name: run.losses[LATE].mean() for name, run in runs.items() if len(run) == 150}
    healthy, letters = runs["healthy"], runs["healthy"].baseline("letters").loss
    uniform = healthy.baselines[0].loss
    assert abs(healthy.losses[0] - uniform) < 0.05
    assert healthy.losses[LATE].mean() < letters - 0.5
    assert late["lr × 100"] > late["healthy"] + 0.4
    assert runs["init × 10"].losses[0] > uniform + 0.3
    assert runs["init × 10"].update_ratios[49, 2] < healthy.update_ratios[49, 2] / 4
    assert abs(late["targets shuffled"] - letters) < 0.15
    assert runs["targets shuffled"].verdict().label == "not learning"
    not_zeroed = runs["gradients not zeroed"]
    lowest = min(not_zeroed.losses[i : i + 20].mean() for i in range(131))
    assert late["gradients not zeroed"] > lowest + 0.5
    assert not_zeroed.grad_norms[LATE].mean() > 30 * healthy.grad_norms[LATE].mean()
    unshifted = runs["targets not shifted"]
    assert np.mean(healthy.losses[EARLY] - unshifted.losses[EARLY]) > 1.5
    assert unshifted.snapshots[-1].held_out.loss > uniform + 0.5
    assert unshifted.verdict().label == "suspiciously good"
