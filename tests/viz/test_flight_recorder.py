"""The flight recorder's picture, its sentence and its still picture, from plain data."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

import microgpt as mg
from microgpt.viz.flight_recorder import (
    Curves,
    Flight,
    FlightSnapshot,
    OtherFlight,
    draw_flight_still,
    flight_caption,
    flight_table,
    render_flight,
)
from microgpt.viz.flight_recorder.chart import (
    HEADERS,
    HEIGHT,
    LABEL_HEIGHT,
    LOSS,
    RATIO,
    ROWS,
    flight_chart,
)
from microgpt.viz.flight_recorder.render import legend, status_line, time_left
from microgpt.viz.flight_recorder.scales import MAX_POINTS, log_band, means_before, thin_positions

LINES = (("knowing nothing", 4.08), ("letters", 2.98), ("pairs", 2.28), ("triples", 1.95))
GROUPS = ("token table", "attention", "MLP", "head")


def flight(steps_done=400, steps=1500, **changes):
    """A run whose loss falls from 4.1 to 2.1, with a snapshot every hundred steps."""
    losses = np.linspace(4.1, 2.1, steps_done)
    snapshots = tuple(
        FlightSnapshot(
            step, 4.1 - step / 200, 0.02, 4.0 - step / 200, "learning", "held-out is low"
        )
        for step in range(0, steps_done + 1, 100)
    )
    made = Flight(
        text_name="story", run_name="healthy", steps=steps, vocab_size=59, baselines=LINES,
        groups=GROUPS, num_snapshots=50, grad_clip=1.0, status="paused", snapshots=snapshots,
        sample=("the old <b>man", "and\nshe"),
        curves=Curves(
            losses, np.full(steps_done, 0.003), np.full(steps_done, 0.9),
            np.full((steps_done, 4), [0.03, 0.02, 0.019, 0.01]),
        ),
    )  # fmt: skip
    return replace(made, **changes)


READY = flight(0, snapshots=(), status="ready", sample=())


def test_the_sentence():
    loss = np.linspace(4.1, 2.1, 400)[380:400].mean()
    assert flight_caption(flight()) == (
        f"At step 400 the loss (mean of 20) is {loss:.2f}, below counting pairs (2.28). After that "
        "step the training loss is 2.00, the held-out loss 2.10. The gradient norm is 0.9, the "
        "MLP's update is 1.9 % of its weights. Verdict: learning."
    )


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([4.5], "above guessing blindly (4.08)"),
        ([3.5], "below guessing blindly (4.08)"),
        ([2.9], "below counting letters (2.98)"),
        ([1.9], "below counting triples (1.95)"),
    ],
)
def test_the_line_that_was_crossed_last(losses, words):
    one = FlightSnapshot(1, 3.0, 0.1, 3.0, "too early", "why")
    curves = Curves(np.array(losses), np.ones(1), np.ones(1), np.ones((1, 4)))
    caption = flight_caption(flight(curves=curves, snapshots=(one,)))
    assert words in caption
    assert "(mean of 1)" in caption


def test_before_the_start_it_says_what_to_do():
    caption = flight_caption(READY)
    assert caption.startswith(
        "Press Start. The dashed lines of the loss are guessing blindly, ln 59"
    )
    assert "watch which one the loss crosses next" in caption
    html = render_flight(READY).html
    assert "Press Start." not in html  # the sentence under it says so
    assert "ready: 1,500 steps to make" in html
    for name, loss in (("ln 59", 4.08), *LINES[1:]):
        assert f"{name} {loss:.2f}" in html
    assert draw_flight_still(READY).png().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("steps_done", "status", "is_told"),
    [
        (0, "ready", False), (50, "running", False), (99, "paused", False), (100, "running", True),
        (50, "stopped", True), (50, "finished", True), (50, "failed", True),
    ],
)  # fmt: skip
def test_a_symptom_is_told_only_once_readers_could_have_seen_it(steps_done, status, is_told):
    broken = flight(
        steps_done, run_name="lr × 100", symptom="it learns little", status=status,
        snapshots=flight(steps_done).snapshots if steps_done else (),
    )  # fmt: skip
    everything = flight_caption(broken) + render_flight(broken).html
    everything += "".join(draw_flight_still(broken).texts())
    assert ("it learns little" in everything) == is_told
    if is_told:
        assert "The symptom of “lr × 100”: it learns little." in flight_caption(broken)


def test_before_the_first_step_no_number_of_a_step_is_told():
    one = flight(shown=0)
    assert flight_caption(one) == (
        "Before the first step the held-out loss is 4.10. Verdict: learning."
    )
    assert flight_chart(one).cursor_points == ()
    assert render_flight(one).html.count('<span class="mg-ratio-text"></span>') == 4
    assert len(flight_chart(flight(shown=1)).cursor_points) == 3


def test_the_time_that_is_left_is_told_while_it_runs():
    assert status_line(flight(status="running")) == "running: step 400 of 1,500"
    running = flight(status="running", seconds_left=22.4)
    assert status_line(running) == "running: step 400 of 1,500, about 22 s left"
    assert "about 22 s left" in render_flight(running).html
    assert "left" not in status_line(replace(running, status="paused"))
    assert time_left(0.2) == "about 1 s left"
    assert time_left(89) == "about 89 s left"
    assert time_left(150) == "about 2 min left"
    assert time_left(7200) == "about 2 h left"


def test_the_snapshot_that_is_shown():
    html = render_flight(flight(shown=1)).html
    assert "at step 100" in html
    assert "snapshot 2 of 50" in html
    assert ">3.50<" in html  # training loss at step 100
    assert ">3.60<" in html  # held-out
    assert "like choosing among 36.6 letters" in html
    assert "verdict: learning" in html
    assert "Held-out is low." in html
    assert "&lt;b&gt;man" in html
    worse = FlightSnapshot(0, 5.0, 0.1, 5.0, "too early", "why")
    assert "worse than guessing blindly" in render_flight(flight(snapshots=(worse,))).html


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
@pytest.mark.parametrize("step", [0, 400])
def test_a_loss_that_is_not_finite_is_told_in_words(loss, step):
    words = "not a number any more"
    for held_out, training in ((loss, 3.5), (3.5, loss), (loss, loss)):
        is_held_out, is_training = held_out is loss, training is loss
        spoilt = flight(
            snapshots=(FlightSnapshot(step, held_out, 0.1, training, "unstable", "why"),)
        )
        caption, html = flight_caption(spoilt), render_flight(spoilt).html
        still = " ".join(draw_flight_still(spoilt).texts())
        losses = [words if is_one else "3.50" for is_one in (is_training, is_held_out)]
        if step:
            assert f"training loss is {losses[0]}, the held-out loss {losses[1]}." in caption
        else:
            assert f"the held-out loss is {losses[1]}." in caption
        for text in (html, still):
            assert (f"the held-out loss is {words}" in text) == is_held_out
        for text in (caption, html, still):
            assert not re.search(r"\b(nan|inf)\b|nanpx|million", text)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_norm_or_an_update_that_is_not_finite_is_told_in_words(value):
    norms, ratios = np.full(400, 0.9), np.full((400, 4), 0.02)
    norms[-1], ratios[-1] = value, value
    spoilt = flight(curves=Curves(np.full(400, 3.0), np.ones(400), norms, ratios))
    words = "not a number any more"
    sentence = f"The gradient norm is {words}, the MLP's update is {words}."
    assert sentence in flight_caption(spoilt)
    html = render_flight(spoilt).html
    assert not re.search(r"\bnan|\binf\b", html + flight_caption(spoilt))
    assert html.count('<span class="mg-ratio-text"></span>') == 4
    assert len(flight_chart(spoilt).cursor_points) == (2 if np.isnan(value) else 3)
    assert draw_flight_still(spoilt).png().startswith(b"\x89PNG")


def test_one_picture_of_lines_without_letters():
    html = render_flight(flight()).html
    assert html.count("<svg") == 2  # the leaders from names to lines, and the curves
    assert "<text" not in html
    svg = html[html.index("<svg", html.index("</svg>")) :]
    svg = svg[: svg.index("</svg>")]
    assert svg.count("mg-ref") == len(LINES) + 1  # the lines of the loss, and where it is clipped
    assert svg.count("mg-ratio") == len(GROUPS)
    assert "mg-other" not in svg
    unclipped = render_flight(flight(grad_clip=float("inf"))).html
    assert unclipped.count('class="mg-ref"') == len(LINES)


def test_an_earlier_run_is_drawn_behind_and_named():
    other = OtherFlight("lr × 100 <i>", np.full(300, 2.9), "They part at step 1.")
    one = flight(other=other)
    html = render_flight(one).html
    assert 'class="mg-other"' in html
    assert "lr × 100 &lt;i&gt;" in html
    assert flight_caption(one).endswith("They part at step 1.")
    texts = draw_flight_still(one).texts()
    assert "lr × 100 <i>, mean of 20" in texts
    assert {"verdict: learning", "at step 400", "2.98"} & set(texts) >= {"at step 400"}


def test_the_time_line_ends_where_the_run_is_planned_to():
    first, later = (flight_chart(flight(done)) for done in (100, 400))
    assert first.step_labels == later.step_labels
    assert first.raw[:10] == later.raw[:10] or first.raw[5][0] == later.raw[5][0]
    assert later.raw[-1][0] == pytest.approx(399 / 1500)
    assert later.cursor == pytest.approx(400 / 1500)


@pytest.mark.parametrize(
    "losses", [(4.0, 3.9, 3.8, 3.7), (2.0, 1.99, 1.98, 1.97), (4.1, 3.0, 3.0, 0.2)]
)
def test_the_names_of_the_lines_stand_apart_and_inside(losses):
    names = [name for name, _ in LINES]
    chart = flight_chart(replace(READY, baselines=tuple(zip(names, losses, strict=True))))
    ys = [label.y for label in chart.labels[:4]]
    assert (np.diff(ys) >= LABEL_HEIGHT - 1e-9).all()
    assert LOSS[0] - LABEL_HEIGHT < ys[0]
    assert ys[-1] <= LOSS[1]


def test_of_two_close_lines_the_upper_one_keeps_its_name_beside_it():
    close = (("knowing nothing", 4.0), ("letters", 3.0), ("pairs", 2.02), ("triples", 2.0))
    chart = flight_chart(replace(READY, baselines=close))
    assert [label.y for label in chart.labels[:3]] == pytest.approx(chart.baselines[:3])
    assert chart.labels[3].y == pytest.approx(chart.baselines[2] + LABEL_HEIGHT)


def test_a_loss_that_explodes_does_not_press_the_lines_together():
    wild = flight(
        curves=Curves(np.full(400, 1e6), np.ones(400), np.full(400, 1e9), np.ones((400, 4)))
    )
    chart = flight_chart(wild)
    gap = chart.baselines[1] - chart.baselines[0]
    assert gap > 20
    assert all(LOSS[0] <= y <= LOSS[1] for _, y in chart.smooth)


def test_curves_are_thinned_and_averaged_over_what_came_before():
    at = thin_positions(1_000_000, 1_000_000)
    assert len(at) <= MAX_POINTS + 1
    assert (at[0], at[-1]) == (0, 999_999)
    assert thin_positions(0, 100).size == 0
    values = np.arange(100.0)
    np.testing.assert_allclose(means_before(values, np.array([0, 4, 99])), [0.0, 2.0, 89.5])


def test_a_logarithmic_row_has_whole_powers_of_ten():
    band = log_band(0, 100, np.array([0.02, 30.0, 0.0, np.nan]), (0.1, 10.0))
    assert (band.low, band.high) == (pytest.approx(0.01), pytest.approx(100))
    assert band.y(1.0) == pytest.approx(50)
    assert (band.y(0.0), band.y(1e9)) == (100, 0)
    assert band.ticks() == pytest.approx([100, 1, 0.01])
    assert log_band(0, 100, np.array([1e-3, 1e3]), (0.1, 10.0)).ticks() == pytest.approx(
        [1e3, 1, 1e-3]
    )
    tiny = flight(
        curves=Curves(np.ones(9), np.ones(9), np.geomspace(1e-5, 10, 9), np.ones((9, 4)) / 99)
    )
    assert "0.00001" in [label.text for label in flight_chart(tiny).labels]


def test_the_table_has_every_snapshot_and_line():
    table = flight_table(flight())
    assert table.count("<tr>") == 5 + 1 + len(LINES) + 1
    assert re.search(r"2\.1000.*0\.0200.*2\.0000", table)


def test_the_table_says_in_words_that_a_loss_is_not_finite():
    one = flight()
    last = replace(one.snapshots[-1], held_out=math.nan, stderr=math.inf, training=math.nan)
    table = flight_table(replace(one, snapshots=(*one.snapshots[:-1], last)))
    assert table.count("not a number any more") == 3
    assert "nan" not in table


def test_a_run_that_failed_says_why():
    assert "The run ended early: the loss became nan." in flight_caption(
        flight(error="the loss became nan", status="failed")
    )


def test_the_two_losses_of_the_verdict_are_shown_and_drawn():
    one = flight(shown=2)
    snapshot, chart = one.snapshot, flight_chart(one)
    for text in (
        render_flight(one).html,
        "".join(f">{t}<" for t in draw_flight_still(one).texts()),
    ):
        assert f">{snapshot.training:.2f}<" in text
        assert f">{snapshot.held_out:.2f}<" in text
    assert len(chart.training) == len(chart.held_out) == len(one.snapshots)
    assert all(
        below[1] > above[1] for below, above in zip(chart.training, chart.held_out, strict=True)
    )
    assert render_flight(one).html.count('class="mg-dot" style') == len(one.snapshots)


def test_the_legend_says_how_many_steps_a_point_stands_for():
    assert ("raw-line", "one step in 7") in legend(flight())
    assert ("raw-line", "each step") in legend(flight(steps_done=100, steps=200))


def test_what_is_cut_at_the_edge_of_a_row_has_a_mark():
    assert flight_chart(flight()).cuts == ()
    assert "mg-cut" not in render_flight(flight()).html
    losses = np.linspace(4.1, 2.1, 400)
    losses[140] = 50.0  # of a step that is drawn, since 7 divides it
    one = flight(curves=Curves(losses, np.ones(400), np.ones(400), np.full((400, 4), 0.01)))
    [(x, y, is_above)] = flight_chart(one).cuts
    assert (x, y, is_above) == (pytest.approx(140 / 1500), LOSS[0], True)
    html = render_flight(one).html
    assert html.count('class="mg-cut-up" style') == 1
    tiny = flight(curves=Curves(losses[:1], np.ones(1), np.ones(1), np.full((1, 4), 1e-9)))
    assert flight_chart(tiny).cuts == ((0.0, RATIO[1], False),)
    for cut, mark, told, other in (
        (one, "cut-up", "above the row", "below the row"),
        (tiny, "cut-down", "below the row", "above the row"),
    ):
        assert legend(cut, flight_chart(cut).cuts)[-1] == (mark, told)
        html, texts = render_flight(cut).html, draw_flight_still(cut).texts()
        assert f'<i class="mg-{mark}"></i>{told}' in html
        assert other not in html
        assert told in texts
        assert other not in texts


def test_the_names_of_the_groups_do_not_touch():
    from microgpt.viz.drawing import Line, Text
    from microgpt.viz.flight_recorder.still import LABEL_SIZE, RIGHT, TOP
    from microgpt.viz.formatting import width_in_em

    baseline = TOP + HEADERS[-1] + 13
    shapes = draw_flight_still(flight()).shapes
    names = [one for one in shapes if isinstance(one, Text) and one.y == baseline][1:]
    assert [one.text for one in names] == ["tokens", "attention", "MLP", "head"]
    ends = [one.x + LABEL_SIZE * width_in_em(one.text) for one in names]
    starts = [
        one.points[0][0]
        for one in shapes
        if isinstance(one, Line) and {y for _, y in one.points} == {baseline - 4.0}
    ]
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False))
    assert len(starts) == 4
    assert ends[-1] <= RIGHT


def test_the_losses_of_a_run_behind_are_not_pressed_to_the_edge():
    chart = flight_chart(flight(other=OtherFlight("targets not shifted", np.full(300, 0.05))))
    assert LOSS[0] < chart.other[-1][1] < LOSS[1]
    assert chart.cuts == ()


def test_a_norm_that_jumps_once_stays_in_its_row():
    norms = np.ones(400)
    norms[140] = 3000.0
    one = flight(curves=Curves(np.full(400, 3.0), np.ones(400), norms, np.full((400, 4), 0.01)))
    top = min(y for _, y in flight_chart(one).norm)
    assert ROWS[2][0] < top


@pytest.mark.parametrize("done", [0, 400])
def test_nothing_beside_the_chart_stands_on_anything_else(done):
    chart = flight_chart(flight(done) if done else READY)
    ys = sorted(label.y for label in chart.labels if label.text)
    assert np.diff(ys).min() >= 12
    for header in HEADERS[1:]:
        assert min(abs(header + 8 - y) for y in ys) >= 12
    assert HEIGHT <= 360  # the whole view fits a notebook's page on a small screen


def test_each_name_of_a_dashed_line_leads_to_it():
    close = (("knowing nothing", 4.0), ("letters", 3.0), ("pairs", 2.02), ("triples", 2.0))
    chart = flight_chart(replace(READY, baselines=close))
    assert [y for _, y in chart.leaders] == list(chart.baselines)
    assert [y for y, _ in chart.leaders] == [label.y for label in chart.labels[:4]]
    html = render_flight(replace(READY, baselines=close)).html
    assert html[: html.index("</svg>")].count("<line") == 4


def test_the_ratios_of_all_groups_are_printed_at_the_snapshot():
    text = re.sub("<[^>]*>", "", render_flight(flight()).html)
    assert "tokens 3 %attention 2 %MLP 1.9 %head 1 %" in text


def test_the_numbers_say_what_they_are_means_over_and_how_the_verdict_is_made():
    table = flight_table(flight(rows=("9 lines", "8 <b>"), rules=("learning: in all other cases",)))
    assert "means over 8 &lt;b&gt;" in table
    assert "training losses over 9 lines" in table
    assert "<li>learning: in all other cases.</li>" in table


def test_a_step_without_a_snapshot_is_named():
    assert flight_caption(flight(note="There is no snapshot at step 5.")).startswith(
        "There is no snapshot at step 5. At step 400 "
    )


def test_the_groups_of_weights_have_the_same_lines_in_both_pictures():
    from pathlib import Path

    from microgpt.viz.flight_recorder.still import RATIO_STROKES

    css = (Path(mg.__file__).parent / "viz" / "looks" / "flight.css").read_text()
    for i, (colour, _, pattern) in enumerate(RATIO_STROKES):
        rule = re.search(rf"\.mg-flight \.mg-d{i}{{([^}}]*)}}", css)[1]
        assert f"stroke:var(--mg-{colour})" in rule
        dashes = re.search(r"stroke-dasharray:(\d+)", rule)
        drawn = "solid" if not dashes else "dotted" if int(dashes[1]) <= 2 else "dashed"
        assert drawn == pattern


def test_the_still_keeps_its_letters_inside():
    from microgpt.viz.drawing import MARGIN, Text
    from microgpt.viz.flight_recorder.still import LETTER_WIDTH, SAMPLE_EM, WIDTH
    from microgpt.viz.formatting import width_in_em

    losses = np.linspace(9.0, 2.1, 400)
    wide = flight(
        other=OtherFlight("lr × 10, without warm-up", losses), sample=("\n" * 28, "W" * 28),
        curves=Curves(losses, np.ones(400), np.ones(400), np.full((400, 4), 0.01)),
    )  # fmt: skip
    drawing = draw_flight_still(wide)
    legend_texts = [one for one in drawing.shapes if isinstance(one, Text) and 70 < one.y < 104]
    assert [one.text for one in legend_texts] == [
        name for _, name in legend(wide, flight_chart(wide).cuts)
    ]
    for one in legend_texts:
        assert one.x + LETTER_WIDTH * len(one.text) <= WIDTH - MARGIN
    lines = [text for text in drawing.texts() if text.startswith(("⏎", "WW"))]
    assert len(lines) == 2
    assert all(width_in_em(line) <= SAMPLE_EM for line in lines)


def test_a_reason_that_asks_ends_with_its_question_mark():
    asked = FlightSnapshot(1, 3.0, 0.1, 3.0, "suspiciously good", "is the answer in the input?")
    one = flight(snapshots=(asked,))
    assert "Is the answer in the input?<" in render_flight(one).html
    assert "input?." not in " ".join(draw_flight_still(one).texts())
