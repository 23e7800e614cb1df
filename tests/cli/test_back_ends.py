"""`--backend`: its help names every back end; on a device the commands do as on NumPy."""

import numpy as np
import pytest
from cli_runs import SMALL, losses
from emulated_device import emulate

from microgpt import backends
from microgpt.cli import main

NAMES = "anna\nbo\ncara\nada\nben\ndan\n"


@pytest.mark.parametrize(
    ("numba", "marked"),
    [(True, "numpy, numba (default), interpreter or cuda"), (False, "numpy (default), numba,")],
)
def test_the_help_names_every_back_end(numba, marked, monkeypatch, capsys):
    monkeypatch.setattr(backends, "_installed", lambda library: numba)
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert f"what computes: {marked}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_training_resuming_and_sampling_on_a_device_are_numpys(tmp_path, monkeypatch, capsys):
    device = emulate(monkeypatch)
    file = tmp_path / "names.txt"
    file.write_text(NAMES)
    small = [*SMALL, "--val-fraction", "0.2", "--num-samples", "1", "--sample-max-new-tokens", "3"]
    sampled = ["--num-samples", "2", "--max-new-tokens", "3", "--seed", "5"]
    said, curves = {}, {}
    for name in ("cuda", "numpy"):
        out, chosen = str(tmp_path / name), ["--backend", name]
        command = ["train", *chosen, "--corpus", str(file), *small, "--steps", "1", "--out", out]
        assert main(command) == 0
        assert f"on {name}" in capsys.readouterr().out
        assert main(["train", *chosen, "--resume", out, "--steps", "2"]) == 0
        assert "resumed after 1 of 2 steps" in capsys.readouterr().out
        assert main(["sample", *chosen, out, *sampled]) == 0
        said[name], curves[name] = capsys.readouterr().out, losses(tmp_path / name)
    assert device.driver.launches > 100
    assert said["cuda"] == said["numpy"] != ""
    (found, weights), (expected, numpys) = curves["cuda"], curves["numpy"]
    assert len(found) == 2
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    for name, weight in numpys.items():
        np.testing.assert_allclose(weights[name], weight, rtol=1e-4, atol=1e-5, err_msg=name)
