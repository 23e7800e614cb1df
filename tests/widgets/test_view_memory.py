"""Running a cell again keeps what the learner did in its views."""

import pytest

from microgpt.viz.drawing import Drawing
from microgpt.viz.html import Rendered, tag
from microgpt.widgets import notebook_context, panel, view_memory
from microgpt.widgets.panel import Panel


class View(Panel):
    def __init__(self, state=0, arguments=("a",)):
        super().__init__(state, self.draw, lambda state: Drawing(), arguments=arguments)

    @staticmethod
    def draw(state, before):
        return Rendered(tag("p", str(state)), f"It is {state}.")


class Other(View):
    pass


@pytest.fixture
def run(monkeypatch):
    """Call a function as the next run of a cell."""
    runs = iter(range(100))

    def run(function, cell="cell"):
        ids = cell, f"run {next(runs)}"
        for module in (panel, view_memory):
            monkeypatch.setattr(module, "current_cell", lambda: ids)
        return function()

    monkeypatch.setattr(view_memory, "_views_by_cell", {})
    return run


def changed(state):
    view = View()
    view.update(lambda _: state)
    return view


def test_the_same_view_continues(run):
    run(lambda: changed(5))
    again = run(View)
    assert (again.state, again.caption) == (5, "It is 5.")
    assert "5" in again.picture.value
    again.update(lambda state: state + 1)
    assert run(View).state == 6


def test_other_arguments_another_class_or_another_cell_begin_anew(run):
    run(lambda: changed(5))
    assert run(View, cell="another").state == 0
    assert run(lambda: View(arguments=("b",))).state == 0
    run(lambda: changed(5))
    assert run(Other).state == 0
    run(lambda: changed(5))
    assert run(lambda: View(arguments=None)).state == 0


def test_views_of_one_cell_are_told_apart_by_their_order(run):
    run(lambda: [changed(1), changed(2), changed(3)])
    first, second = run(lambda: [View(), View()])
    assert (first.state, second.state) == (1, 2)
    assert run(lambda: [View(), View(), View()])[2].state == 0  # the run before made two


def test_outside_a_notebook_nothing_is_remembered(monkeypatch):
    monkeypatch.setattr(view_memory, "_views_by_cell", {})
    assert notebook_context.current_cell() is None
    changed(5)
    assert View().state == 0
    assert view_memory._views_by_cell == {}


def test_what_the_earlier_state_becomes_is_the_views_to_say(run):
    class Doubling(View):
        def take_over(self, earlier_state):
            return 2 * earlier_state

    def first():
        view = Doubling()
        view.update(lambda _: 4)

    run(first)
    assert run(Doubling).state == 8
