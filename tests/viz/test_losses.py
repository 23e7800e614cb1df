"""The loss curves, drawn without pyplot."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

import microgpt as mg
from microgpt.training import Evaluation, Step
from microgpt.viz.looks import light_theme_colour


def history(count):
    return [
        Step(i, 3.0 - i / count, 0.01, 1.0, 5, 0.001,
             Evaluation(2.5, 0.1, 50) if i == count - 1 else None)
        for i in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 3, 200])
def test_losses(count):
    figure = mg.viz.plot_losses(history(count), uniform=3.3)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert "2.500 ± 0.100 per token" in repr(figure)
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels[0] == "each step"
    assert "knowing nothing" in labels


def in_epochs(per_epoch=10, count=35):
    def step(i):
        validation = Evaluation(5.0 + (i - 19) ** 2 / 100, 0.1, 50) if i % 5 == 4 else None
        train = Evaluation(6.0 - i / 10, 0.05, 50) if validation else None
        return Step(i, 6.0 - i / 10, 0.01, 1.0, 512, 0.1, validation, (), 512 * (i + 1),
                    (i + 1) / per_epoch, train)  # fmt: skip

    return [step(i) for i in range(count)]


def test_epochs_below_and_tokens_above():
    figure = mg.viz.plot_losses(in_epochs(), uniform=6.2)
    assert figure._repr_png_().startswith(b"\x89PNG")
    axes = figure.axes[0]
    (above,) = axes.child_axes
    assert (axes.get_xlabel(), above.get_xlabel()) == ("epochs", "tokens seen")
    assert axes.get_xlim()[0] == 0
    np.testing.assert_allclose(above.get_xlim(), np.array(axes.get_xlim()) * 5120)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [
        "each step", "knowing nothing", "training data, ± 2 standard errors",
        "held out, ± 2 standard errors",
    ]  # fmt: skip
    assert figure.caption.endswith("It was lowest, 5.00, at 2 epochs.")


@pytest.mark.parametrize("has_epochs", [True, False])
def test_nothing_overlaps(has_epochs):
    steps = in_epochs()
    if not has_epochs:
        steps = [replace(step, epoch=None) for step in steps]
    figure = mg.viz.plot_losses(steps, uniform=6.2)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes, drawn = figure.axes[0], canvas.get_renderer()
    legend = figure.legends[0] if has_epochs else axes.get_legend()
    texts = [*legend.get_texts(), axes.xaxis.label, axes.yaxis.label]
    for one in (axes, *axes.child_axes):
        texts += [one.xaxis.label, *one.get_xticklabels()]
    boxes = {text: text.get_window_extent(drawn) for text in texts if text.get_text()}
    inside = axes.get_window_extent()  # ticks beyond it are not drawn
    ticks = [text for one in (axes, *axes.child_axes) for text in one.get_xticklabels()]
    for text in ticks:
        if text in boxes and not inside.x0 - 5 <= boxes[text].x0 <= inside.x1:
            del boxes[text]
    assert len(boxes) > 12
    for i, box in enumerate(boxes.values()):
        assert not any(box.overlaps(other) for other in list(boxes.values())[i + 1 :])
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1


def test_a_window_of_no_steps():
    with pytest.raises(mg.SettingError, match="window must be a positive integer"):
        mg.viz.plot_losses(history(3), window=0)


def test_the_caption_says_the_means():
    figure = mg.viz.plot_losses(history(200), window=50)
    assert f"first 50 is {3.0 - 24.5 / 200:.2f}" in figure.caption
    assert f"last 50 {3.0 - 174.5 / 200:.2f}" in figure.caption


def test_what_is_drawn_are_the_numbers():
    steps = history(60)
    axes = mg.viz.plot_losses(steps, window=20).axes[0]
    dots, average = axes.lines[:2]
    losses = np.array([step.loss for step in steps])
    np.testing.assert_array_equal(dots.get_ydata(), losses)
    # Each mean stands at the last of its steps.
    np.testing.assert_array_equal(average.get_xdata(), np.arange(19, 60))
    np.testing.assert_allclose(average.get_ydata()[0], losses[:20].mean())
    np.testing.assert_allclose(average.get_ydata()[-1], losses[-20:].mean())


def test_error_bars_are_two_standard_errors():
    (bars,) = mg.viz.plot_losses(history(10)).axes[0].containers
    (segment,) = bars.lines[2][0].get_segments()
    np.testing.assert_allclose(segment[:, 1], [2.5 - 0.2, 2.5 + 0.2])


def test_the_caption_names_the_lowest_loss_and_the_first_and_last_means():
    caption = mg.viz.plot_losses(in_epochs()).caption
    assert "On held-out data it is 7.250 ± 0.100" in caption  # the last evaluation
    assert "It was lowest, 5.00, at 2 epochs" in caption
    assert mg.viz.plot_losses(history(200), window=20).caption.startswith(
        f"Loss over 200 steps: the mean of the first 20 is {3 - 9.5 / 200:.2f}, of the last 20 "
        f"{3 - 189.5 / 200:.2f}."
    )


def test_colours_are_those_of_the_views():
    figure = mg.viz.plot_losses(history(60), uniform=3.3)
    axes = figure.axes[0]
    each, mean, uniform = axes.lines[0], axes.lines[1], axes.lines[-1]
    roles = ("data2", "data", "ink3")
    assert [line.get_color() for line in (each, mean, uniform)] == list(
        map(light_theme_colour, roles)
    )
    (bars,) = axes.containers
    assert bars.lines[0].get_markerfacecolor() == light_theme_colour("card")  # a ring
    assert to_hex(figure.get_facecolor()) == light_theme_colour("card")
    evaluated = mg.viz.plot_losses(in_epochs()).axes[0].containers
    assert [one.lines[0].get_color() for one in evaluated] == [
        light_theme_colour("ink2"), light_theme_colour("data"),
    ]  # fmt: skip


def test_nothing_to_draw():
    with pytest.raises(mg.ShapeError, match="run the trainer first"):
        mg.viz.plot_losses([])


def test_pyplot_is_never_loaded():
    code = (
        "import sys; import microgpt as mg; mg.viz.plot_losses; "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
