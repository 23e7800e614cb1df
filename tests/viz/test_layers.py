"""A number per layer of several models: lines, bands over seeds, and arrows off the page."""

import re
from html import escape

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import microgpt as mg
from microgpt.errors import SettingError, ShapeError
from microgpt.viz.looks.colours import COLOURS

RNG = np.random.default_rng(0)
FOUR = {
    "neither": 10 ** RNG.normal(-23, 0.3, (3, 12)),
    "norms only": RNG.uniform(0.3, 2, (3, 12)),
    "residuals only": RNG.uniform(0.1, 0.3, (3, 12)),
    "both": RNG.uniform(0.1, 0.2, (3, 12)),
}


def line_of(figure, name):
    return next(line for line in figure.axes[0].lines if line.get_label() == name)


def test_lines_are_means_and_bands_are_ranges():
    runs = {"a": [[1.0, 2.0, 6.0], [3.0, 2.0, 2.0]], "b": [[0.0, 0.5, 1.0]]}
    figure = mg.viz.plot_layers(runs, "cosine")
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert line_of(figure, "a").get_xdata().tolist() == [1, 2, 3]
    assert line_of(figure, "a").get_ydata().tolist() == [2, 2, 4]
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    assert {tuple(point) for point in band} >= {(1, 1), (1, 3), (2, 2), (3, 2), (3, 6)}
    assert repr(figure).startswith("Cosine by layer: a 2 to 4; b 0 to 1.")
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == (
        "layer", "cosine", "linear",
    )  # fmt: skip


def test_what_is_off_the_page_is_an_arrow():
    figure = mg.viz.plot_layers(FOUR, "size of the gradient", log=True)
    axes = figure.axes[0]
    assert [line.get_label() for line in axes.lines] == ["norms only", "residuals only", "both"]
    (arrow,) = axes.texts
    assert re.match(r"neither [\d.]+e-2\d", arrow.get_text())
    bottom, top = axes.get_ylim()
    assert axes.get_yscale() == "log"
    assert 1e-3 < bottom < 0.1 < 1 < top
    assert re.findall(r"\w+ \S+ to \S+, off the page", figure.caption)[0].startswith("neither")
    assert figure.caption.endswith("Numbers and lines are means of 3 seeds; a band is their range.")


def test_small_numbers_stay_on_a_linear_page_and_zero_leaves_a_logarithmic_one():
    runs = {"small": [[1e-12, 1e-12]], "large": [[1.0, 2.0]]}
    assert len(mg.viz.plot_layers(runs, "size").axes[0].lines) == 2
    figure = mg.viz.plot_layers({"none": [[0.0, 0.0]], "large": [[1.0, 2.0]]}, "size", log=True)
    assert [text.get_text() for text in figure.axes[0].texts] == ["none 0"]
    partly = {"falls": [[1e-20, 1.0]], "large": [[1.0, 2.0]]}
    assert len(mg.viz.plot_layers(partly, "size", log=True).axes[0].lines) == 2


def test_runs_are_told_apart_without_colour():
    markers = [line.get_marker() for line in mg.viz.plot_layers(FOUR, "size").axes[0].lines]
    assert len(set(markers)) == 4
    fewer = mg.viz.plot_layers({name: FOUR[name] for name in ("norms only", "both")}, "size")
    assert [line.get_marker() for line in fewer.axes[0].lines] == markers[2:]


def test_a_line_under_another_of_the_same_height_can_be_seen():
    same = dict.fromkeys(FOUR, FOUR["both"])
    lines = mg.viz.plot_layers(same, "size").axes[0].lines
    assert all(line.get_markerfacecolor() == "none" for line in lines)
    sizes = [line.get_markersize() for line in lines]
    assert sizes == sorted(set(sizes), reverse=True)


def test_nothing_overlaps():
    runs = {"nothing at all": 1e-30 * FOUR["both"], **FOUR}
    del runs["norms only"]
    figure = mg.viz.plot_layers(runs, "size of the gradient", log=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes = figure.axes[0]
    texts = [*axes.texts, *axes.get_legend().get_texts(), axes.xaxis.label, axes.yaxis.label]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts]
    assert len(boxes) == 6
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ({}, "one to 4 runs; 0 came"),
        ({str(i): [[1.0]] for i in range(5)}, "5 came"),
        ({"a": [1.0, 2.0]}, r"'a' needs shape \(seeds, layers\); its shape is \(2,\)"),
        ({"a": np.zeros((0, 3))}, "'a' needs shape"),
        ({"a": [[1.0, 2.0]], "b": [[1.0]]}, "a has 2, b has 1"),
    ],
)
def test_other_shapes_are_refused(runs, message):
    with pytest.raises(ShapeError, match=message):
        mg.viz.plot_layers(runs, "size")


def test_numbers_that_cannot_be_drawn_are_refused():
    with pytest.raises(SettingError, match="finite"):
        mg.viz.plot_layers({"a": [[1.0, np.nan]]}, "size")
    with pytest.raises(SettingError, match="negative"):
        mg.viz.plot_layers({"a": [[1.0, -1.0]]}, "size", log=True)
    assert mg.viz.plot_layers({"a": [[1.0, -1.0]]}, "size")


def test_a_dollar_is_a_dollar():
    runs = {"$x_{": [[1e-30]], "$\\y": [[1.0]]}
    assert mg.viz.plot_layers(runs, "cost in $ or $^", log=True)._repr_png_()


def test_a_notebook_shows_it_with_its_caption_as_alternative_text():
    figure = mg.viz.plot_layers({"<b>": [[1.0, 2.0]]}, "size")
    html = figure._repr_html_()
    assert "<b>" not in html
    assert f'alt="{escape(figure.caption)}"' in html
    assert "data:image/png;base64," in html


def test_the_numbers_of_the_caption_are_means_and_the_caption_says_so():
    figure = mg.viz.plot_layers({"a": [[0.0, 2.0], [1.0, 6.0]]}, "size")
    assert figure.caption.startswith("Size by layer: a 0.5 to 4. Numbers and lines are means of 2")


def test_a_figure_is_dark_in_a_dark_theme():
    html = mg.viz.plot_layers({"a": [[1.0, 2.0]]}, "size")._repr_html_()
    rules = re.search("<style>(.*)</style>", html, re.DOTALL)[1]
    assert '[data-jp-theme-light="false"] .mg-plot img' in rules
    assert re.search(r"prefers-color-scheme:dark\)\{\.mg-plot img:not\(", rules)
    light, dark = (int(COLOURS["card"][theme][1:3], 16) / 255 for theme in (0, 1))
    amount = float(re.search(r"invert\(([.\d]+)\)", rules)[1])
    assert light * (1 - amount) + (1 - light) * amount == pytest.approx(dark, abs=0.03)
