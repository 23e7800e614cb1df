"""The chain-rule stethoscope as pictures: boxes, edges, curve, and what is said of them."""

import re
from itertools import pairwise

import pytest

from microgpt.viz.drawing import Line, Rect
from microgpt.viz.order_names import ORDER_NAMES
from microgpt.viz.stethoscope import (
    BackwardReplay,
    EdgeStep,
    GraphNode,
    LossCurve,
    draw_replay,
    render_replay,
    replay_caption,
    replay_table,
)
from microgpt.viz.stethoscope.boxes import edge_marks, node_boxes
from microgpt.viz.stethoscope.curve import curve_chart
from microgpt.viz.stethoscope.geometry import tall_geometry, wide_geometry
from microgpt.viz.stethoscope.layout import graph_layout
from microgpt.viz.stethoscope.numbers import format_number, format_short
from microgpt.widgets.stethoscope_state import start_state

NEURON = [(), (), (0, 1), (), (2, 3), (4,), (), (5, 6), (7,)]  # the inputs of each node
SHARED = [(), (), (0, 1), (2, 0), (3, 2)]  # c = a*b; c*a + c


def replay_of(source, position=None, order="right", accumulates=True, leaf=0, **values):
    """The replay of an expression at a position, `None` for the end."""
    state = start_state(source, values).with_leaf(leaf).with_order(order)
    state = state.with_forgetting(not accumulates).next_step()
    for _ in range(len(state.steps) + 1 if position is None else position):
        state = state.next_step()
    return state.view


def neuron(position=None, **changes):
    return replay_of(
        "(tanh(w*x + b) - t)**2", position, w=0.5, x=2.0, b=-0.4, t=0.2, **changes
    )  # fmt: skip


def html_of(replay):
    return render_replay(replay).html


def texts_of(html):
    return [text for text in re.split(r"<[^>]*>", html) if text.strip()]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.95934, "0.9593"), (-0.67406, "−0.6741"), (0.0, "0"), (-0.0, "0"), (15.0, "15"),
        (-0.4, "−0.4"), (0.25, "0.25"), (2 / 3, "0.6667"), (6.00000000001, "6"),
        (9999.5, "9999.5"), (12345.0, "1.2e4"), (9.99e7, "1e8"), (1e-6, "1e-6".replace("-", "−")),
        (-0.00052, "−5.2e−4"), (0.12345678, "0.1235"),
    ],
)  # fmt: skip
def test_numbers_have_four_decimals_or_as_few_as_are_exact(number, text):
    assert format_number(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.3211, "0.32"), (-12.4, "−12"), (9.0, "9"), (0.0, "0"), (0.00957, "0.0096"),
     (123.4, "123"), (4567.0, "4567"), (1e-7, "1e−7")],
)  # fmt: skip
def test_sums_in_a_box_have_two_digits(number, text):
    assert format_short(number) == text


# -- where the nodes stand


def test_leaves_stand_on_the_left_in_order_and_each_node_after_its_inputs():
    layout = graph_layout(NEURON)
    assert [layout.positions[leaf] for leaf in (0, 1, 3, 6)] == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert [layout.positions[node][0] for node in (2, 4, 5, 7, 8)] == [1, 2, 3, 4, 5]
    assert (layout.num_levels, layout.num_rows) == (6, 4)


@pytest.mark.parametrize("inputs", [NEURON, SHARED, [(), (0, 0), (1, 1), (2, 0), (3, 1, 0)]])
def test_no_edge_runs_under_a_box_and_no_boxes_overlap(inputs):
    layout = graph_layout(inputs)
    for level in range(layout.num_levels):
        boxes = sorted(row for at, row in layout.positions if at == level)
        assert all(b - a > 0.99 for a, b in pairwise(boxes))
        passing = [row for points in layout.passages.values() for at, row in points if at == level]
        assert all(abs(row - box) > 0.7 for row in passing for box in boxes)
    for node, sources in enumerate(inputs):
        for source in sources:
            levels = [level for level, _ in layout.route(source, node)]
            assert levels == list(range(levels[0], levels[-1] + 1))
    assert min(row for _, row in layout.positions) >= 0
    assert max(row for _, row in layout.positions) <= layout.num_rows - 1


def test_edges_end_in_the_order_in_which_they_arrive():
    layout = graph_layout(SHARED)
    assert layout.ports[3] == (1.0, -1.0)  # c comes from below, a from above
    assert layout.ports[0] == ()
    assert graph_layout([(), (0,)]).ports[1] == (0.0,)


