"""The X-ray's controls: what is chosen, what stays chosen, and what is said of it."""

import itertools

import numpy as np
import pytest

import microgpt as mg
from microgpt.errors import SettingError
from microgpt.widgets.xray import EXAMPLES
from microgpt.widgets.xray_state import XRayState


@pytest.fixture(autouse=True)
def no_errors():
    yield
    assert mg.widgets.errors() == []


@pytest.fixture
def view():
    return mg.widgets.XRay()


def is_shown(widget):
    return widget.layout.display != "none"


def chosen(buttons):
    return [name for name, one in buttons.items() if "mg-chosen" in one._dom_classes]


def press(view, arrow):
    view.arrow_buttons[arrow].click()


def test_it_opens_as_the_notebook_calls_it(view):
    assert view.caption == "y[0, 2] = row 0 of x times column 2 of w = 1·2 + 2·1 + 0·0 = 4."
    backward = mg.widgets.XRay(backward=True)
    assert backward.caption.startswith("dx[0, 2] = row 0 of dy times row 2 of w = 1·2 + 0·1")
    broadcast = mg.widgets.XRay(tab="broadcast")
    assert broadcast.caption.startswith("(4, 3) + (3,) gives (4, 3): y[2, 1] = ")
    for one in (view, backward, broadcast):
        assert one.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("settings", [{"tab": "products"}, {"seed": -1}, {"seed": "a"}])
def test_other_settings_are_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        mg.widgets.XRay(**settings)


def test_tab_and_pass_show_their_own_controls(view):
    assert (is_shown(view.size_row), is_shown(view.shape_row)) == (True, False)
    assert not is_shown(view.grid_select)
    view.tab_buttons["broadcast"].click()
    view.pass_buttons[True].click()
    assert (is_shown(view.size_row), is_shown(view.shape_row)) == (False, True)
    assert is_shown(view.grid_select)
    assert (chosen(view.tab_buttons), chosen(view.pass_buttons)) == (["broadcast"], [True])
    assert view.grid_select.options == ("db", "da")
    assert view.caption.startswith("(4, 3) + (3,): b[1] was copied into 4 rows, so its gradient")
    view.grid_select.value = "da"
    assert ": a[0, 0] was used once, so its gradient is dy[0, 0] = " in view.caption


def test_forward_and_backward_change_no_size_and_remember_their_cells(view):
    press(view, "▼")
    before = view.caption
    view.pass_buttons[True].click()
    assert view.state.sizes == (2, 3, 4)
    assert view.caption.startswith("dx[0, 2]")
    view.pass_buttons[False].click()
    assert view.caption == before


def test_arrows_move_one_cell_and_stop_at_the_edge(view):
    captions = []
    for arrow in "◀▼▶▲▲":
        press(view, arrow)
        captions.append(view.caption[:7])
    assert captions == ["y[0, 1]", "y[1, 1]", "y[1, 2]", "y[0, 2]", "y[0, 2]"]


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("tab", ["product", "broadcast"])
def test_next_cell_visits_every_cell_once_in_order(tab, backward):
    state = XRayState(tab, backward, shapes=((2, 3, 2), (3, 1)))
    sizes = [getattr(state.numbers, grid).size for grid in state.grids]
    for grid in reversed(state.grids):
        state = state.with_cell(grid, (0,) * getattr(state.numbers, grid).ndim)
    seen = []
    for _ in range(sum(sizes)):
        seen.append((state.grid, state.index))
        state = state.next_cell()
    assert len(set(seen)) == sum(sizes)
    assert (state.grid, state.index) == seen[0]
    assert [grid for grid, _ in itertools.groupby(seen, lambda one: one[0])] == list(state.grids)


@pytest.mark.parametrize("shape", [(2, 3, 2), (3, 4), (4,), ()])
def test_arrows_reach_every_cell(shape):
    state = XRayState("broadcast", shapes=(shape, ())).with_cell("y", (0,) * len(shape))
    seen, waiting = set(), [state]
    while waiting:
        state = waiting.pop()
        if state.index not in seen:
            seen.add(state.index)
            waiting += [state.moved(*step) for step in ((0, 1), (1, 0), (0, -1), (-1, 0))]
    assert seen == set(np.ndindex(shape))


