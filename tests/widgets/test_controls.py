"""Sliders and their boxes."""

import pytest

from microgpt.widgets.controls import LabeledSlider


@pytest.mark.parametrize(
    ("maximum", "step"), [(2.0, 0.05), (1.0, 0.01), (0.5, 0.01), (0.999, 0.001)]
)
def test_a_slider_stays_where_the_browser_put_it(maximum, step):
    """Whatever differs is sent to the browser, where it would undo a key pressed meanwhile."""

    def on_change(number, _):
        slider.value = number

    slider = LabeledSlider(lambda *_: "slider", 0.0, maximum, step, on_change)
    sent = []
    slider.slider.observe(lambda change: sent.append(change["new"]), "value")
    digits = len(str(step)) - 2
    positions = [round(i * step, digits) for i in range(1, round(maximum / step) + 1)]
    for position in positions:
        slider.slider.value = position
        assert slider.value == position
    assert sent == positions


def test_a_slider_stays_where_the_browser_put_it_below_0():
    """The browser adds the steps to the minimum, and sends other digits than Python would."""

    def on_change(number, _):
        slider.value = number

    slider = LabeledSlider(lambda *_: "slider", -3.0, 3.0, 0.05, on_change)
    slider.slider.value = 0.4500000000000002
    assert slider.value == slider.box.value == 0.45
    assert slider.slider.value == 0.4500000000000002
    slider.value = 0.5
    assert slider.slider.value == 0.5