@pytest.mark.parametrize("make", [wide_geometry, tall_geometry])
def test_edges_begin_and_end_at_the_sides_of_boxes(make):
    replay = replay_of("c = a*b; c*a + c", a=2.0, b=3.0)
    geometry = make(graph_layout(SHARED))
    for edge in edge_marks(replay):
        path = geometry.path(edge)
        (x, y), (end_x, end_y) = path[0][0], path[-1][-1]
        assert (x, y) == geometry.arrow(edge.source)
        node_x, node_y = geometry.centres[edge.node]
        if geometry.is_tall:
            assert end_y == pytest.approx(node_y + 31)
            assert abs(end_x - node_x) < geometry.box_width / 2
            assert y > end_y
        else:
            assert end_x == pytest.approx(node_x - geometry.box_width / 2)
            assert abs(end_y - node_y) < 31
            assert x < end_x
    assert all(0 < x < 1 and 0 < y < geometry.height for x, y in geometry.centres)


def test_two_edges_between_the_same_boxes_are_two_lines():
    replay = replay_of("a*a", a=3.0)
    geometry = wide_geometry(graph_layout([(), (0, 0)]))
    first, second = (geometry.path(edge) for edge in edge_marks(replay))
    assert first[0] == second[0]
    assert all(one != other for one, other in zip(first[1], second[1], strict=True))


# -- what the boxes show


def test_the_opening_picture_shows_the_loss_and_all_slopes():
    replay = neuron()
    html = html_of(replay)
    texts = texts_of(html)
    for number in ("0.1136", "0.9593", "0.2398", "0.4797", "−0.6741"):
        assert number in texts
        assert number in " ".join(draw_replay(replay).texts())
    assert html.count('class="mg-node') == 9
    across, upward = re.findall(r'<div class="mg-lines[^>]*>.*?</svg>', html)
    assert across.count("<path") == upward.count("<path") == 8
    assert across.count("mg-done") == 8
    assert "mg-now" not in html
    assert "waits" not in html


def test_slopes_arrive_edge_by_edge():
    boxes = [box.slope for box in node_boxes(neuron(0))]
    assert boxes == [""] * 8 + ["1"]
    boxes = [box.slope for box in node_boxes(neuron(4))]
    assert boxes == ["", "", "", "", "0.4797", "0.6741", "−0.6741", "0.6741", "1"]
    html = html_of(neuron(4))
    assert html.count(">waits<") == 4
    shown = [text for text in texts_of(html) if text in ("edge 4 of 8", "tanh to +")]
    assert shown == ["edge 4 of 8", "tanh to +"]


def test_the_active_edge_is_told_apart_without_colour():
    html = html_of(neuron(4))
    assert html.count('class="mg-now"') == 2  # once in each shape
    assert html.count('class="mg-tip"') == 2  # the arrowhead
    assert html.count("mg-node mg-now") == 1
    states = [mark.state for mark in edge_marks(neuron(4))]
    assert states == ["todo"] * 4 + ["done"] * 3 + ["now"]  # the last is drawn on top
    widths = {shape.stroke_width for shape in draw_replay(neuron(4)).shapes
              if isinstance(shape, Line) and shape.stroke == "mark" and not shape.dashed
              and shape.fill == "none"}  # fmt: skip
    assert widths == {4}


def test_contributions_that_meet_are_added_in_the_box():
    boxes = node_boxes(replay_of("c = a*b; c*a + c", 5, a=2.0, b=3.0))
    assert boxes[0].slope == "6 + 9"
    assert boxes[0].is_active
    minus = node_boxes(replay_of("a - a*b", 4, a=2.0, b=3.0))
    assert [box.slope for box in minus if " " in box.slope] == []
    signed = replay_of("b*a - a", None, a=2.0, b=3.0)
    arrivals = [node_boxes(replay_of("b*a - a", i, a=2.0, b=3.0))[1].slope for i in range(1, 5)]
    assert signed.grads[1] == 2.0
    assert "−1 + 3" in arrivals


def test_a_replaced_slope_is_struck_out():
    forgetful = replay_of("a*a", 2, accumulates=False, a=3.0)
    box = node_boxes(forgetful)[0]
    assert (box.replaced, box.slope) == ("3", "3")
    assert "<s>3</s> 3" in html_of(forgetful)


def test_wrong_slopes_are_marked_at_the_end():
    wrong = replay_of("c = a*b; c*a + c", order="depth first", a=2.0, b=3.0)
    assert [box.is_wrong for box in node_boxes(wrong)] == [True, True, False, False, False]
    assert html_of(wrong).count(" ✗") == 2
    assert sum("✗" in text for text in draw_replay(wrong).texts()) == 2
    assert not any(box.is_wrong for box in node_boxes(neuron()))
    on_the_way = replay_of("c = a*b; c*a + c", 3, order="depth first", a=2.0, b=3.0)
    assert not any(box.is_wrong for box in node_boxes(on_the_way))


