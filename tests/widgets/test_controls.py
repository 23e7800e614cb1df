"""Sliders and their boxes, menus of examples, and what tells a reader's move from an echo."""

import threading

import pytest

from microgpt.widgets.controls import EchoGuard, LabeledSlider, example_menu, title_of


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


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("moved", ["box", "slider"])
def test_the_browser_ends_with_the_number_that_a_reader_gave_it(moved, is_whole, monkeypatch):
    """Although another thread sends an older one while the reader's message is being read.

    The echo of the message is sent first, and the browser takes what comes after it.
    """
    end, step = (100, 1) if is_whole else (100.0, 1.0)
    slider = LabeledSlider(lambda *_: "step", 0 * step, end, step, lambda *_: None)
    widget = getattr(slider, moved)
    sent, other = [], threading.Thread(target=lambda: setattr(slider, "value", 12))

    def send(message, buffers=None):
        sent.append((message["method"], message["state"]["value"]))
        if message["method"] == "echo_update" and other.ident is None:
            other.start()
            other.join()

    monkeypatch.setattr(widget, "_send", send)
    widget.set_state({"value": 5})
    slider.value = 5  # as the panel does when it has drawn the move
    assert slider.value == widget.value == 5
    assert sent == [("echo_update", 5), ("update", 12), ("update", 5)]
    sent.clear()
    widget.set_state({"value": 6})
    assert sent == [("echo_update", 6)]  # more would undo keys that were pressed meanwhile


def test_only_the_thread_that_sets_a_control_takes_its_change_for_an_echo():
    guard, seen = EchoGuard(), []
    assert not guard.is_setting
    with guard:
        assert guard.is_setting
        other = threading.Thread(target=lambda: seen.append(guard.is_setting))
        other.start()
        other.join()
    assert seen == [False]
    with pytest.raises(ZeroDivisionError), guard:
        raise ZeroDivisionError
    assert not guard.is_setting


def test_a_menu_of_examples_begins_with_your_own():
    examples = {"one": (1,), "two": (2,)}
    menu = example_menu(tuple(examples))
    assert menu.options == (("your own", ""), ("one", "one"), ("two", "two"))
    assert menu.value == ""
    assert [title_of(examples, shown) for shown in ((1,), (2,), (3,))] == ["one", "two", ""]
