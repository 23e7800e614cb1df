"""The stethoscope: controls change what is shown, and what is refused changes only the sentence."""

import re

import pytest
from waiting import wait_until

import microgpt as mg
from microgpt.viz.order_names import ORDER_MEANINGS, OVERWRITE_MEANING
from microgpt.widgets import panel as panel_module
from microgpt.widgets import stethoscope as stethoscope_module

NEURON = {"w": 0.5, "x": 2.0, "b": -0.4, "t": 0.2}


@pytest.fixture
def view():
    return mg.widgets.Stethoscope("(tanh(w*x + b) - t)**2", **NEURON)


@pytest.fixture
def buggy():
    return mg.widgets.Stethoscope("c = a*b; c*a + c", a=2.0, b=3.0, toggles=True)


@pytest.fixture(autouse=True)
def no_errors(monkeypatch):
    monkeypatch.setattr(panel_module, "MOTION_PAUSE", 1e9)  # so that pictures can be compared
    yield
    assert mg.widgets.errors() == []


def slopes(view):
    """The slopes in the boxes of the leaves."""
    replay = view.state.view
    return [round(replay.arrived().get(leaf, float("nan")), 4) for leaf in replay.leaves]


def test_it_opens_with_all_slopes(view):
    assert view.caption.startswith("At w = 0.50 the loss is 0.1136; its gradient by autograd is")
    assert slopes(view) == [0.9593, 0.2398, 0.4797, -0.6741]
    assert round(view.state.view.nodes[-1].value, 4) == 0.1136
    assert view.expression_box.value == "(tanh(w*x + b) - t)**2"
    assert view.example_select.value == "a neuron"
    assert view.slider.value == 0.5
    assert view.next_button.description == "Start over"
    assert view.png().startswith(b"\x89PNG")
    assert mg.widgets.Stethoscope().state.values == view.state.values


def test_steps_forward_and_back_restore_every_picture(view):
    pictures, captions = [], []
    view.next_button.click()
    for _ in range(9):
        pictures.append(view.picture.value)
        captions.append(view.caption)
        view.next_button.click()
    assert view.next_button.description == "Start over"
    assert len(set(pictures)) == len(set(captions)) == 9
    for picture, caption in zip(reversed(pictures), reversed(captions), strict=True):
        view.back_button.click()
        assert (view.picture.value, view.caption) == (picture, caption)
    assert view.back_button.disabled
    assert [text.split(",")[0] for text in captions[1:]] == [f"Edge {i} of 8" for i in range(1, 9)]


def test_to_the_end_is_the_librarys_backward_pass(view):
    view.next_button.click()
    view.end_button.click()
    replay, graph = view.state.view, view.state.graph
    assert replay.arrived() == {index: value.grad for index, value in enumerate(graph)} | {8: 1.0}
    assert view.end_button.disabled
    assert view.next_button.description == "Start over"


def test_the_slider_moves_the_leaf_and_keeps_the_step(view):
    for _ in range(5):
        view.next_button.click()
    view.slider.slider.value = 0.75
    assert view.state.values == (0.75, 2.0, -0.4, 0.2)
    assert view.state.position == 4
    assert view.caption.startswith("Edge 4 of 8, tanh to +: local gradient 0.3592 ×")
    view.leaf_select.value = 2
    assert view.slider.box.description == "b ="
    assert view.slider.value == -0.4
    view.slider.box.value = 1.25
    assert view.state.values == (0.75, 2.0, 1.25, 0.2)
    assert "the loss against b" in view.picture.value


def test_the_curve_stays_until_the_slider_is_released(view, monkeypatch):
    monkeypatch.setattr(panel_module, "in_control_message", lambda: True)
    pauses = []
    monkeypatch.setattr(view._stills, "submit", pauses.append)

    def curve():
        return re.findall(r'class="mg-line" d="([^"]*)"', view.picture.value)

    before = curve()
    view.slider.slider.value = 0.9
    wait_until(lambda: view.state.leaf_value == 0.9 and not view._moves._is_running)
    assert curve() == before
    monkeypatch.setattr(panel_module, "STILL_PAUSE", 0)
    pauses[-1]()
    assert view.state.centre == 0.9
    assert curve() != before


