"""The picture of a scaling law: logarithmic scales, points, lines, bands, and what it says."""

from types import SimpleNamespace

import numpy as np
import pytest

import microgpt as mg
from microgpt.errors import ShapeError
from microgpt.viz.scaling_law import scaling_caption

SEEDS = np.array([-0.01, 0.0, 0.01])


def curve(ends=(2.6, 2.3), fixed=11_500, axis="parameters", seeds=SEEDS, level=0.95):
    x = np.geomspace(472, 53632, 5)
    loss = np.linspace(*ends, 5)
    noise = seeds * np.array([1, -1, 1, 1, -1])[:, None]
    return SimpleNamespace(
        axis=axis, fixed=fixed, level=level, measured_x=x, measured=loss[:, None] + noise,
        x=x, loss=loss, low=loss - 0.02, high=loss + 0.02,
    )  # fmt: skip


LAW = SimpleNamespace(floor=2.2, A=8.0, alpha=0.5, B=30.0, beta=0.4, gamma=0.6)


def test_both_scales_are_logarithmic_and_all_is_drawn():
    curves = [curve(), curve((2.5, 2.25), 46_000), curve((2.45, 2.21), 368_000)]
    figure = mg.viz.plot_scaling_law(curves, LAW)
    assert figure._repr_png_().startswith(b"\x89PNG")
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert set(labels) == {
        "11,500 tokens trained on", "46,000 tokens trained on", "368,000 tokens trained on",
        "floor of the law, 2.20",
    }  # fmt: skip
    assert len(axes.collections) == 6  # three bands, three sets of error bars
    markers = {container[0].get_marker() for container in axes.containers}
    assert len(markers) == 3, "nothing is told by colour alone"
    band = axes.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(2.28)
    for line, drawn in zip(axes.lines[::4], curves, strict=False):
        np.testing.assert_allclose(line.get_ydata(), drawn.loss)
    assert axes.get_xlabel() == "parameters (logarithmic)"


def test_the_caption_is_the_figure_s_text():
    figure = mg.viz.plot_scaling_law([curve()], LAW)
    assert repr(figure) == figure.caption == scaling_caption([curve()], LAW)
    assert "from 472 to 53,632 parameters" in figure.caption
    assert "of 3 models" in figure.caption
    assert "With 11,500 tokens trained on it falls by 0.30 ± 0.02." in repr(figure)
    assert "On average a point is 0.000 from its line" in figure.caption
    assert "floor" not in repr(mg.viz.plot_scaling_law([curve()]))


def test_the_floor_has_an_interval():
    laws = [SimpleNamespace(floor=floor) for floor in np.linspace(2.0, 2.4, 81)]
    figure = mg.viz.plot_scaling_law([curve()], LAW, laws)
    assert repr(figure).endswith("below its floor, 2.20 (95 % interval: 2.01 to 2.39).")
    (band,) = figure.axes[0].patches
    assert band.get_height() == pytest.approx(0.38)
    assert "interval:" not in repr(mg.viz.plot_scaling_law([curve()], LAW))


def test_the_level_is_that_of_the_curves():
    laws = [SimpleNamespace(floor=floor) for floor in np.linspace(2.0, 2.4, 81)]
    half = mg.viz.plot_scaling_law([curve(level=0.5)], LAW, laws)
    assert "The bands, its 50 % interval, show" in repr(half)
    assert repr(half).endswith("(50 % interval: 2.10 to 2.30).")
    assert half.axes[0].patches[0].get_height() == pytest.approx(0.2)
    assert "The bands, its 99.5 % interval, show" in scaling_caption([curve(level=0.995)])


def test_a_fall_that_the_seeds_hide_is_not_claimed():
    wide = 10 * SEEDS
    caption = scaling_caption([curve(seeds=wide)])
    assert "With 11,500 tokens trained on no difference is seen (2.30 and 2.60)." in caption
    assert "rises by 0.30 ± " in scaling_caption([curve((2.3, 2.6))])
    assert "no difference is seen" in scaling_caption([curve(seeds=SEEDS[:1])])
    assert "With 4,192 parameters it falls" in scaling_caption([curve(fixed=4192, axis="tokens")])


def test_what_cannot_be_drawn():
    with pytest.raises(ShapeError, match="a curve to draw; got none"):
        mg.viz.plot_scaling_law([])
    with pytest.raises(ShapeError, match="along one axis"):
        mg.viz.plot_scaling_law([curve(), curve(axis="tokens")])
    with pytest.raises(ShapeError, match=r"one level; got 0\.5 and 0\.95; give scaling_curves"):
        mg.viz.plot_scaling_law([curve(), curve(level=0.5)])
