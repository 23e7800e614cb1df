"""A circuit while it forms: charts, sentences, the text, the still picture."""

from dataclasses import replace

import numpy as np
import pytest

from microgpt.viz.circuit import (
    CircuitPicture,
    circuit_caption,
    circuit_table,
    draw_circuit,
    render_circuit,
)
from microgpt.viz.circuit.caption import question
from microgpt.viz.circuit.charts import charts, step_positions, step_ticks

LOSSES = np.array([2.8, 2.6, 2.5, 2.4, 1.9, 1.4, 1.0, 0.8, 0.7])
RISE = np.linspace(0, 1, 9)
SHOWN = CircuitPicture(
    steps=tuple(range(0, 225, 25)),
    losses=LOSSES,
    blind_loss=2.77,
    previous=np.stack([0.1 + 0.4 * RISE, 0.1 + 0.1 * RISE], axis=1),
    following=np.stack([0.1 + 0.2 * RISE, 0.1 + 0.5 * RISE], axis=1),
    following_without=np.full((9, 2), 0.07),
    rises=np.stack([[RISE, 0.2 * RISE], [-0.004 * RISE, 0.8 * RISE]], axis=0).transpose(2, 0, 1),
    letters="ab<db",
    next_letter="<",
    weights=np.stack([np.full((9, 5), 0.2), np.tile([0, 0.1, 0.6, 0.2, 0.1], (9, 1))], axis=1),
    probs=RISE,
    num_texts=64,
    snapshot=5,
)  # fmt: skip


def at(snapshot):
    return replace(SHOWN, snapshot=snapshot)


def test_the_fall_is_where_the_loss_falls_most():
    assert SHOWN.fall == (3, 7)
    assert replace(SHOWN, steps=(0, 7), losses=LOSSES[:2]).fall == (0, 1)


def test_the_caption_tells_what_two_heads_do_at_the_snapshot_and_the_fall():
    assert circuit_caption(SHOWN) == (
        "After 125 steps, head 1 of layer 1 has 35 % of its weight on the letter before, where a "
        "text is new, and head 2 of layer 2 has 41 % on letters after earlier copies of the "
        "present one. These are means over 64 texts; in the text above, 60 % is on “<”. The loss "
        "falls most between steps 75 and 175, from 2.40 to 0.80. After training, head 2 of layer 2 "
        "has 60 % there; without the heads of layer 1, 7 %."
    )
    assert circuit_caption(at(0)).startswith("Before training, head 1 of layer 1 has 10 % of")


def test_a_loss_that_stays_tells_no_story():
    flat = replace(SHOWN, losses=np.full(9, 2.8))
    assert circuit_caption(flat) == "In 200 steps the loss has not fallen by 0.1 nats."


def test_the_question_names_the_step():
    assert question(SHOWN) == "After 125 steps: how does it copy?"
    assert question(at(0)) == "Can it copy before training?"
    assert "After 1 step:" in question(replace(at(1), steps=(0, 1, *SHOWN.steps[2:])))


def test_lines_are_where_their_values_are():
    loss, weights, rises = charts(SHOWN)
    (model,) = loss.lines
    heights = {text: y for y, text in loss.ticks}
    assert heights["3"] == 0
    assert heights["0"] == 1
    assert [y for _, y in model.points] == pytest.approx(1 - LOSSES / 3)
    assert [x for x, _ in model.points] == pytest.approx(step_positions(SHOWN))
    assert loss.level == (pytest.approx(1 - 2.77 / 3), "knowing nothing 2.77")
    assert model.y == model.points[5][1]
    assert model.value == "1.40"
    assert [line.value for line in weights.lines] == ["35 %", "16 %", "22 %", "41 %"]
    assert [line.value for line in rises.lines] == ["+0.62", "+0.12", "+0.00", "+0.50"]
    assert charts(at(8))[2].lines[3].value == "+0.80"
    assert [text for _, text in step_ticks(SHOWN)][-1] == "200"


def test_the_heads_that_are_told_of_have_the_thick_lines():
    _, weights, _ = charts(SHOWN)
    classes = {line.name: line.css_class for line in weights.lines}
    assert classes == {
        "layer 1, head 1": "first", "layer 1, head 2": "first other",
        "layer 2, head 1": "second other", "layer 2, head 2": "second",
    }  # fmt: skip


def test_the_text_marks_what_came_next_and_the_letter_that_asks():
    html = render_circuit(SHOWN).html
    assert SHOWN.came_next == 2
    assert 'class="mg-tile mg-came-next">&lt;<' in html
    assert 'class="mg-tile mg-asks">b<' in html
    assert html.count("mg-tile") == 5 + 1
    assert ">60.0 %<" in html
    assert ">62.5 %<" in html
    assert "<db" not in html


def test_the_cursor_glides_from_where_it_was():
    html = render_circuit(SHOWN, at(2)).html
    assert html.count("left:62.500%;--l0:25.000%") == 3 * 1 + 9
    assert "--l0:62.500%" in render_circuit(SHOWN).html
    other = replace(at(2), steps=tuple(range(9)))
    assert "--l0:62.500%" in render_circuit(SHOWN, other).html


def test_the_table_has_a_row_for_each_snapshot():
    table = circuit_table(SHOWN)
    assert table.count("<tr>") == 1 + 9
    assert "<td>1.4000</td>" in table
    assert "−0.0040" in table


def test_the_still_picture_says_the_same():
    texts = draw_circuit(SHOWN).texts()
    assert question(SHOWN) in texts
    assert {"1.40", "41 %", "+0.62", "62.5 %", "for “<”", "knowing nothing 2.77"} <= set(texts)
    assert draw_circuit(SHOWN).png().startswith(b"\x89PNG")