def test_only_toggles_show_what_goes_wrong(view, buggy):
    def descriptions(panel):
        card = panel.box.children[0]
        return [one.description for box in card.children for one in getattr(box, "children", ())
                if hasattr(one, "description")]  # fmt: skip

    assert "Order" in descriptions(buggy)
    assert "☐ Forget to accumulate" in descriptions(buggy)
    assert not {"Order", "☐ Forget to accumulate"} & set(descriptions(view))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("c = a*b; c*a + c", [[15, 6], [9, 2], [15, 6], [21, 10]]),
        ("c = a*b; c + c*a", [[15, 6], [15, 6], [9, 2], [18, 8]]),
    ],
)
def test_each_order_shows_its_own_slopes(buggy, source, expected):
    buggy.expression_box.value = source
    found = []
    for order in ("right", "depth first", "breadth first", "recursion"):
        buggy.order_select.value = order
        found.append(slopes(buggy))
    assert found == expected


def test_on_the_neuron_no_bug_changes_anything_and_the_sentence_says_why():
    view = mg.widgets.Stethoscope(toggles=True, **NEURON)
    expected = slopes(view)
    for order in ("depth first", "breadth first", "recursion"):
        view.order_select.value = order
        assert slopes(view) == expected
        assert view.caption == "No number is used twice here, so this bug changes nothing."
    view.order_select.value = "right"
    view.forget_toggle.value = True
    assert slopes(view) == expected
    assert view.caption == "No number is used twice here, so this bug changes nothing."


def test_forgetting_to_accumulate_leaves_the_measured_slope():
    view = mg.widgets.Stethoscope("a*a", a=3.0, toggles=True)
    assert "gradient by autograd is 6 and by measuring 6" in view.caption
    view.forget_toggle.value = True
    assert slopes(view) == [3.0]
    assert view.caption.startswith("With “forget to accumulate”, a has gradient 3, measured 6")
    assert view.forget_toggle.description == "☑ Forget to accumulate"
    view.forget_toggle.value = False
    assert slopes(view) == [6.0]


def test_the_legend_says_what_the_chosen_order_and_the_bug_do(buggy):
    def legend():
        return re.sub("<[^>]*>", "", buggy.bug_legend.value)

    for order, meaning in ORDER_MEANINGS.items():
        buggy.order_select.value = order
        assert legend() == f"{order}: {meaning}"
    buggy.forget_toggle.value = True
    assert legend().endswith(f"forget to accumulate: {OVERWRITE_MEANING}")
    boxes = re.sub("<[^>]*>", "", buggy.picture.value)
    assert "In each box: its number and, after its gradient. Back undoes the last edge." in boxes


def test_another_order_begins_again_unless_the_pass_has_ended(buggy):
    buggy.order_select.value = "recursion"
    assert buggy.state.position is None
    buggy.next_button.click()
    buggy.next_button.click()
    buggy.order_select.value = "depth first"
    assert buggy.state.position == 0


def test_a_typed_expression_keeps_the_values_of_its_names(view):
    view.expression_box.value = "y = w*w + relu(k)"
    assert dict(zip(view.state.expression.leaves, view.state.values, strict=True)) == {
        "w": 0.5, "k": 3.0,
    }  # fmt: skip
    assert view.leaf_select.options == (("w", 0), ("k", 1))
    assert view.example_select.value == ""
    assert view.caption.startswith("At w = 0.50 y is 3.25;")
    view.use_button.click()
    assert view.state.expression.source == "y = w*w + relu(k)"


@pytest.mark.parametrize("title", stethoscope_module.EXAMPLES)
def test_each_example_can_be_chosen(view, title):
    source, values = stethoscope_module.EXAMPLES[title]
    view.example_select.value = "relu(x) at 0"
    view.example_select.value = title
    assert view.expression_box.value == source
    assert dict(zip(view.state.expression.leaves, view.state.values, strict=True)) == values
    assert view.message == ""


def test_your_own_is_no_example(view):
    view.example_select.value = ""
    assert view.example_select.value == "a neuron"
    view.expression_box.value = "w*w*w"
    view.example_select.value = ""
    assert view.state.expression.source == "w*w*w"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("__import__('os')", "got __import__('os'); leave out everything else"),
        ("x" + "*x" * 15, "must be at most 15; got 16"),
        ("a+b+c+d+e", "The number of names must be at most 4; got 5"),
        ("log(-1)", "log(-1) cannot be computed: log needs a number above 0"),
        ("1/0", "1 / 0 cannot be computed: 0 cannot be divided by"),
        ("", "must be an operation on at least one name; got nothing"),
        ("log(w - 1)", "log(w - 1) cannot be computed at w = 0.5: log needs a number above 0"),
        ("w*1e300*1e300", "is not a finite number"),
    ],
)
def test_what_is_refused_leaves_the_last_picture(view, source, sentence):
    before = view.picture.value
    view.expression_box.value = source
    assert sentence in view.caption
    assert view.picture.value == before
    assert view.expression_box.value == source  # to be mended
    view.expression_box.value = "w*x"
    assert view.message == ""
    assert view.picture.value != before