def test_nothing_typed_is_html():
    hostile = GraphNode("<b>x</b>", "<b>x</b>", 1.0)
    result = GraphNode("+", "+", 2.0, (0,), (1.0,))
    curve = LossCurve((0.0, 1.0, 2.0), (1.0, 2.0, 3.0))
    step = EdgeStep(1, 0, 0, 1.0, 1.0, 1.0, None, 1.0)
    replay = BackwardReplay(
        "<i>y</i>", (hostile, result), (0,), 0, (step,), 1, "right", True, (1.0, 1.0), (1.0,), curve
    )  # fmt: skip
    html = html_of(replay)
    assert "<b>x" not in html
    assert "<i>y" not in html
    assert "&lt;b&gt;x" in html


def test_only_what_has_arrived_since_fades_in():
    before, now = neuron(3), neuron(4)
    moving, still = render_replay(now, before).html, html_of(now)
    assert moving.count("mg-gi") == 1
    assert moving.replace(" mg-gi", "") == still


# -- the curve


def test_the_dot_and_the_line_stand_on_the_curve():
    chart = curve_chart(neuron())
    (line,) = chart.lines
    assert len(line) == 81
    assert chart.dot == pytest.approx(line[40])
    (x0, y0), (x1, y1) = chart.tangent
    assert (x0 + x1) / 2 > chart.dot[0] - 0.1
    # Pixels per unit: the plot is 4 wide; near the dot, curve and line have the same slope.
    slope_of_line = (y1 - y0) / (x1 - x0)
    slope_of_curve = (line[41][1] - line[39][1]) / (line[41][0] - line[39][0])
    assert slope_of_line == pytest.approx(slope_of_curve, rel=0.02)


def test_with_a_bug_the_line_cuts_the_curve():
    chart = curve_chart(replay_of("a*a", accumulates=False, a=3.0))
    right = curve_chart(replay_of("a*a", a=3.0))
    assert chart.lines == right.lines

    def slope(points):
        (x0, y0), (x1, y1) = points
        return (y1 - y0) / (x1 - x0)

    assert slope(chart.tangent) == pytest.approx(slope(right.tangent) / 2)


def test_a_pole_does_not_flatten_the_curve():
    chart = curve_chart(replay_of("1/x", x=1.0))
    for line in chart.lines:
        assert all(-1e-9 <= y <= 1 + 1e-9 for _, y in line)
    assert len(chart.lines) == 2  # what lies beyond the plot is cut off
    assert 0.38 < chart.dot[1] < 0.6


def test_corners_are_marked():
    assert curve_chart(replay_of("relu(x)", x=0.0)).corners == (
        pytest.approx((0.5, curve_chart(replay_of("relu(x)", x=0.0)).dot[1])),
    )
    html = html_of(replay_of("relu(x)", x=0.0))
    assert html.count('class="mg-corner"') == 1
    assert "a corner" in html
    assert "a corner" not in html_of(neuron())


# -- sentences


def test_at_rest_the_slope_is_said_in_words():
    assert replay_caption(neuron()) == (
        "At w = 0.50 the loss is 0.1136; its gradient by autograd is 0.9593 and by measuring "
        "0.9593. Raising w by 0.01 raises the loss by about 0.0096."
    )
    assert "Raising t by 0.01 lowers the loss by about 0.0067." in replay_caption(neuron(leaf=3))
    flat = replay_caption(replay_of("(x - 1)**2", x=1.0))
    assert flat.endswith("Raising x by 0.01 leaves the loss almost where it is.")
    assert replay_caption(replay_of("y = x*x", x=2.0)).startswith("At x = 2.00 y is 4; its")
    one_sided = replay_caption(replay_of("log(x)", x=5e-6))
    assert one_sided.endswith("on one side it cannot be computed.")


def test_a_step_is_said_in_words():
    assert replay_caption(neuron(4)) == (
        "Edge 4 of 8, tanh to +: local gradient 0.7116 × gradient that arrives 0.6741 = 0.4797."
    )
    assert replay_caption(replay_of("c = a*b; c*a + c", 5, a=2.0, b=3.0)).endswith(
        "= 9. a had 6 already: 6 + 9 = 15."
    )
    assert replay_caption(replay_of("a*a", 2, accumulates=False, a=3.0)).endswith(
        "= 3. It replaces the 3 that had arrived at a."
    )
    assert "itself is 1" in replay_caption(neuron(0))


