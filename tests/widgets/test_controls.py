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


@pytest.mark.parametrize("is_integer", [True, False])
@pytest.mark.parametrize("moved", ["box", "slider"])
def test_another_thread_sets_no_older_number_while_a_move_is_read(moved, is_integer, monkeypatch):
    """The browser would take it for newer than the move, whose echo is sent first."""
    end, step = (100, 1) if is_integer else (100.0, 1.0)
    moves = []

    def on_change(number, _):
        moves.append(number)
        other.join(10)
        assert not other.is_alive(), "they wait for each other"

    slider = LabeledSlider(lambda *_: "step", 0 * step, end, step, on_change)
    widget, sent = getattr(slider, moved), []
    other = threading.Thread(target=lambda: setattr(slider, "value", 12))

    def read_slowly(number, _):
        other.start()
        other.join(0.2)  # it waits
        assert slider.value == 0
        return number

    monkeypatch.setattr(
        widget, "_send", lambda message, **_: sent.append((message["method"], message["state"]))
    )
    monkeypatch.setattr(widget, "_trait_from_json", read_slowly)
    widget.set_state({"value": 5})
    assert moves == [5]
    slider.value = 5  # as the panel does when it has drawn the move
    assert slider.value == widget.value == 5
    values = [(method, state["value"]) for method, state in sent if "value" in state]
    assert values == [("echo_update", 5), ("update", 12), ("update", 5)]


@pytest.mark.parametrize("moved", ["box", "slider"])
def test_a_move_is_not_lost_to_what_another_thread_sets(moved, monkeypatch):
    """ipywidgets would tell of both as one change, to the older number."""
    moves = []
    slider = LabeledSlider(lambda *_: "w", 0.0, 2.0, 0.05, lambda number, _: moves.append(number))
    slider.value = 1.6
    widget = getattr(slider, moved)
    other = threading.Thread(target=lambda: setattr(slider, "value", 1.55))
    read_now = widget.set_trait

    def set_trait(name, number):
        read_now(name, number)
        if other.ident is None:
            other.start()
            other.join(0.2)

    monkeypatch.setattr(widget, "set_trait", set_trait)
    widget.set_state({"value": 1.5})
    other.join()
    assert moves == [1.5]


def test_a_move_is_told_to_the_browser_once():
    """To send the number again would undo keys that were pressed meanwhile."""
    slider = LabeledSlider(lambda *_: "step", 0, 100, 1, lambda *_: None)
    sent = []
    slider.slider._send = lambda message, **_: sent.append((message["method"], message["state"]))
    slider.slider.set_state({"value": 6})
    slider.value = 6
    assert sent == [("echo_update", {"value": 6})]


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