def test_a_leaf_cannot_be_moved_to_where_there_is_no_value():
    view = mg.widgets.Stethoscope("log(x)", x=0.1)
    before = view.picture.value
    view.slider.slider.value = -0.5
    assert "log(x) cannot be computed at x = -0.5" in view.caption
    assert view.picture.value == before
    assert view.state.values == (0.1,)
    assert view.slider.value == -0.5  # under the hand
    view.slider.slider.value = 0.15
    assert view.state.values == (0.15,)
    assert view.message == ""


def test_a_corner_is_explained_also_close_to_it():
    view = mg.widgets.Stethoscope("relu(x)", x=0.0)
    assert "says 0.5, autograd picks the left side and says 0." in view.caption
    assert "mg-corner" in view.picture.value
    near = mg.widgets.Stethoscope("relu(x)", x=1e-6)
    assert "says 0.55, autograd picks the right side and says 1." in near.caption
    assert "mg-corner" in near.picture.value


def test_a_gradient_that_overflows_is_refused():
    with pytest.raises(mg.MicrogptError, match="a gradient here is too large for a float"):
        mg.widgets.Stethoscope("x*1e200*1e200 + 1", x=0.0)


@pytest.mark.parametrize(
    ("expression", "values", "sentence"),
    [
        ("a*a", {"b": 1.0}, "The name of a value must be one of 'a'; got 'b'"),
        ("a*a", {"a": 6.0}, "a must be a number from -5 to 5, to be shown; got 6.0"),
        ("a*a", {"a": float("nan")}, "a must be a number from -5 to 5, to be shown; got nan"),
        ("a*a", {"a": "2"}, "a must be a number from -5 to 5, to be shown; got '2'"),
        ("a*", {}, "The expression must be made of names"),
    ],
)
def test_arguments_are_checked(expression, values, sentence):
    with pytest.raises(mg.SettingError) as caught:
        mg.widgets.Stethoscope(expression, **values)
    assert sentence in str(caught.value)


def test_leaves_without_a_value_get_one():
    assert mg.widgets.Stethoscope("a*b + a").state.values == (2.0, 3.0)


def test_the_numbers_are_those_of_the_steps_so_far(view):
    view.numbers.toggle.value = True
    assert view.numbers.content.value.count("<tr>") == 9
    view.next_button.click()
    view.next_button.click()
    assert view.numbers.content.value.count("<tr>") == 2
    assert "square to −" in view.numbers.content.value


def test_running_the_cell_again_keeps_everything(monkeypatch):
    from microgpt.widgets import view_memory

    run = ["cell", "1"]
    for module in (view_memory, panel_module):
        monkeypatch.setattr(module, "current_cell", lambda: tuple(run))
    monkeypatch.setattr(view_memory, "_views_by_cell", {})
    first = mg.widgets.Stethoscope("a*a", a=3.0, toggles=True)
    first.expression_box.value = "c = a*b; c*a + c"
    first.leaf_select.value = 1
    first.slider.slider.value = -1.5
    first.order_select.value = "recursion"
    first.forget_toggle.value = True
    first.next_button.click()
    first.next_button.click()
    run[1] = "2"
    again = mg.widgets.Stethoscope("a*a", a=3.0, toggles=True)
    assert again.state == first.state
    assert again.caption == first.caption
    assert again.expression_box.value == "c = a*b; c*a + c"
    assert (again.leaf_select.label, again.slider.value) == ("b", -1.5)
    assert (again.order_select.value, again.forget_toggle.value) == ("recursion", True)
    run[1] = "3"
    assert mg.widgets.Stethoscope("a*a", a=2.0, toggles=True).state.expression.source == "a*a"


def test_a_long_recursion_is_shown_too():
    steps = "; ".join(f"{b} = {a}+{a}" for a, b in zip("abcdefghijkl", "bcdefghijklm", strict=True))
    view = mg.widgets.Stethoscope(f"{steps}; m+m", a=1.0, toggles=True)
    view.order_select.value = "recursion"
    assert len(view.state.steps) == 2**14 - 2
    assert "b passed its gradient on 4096 times" in view.caption
    view.next_button.click()
    view.next_button.click()
    assert view.caption.startswith("Edge 1 of 16382")
