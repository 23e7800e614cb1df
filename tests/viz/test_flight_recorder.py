"""The flight recorder's picture, its sentence and its still picture, from plain data."""

import re
from dataclasses import replace

import numpy as np
import pytest

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
from microgpt.viz.flight_recorder.chart import LABEL_HEIGHT, LOSS, flight_chart
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
        duration="It takes about 30 seconds.", sample=("the old <b>man", "and\nshe"),
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
        f"At step 400 the loss (mean of 20) is {loss:.2f}, below counting pairs (2.28); held-out "
        "2.10. The gradient norm is 0.9, the MLP's update is 1.9 % of its weights. Verdict: "
        "learning."
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
    assert caption.startswith("Press Start. It takes about 30 seconds.")
    assert "watch which one the loss crosses next" in caption
    html = render_flight(READY).html
    assert "Press Start." in html
    assert "ready: 1,500 steps to make" in html
    for name, loss in (("ln 59", 4.08), *LINES[1:]):
        assert f"{name} {loss:.2f}" in html
    broken = replace(READY, run_name="lr × 100", symptom="it learns little")
    assert "Run “lr × 100”: it learns little." in flight_caption(broken)
    assert "it learns little" in render_flight(broken).html
    assert draw_flight_still(READY).png().startswith(b"\x89PNG")


def test_the_snapshot_that_is_shown():
    html = render_flight(flight(shown=1)).html
    assert "at step 100" in html
    assert "snapshot 2 of 50" in html
    loss = np.linspace(4.1, 2.1, 400)[80:100].mean()
    assert f">{loss:.2f}<" in html
    assert ">3.60<" in html  # held-out, at step 100
    assert "like choosing among 36.6 letters" in html
    assert "verdict: learning" in html
    assert "Held-out is low." in html
    assert "&lt;b&gt;man" in html
    worse = FlightSnapshot(0, 5.0, 0.1, 5.0, "too early", "why")
    assert "worse than guessing blindly" in render_flight(flight(snapshots=(worse,))).html


def test_one_picture_of_lines_without_letters():
    html = render_flight(flight()).html
    assert html.count("<svg") == 1
    svg = html[html.index("<svg") : html.index("</svg>")]
    assert "<text" not in svg
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
    assert "lr × 100 <i>" in texts
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
    assert band.ticks() == pytest.approx([100, 1, 0.01]) or len(band.ticks()) <= 4


def test_the_table_has_every_snapshot_and_line():
    table = flight_table(flight())
    assert table.count("<tr>") == 5 + 1 + len(LINES) + 1
    assert re.search(r"2\.1000.*0\.0200.*2\.0000", table)


def test_a_run_that_failed_says_why():
    assert "The run ended early: the loss became nan." in flight_caption(
        flight(error="the loss became nan", status="failed")
    )
