"""Panels moved by four threads while a model trains, on both of Numba's threading layers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("script", ["hammer.py", "hammer_controls.py"])
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_panels_and_training_share_a_process(layer, script):
    """`workqueue` ends the process when two threads are inside parallel kernels at once."""
    run = subprocess.run(
        [sys.executable, Path(__file__).parent.parent / "helpers" / script, "5"],
        env={**os.environ, "NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "2"},
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    used, steps, word = run.stdout.split()
    assert (used, word) == (layer, "alive")
    assert int(steps) > 1