def test_one_move_is_announced_once(view):
    said = []
    view.caption_box.observe(lambda change: said.append(change["new"]), "value")
    press(view, "▼")
    view.next_button.click()
    assert len(said) == 2
    view.size_boxes[2].value = 5
    assert len(said) <= 3


def test_sizes_keep_the_chosen_cell_while_it_exists(view):
    press(view, "▼")
    view.size_boxes[1].value = 5
    assert view.state.sizes == (2, 5, 4)
    assert view.caption.startswith("y[1, 2] = ")
    assert view.caption.count("·") == 5
    view.size_boxes[2].value = 2
    assert view.caption.startswith("y[1, 1] = ")
    view.size_boxes[2].value = 4
    assert view.caption.startswith("y[1, 2] = ")  # it exists again


def test_decimals_are_other_numbers_of_the_same_sizes(view):
    before = view.picture.value
    view.decimals_toggle.value = True
    assert view.decimals_toggle.description == "☑ Decimals"
    assert view.state.sizes == (2, 3, 4)
    assert "0." in view.caption
    view.decimals_toggle.value = False
    assert view.picture.value == before


def test_typed_shapes_are_drawn_clash_or_are_refused_in_a_sentence():
    view = mg.widgets.XRay(tab="broadcast")
    a, b = view.shape_boxes
    b.value = "4"
    assert view.caption == "(4, 3) and (4,) clash at the last axis: 3 against 4. (4, 1) would fit."
    press(view, "▼")
    view.next_button.click()
    assert "clash" in view.caption
    b.value = "4 x 1"
    assert view.state.shapes == ((4, 3), (4, 1))
    assert view.caption.startswith("(4, 3) + (4, 1) gives (4, 3): y[2, 1] = a[2, 1] + b[2, 0]")
    b.value = ""
    assert (view.state.shapes[1], b.value) == ((), "()")
    for text in ("4, 9", "0", "1,1,1,1", "four", "<b>"):
        a.value = text
        assert view.caption.startswith("Shape of a must be ")
        assert (view.state.shapes[0], a.value) == ((4, 3), text)
    a.value = "2"
    assert view.caption.startswith("(2,) + () gives (2,): y[1] = a[1] + b = ")


def test_a_difference_of_a_column_and_a_list_is_questioned():
    view = mg.widgets.XRay(tab="broadcast")
    view.example_select.value = "a column minus a list"
    trap = "(4, 1) − (4,) gives (4, 4): 16 differences, not 4. Is that what you want?"
    assert view.caption.startswith(trap)
    assert view.sign_select.value == "−"
    view.sign_select.value = "+"
    assert view.caption.startswith("(4, 1) + (4,) gives (4, 4): 16 sums, not 4.")
    assert view.example_select.value == ""


@pytest.mark.parametrize("title", EXAMPLES)
def test_each_example_is_shown_in_the_boxes(title):
    view = mg.widgets.XRay(tab="broadcast", backward=True)
    view.example_select.value = title
    shapes, sign = EXAMPLES[title]
    assert view.state.shapes == shapes
    assert [text.value for text in view.shape_boxes] == [str(shape) for shape in shapes]
    assert (view.sign_select.value, view.example_select.value) == (sign, title)


def test_the_table_follows_the_view(view):
    view.numbers.toggle.value = True
    assert "[[1, 2, 4, 1], [6, 4, 1, 3]]" in view.numbers.content.value
    view.size_boxes[0].value = 1
    assert "(1, 4)" in view.numbers.content.value


def test_a_cell_that_runs_again_shows_what_was_shown(monkeypatch):
    from microgpt.widgets import view_memory

    runs = iter([("cell", "1"), ("cell", "2")])
    monkeypatch.setattr(view_memory, "current_cell", lambda: next(runs))
    first = mg.widgets.XRay()
    first.size_boxes[0].value = 3
    press(first, "▼")
    second = mg.widgets.XRay()
    assert second.caption == first.caption
    assert second.size_boxes[0].value == 3
