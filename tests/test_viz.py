"""Pictures are made from the numbers they show, without pyplot."""

import subprocess
import sys

import pytest

import microgpt as mg
from microgpt.training import Evaluation, Step


def history(count):
    return [
        Step(i, 3.0 - i / count, 0.01, 1.0, 5, 0.001,
             Evaluation(2.5, 0.1, 50) if i == count - 1 else None)
        for i in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 3, 200])
def test_losses(count):
    picture = mg.viz.plot_losses(history(count), uniform=3.3)
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert "2.500 ± 0.100 per token" in repr(picture)
    labels = [text.get_text() for text in picture.axes[0].get_legend().get_texts()]
    assert labels[0] == "each step"
    assert "blind guessing" in labels


def test_the_caption_says_the_means():
    picture = mg.viz.plot_losses(history(200), window=50)
    assert f"first 50 is {3.0 - 24.5 / 200:.2f}" in picture.caption
    assert f"last 50 {3.0 - 174.5 / 200:.2f}" in picture.caption


def test_nothing_to_draw():
    with pytest.raises(mg.ShapeError, match="run the trainer first"):
        mg.viz.plot_losses([])


def test_pyplot_is_never_loaded():
    code = "import sys; import microgpt as mg; mg.viz; print('matplotlib.pyplot' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
