"""`microgpt train` stops when the loss or the weights are not numbers."""

import os
import subprocess
import sys


def microgpt(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "microgpt", *arguments],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


def test_a_model_that_blows_up_stops_training(tmp_path):
    run = microgpt("train", "--steps", "5000", "--lr", "1e30", "--out", str(tmp_path / "run"))
    assert run.returncode == 1
    assert "the loss became nan at step" in run.stderr
    assert "smaller --lr" in run.stderr


def test_a_last_step_that_breaks_the_weights_is_not_saved(tmp_path):
    out = tmp_path / "run"
    run = microgpt("train", "--steps", "1", "--lr", "1e39", "--out", str(out))
    assert run.returncode == 1
    assert "smaller --lr" in run.stderr
    assert not (out / "model.safetensors").exists()