@pytest.mark.parametrize(
    ("source", "order", "sentence"),
    [
        ("c = a*b; c*a + c", "depth first", "With depth first, a has gradient 9, measured 15: "
         "c passed its gradient on before c·a had reported."),
        ("c = a*b; c + c*a", "breadth first", "With breadth first, a has gradient 9, measured 15: "
         "c passed its gradient on before c·a had reported."),
        ("c = a*b; c*a + c", "recursion", "With recursion, a has gradient 21, measured 15: c "
         "passed its gradient on twice, each time all that had arrived so far."),
        ("c = a*b; c*a + c", "breadth first", "a and c are used twice, but in this order each had "
         "its gradient complete before it passed it on: nothing changes here."),
        ("a*a*b", "depth first", "a is used twice, but a leaf passes nothing on, so this order "
         "changes nothing here."),
        ("c = a*b; c*0 + c*0", "recursion", "c is used twice, but what this bug loses or repeats "
         "is 0 here, so nothing changes."),
        *((("(tanh(a*b) - 1)**2"), order, "No number is used twice here, so this bug changes "
           "nothing.") for order in ORDER_NAMES[1:]),
    ],
)  # fmt: skip
def test_what_an_order_does_is_explained(source, order, sentence):
    assert replay_caption(replay_of(source, order=order, a=2.0, b=3.0)) == sentence


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("a*a", "With “forget to accumulate”, a has gradient 3, measured 6: the second arrival "
         "replaced the first."),
        ("a*a*a", "With “forget to accumulate”, a has gradient 9, measured 27: the last arrival "
         "replaced those before it."),
        ("c = a*b; c + c", "With “forget to accumulate”, a has gradient 2, measured 4: at c, the "
         "second arrival replaced the first."),
        ("(a*b - 1)**2", "No number is used twice here, so this bug changes nothing."),
    ],
)  # fmt: skip
def test_what_forgetting_does_is_explained(source, sentence):
    assert replay_caption(replay_of(source, accumulates=False, a=3.0, b=2.0)) == sentence


def test_another_leaf_is_named_if_the_moved_one_is_right():
    replay = replay_of("a*b + b", accumulates=False, a=3.0, b=2.0)
    assert replay_caption(replay).startswith("With “forget to accumulate”, b has gradient ")


def test_a_corner_is_explained():
    assert replay_caption(replay_of("relu(x)", x=0.0)) == (
        "relu has a corner at 0: measuring straddles it and says 0.5, autograd picks the left side "
        "and says 0. Neither is wrong."
    )
    near = replay_caption(replay_of("relu(x)", x=1e-6))
    assert "says 0.55, autograd picks the right side and says 1. Neither" in near
    several = replay_caption(replay_of("relu(x) - relu(-x)", x=0.0))
    assert "measuring straddles it and says 1, autograd picks the left side and says 0." in several
    assert "Neither" not in several
    assert "corner" not in replay_caption(replay_of("relu(x) * x", x=0.0))


def test_the_table_has_a_row_for_each_step_so_far():
    header = re.findall(r"<th [^>]*>([^<]*)", replay_table(neuron(4)))
    assert header == [
        "edge", "node", "value", "local gradient", "arrives", "contribution", "total",
    ]  # fmt: skip
    rows = re.findall(r"<tr>(.*?)</tr>", replay_table(neuron(4)))[1:]
    assert len(rows) == 4
    assert 'tanh to +</td><td class="mg-text">+</td><td>0.6</td><td>0.711578</td>' in rows[-1]
    assert len(re.findall("<tr>", replay_table(neuron()))) == 9
    assert "no edge has been passed yet" in replay_table(neuron(0))


def test_the_still_picture_has_a_box_for_each_node_and_both_slopes():
    drawing = draw_replay(neuron(), "(tanh(w*x + b) - t)**2")
    boxes = [shape for shape in drawing.shapes if isinstance(shape, Rect) and shape.fill == "page"]
    assert len(boxes) == 9
    texts = drawing.texts()
    assert texts[:2] == ["How does each number move the loss?", "(tanh(w*x + b) - t)**2"]
    assert texts.count("0.9593") == 2
    assert drawing.png().startswith(b"\x89PNG")
    for shape in drawing.shapes:
        if isinstance(shape, Line):
            assert all(0 <= x <= 720 and 0 <= y <= drawing.height for x, y in shape.points)
    deep = "tanh(" * 9 + "x" + ")" * 9
    assert draw_replay(replay_of(deep, x=1.0)).height > 900
