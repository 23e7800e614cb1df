"""The layout of the chart of losses: the axis, baselines and their labels, held-out circles."""

from dataclasses import replace

import numpy as np
import pytest
from training_runs import NAN, training_run

from microgpt.viz.training import BigramBaseline
from microgpt.viz.training.chart import LABEL_DISTANCE, LABEL_SPANS, label_side, loss_chart


def test_positions_are_linear_in_the_loss_and_ticks_say_it():
    chart = loss_chart(training_run(3.4, 3.0, 2.5, bigram=BigramBaseline(2.6)))
    heights = [point.y for point in chart.held_out]
    ticks = {float(label): y for y, label in chart.ticks}
    assert len(ticks) >= 4
    line = np.polyfit(list(ticks), list(ticks.values()), 1)
    assert line[0] < 0  # a lower loss stands lower
    assert heights == pytest.approx(np.polyval(line, [3.4, 3.0, 2.5]))
    assert [point.label for point in chart.held_out] == ["3.40", "3.00", "2.50"]
    assert [point.position for point in chart.held_out] == ["first", "", "last"]
    assert [point.x for point in chart.held_out] == pytest.approx([1 / 6, 1 / 2, 5 / 6])


@pytest.mark.parametrize(
    "losses", [(3.3, 3.1, 2.4), (3.36, 6554.7, 36.7), (3.3, 3.29, 3.31), (0.2, 0.1, 0.01), ()]
)
def test_everything_is_inside(losses):
    chart = loss_chart(training_run(*losses, bigram=BigramBaseline(2.63)))
    marks = [*(point.y for point in chart.held_out), *(line.y for line in chart.baselines)]
    assert all(0 <= y <= 1 for y in [*marks, *(y for y, _ in chart.ticks)])
    assert all(0 <= y <= 1 for _, y in chart.smooth)
    assert 2 <= len(chart.ticks) <= 8


def test_a_training_loss_that_explodes_leaves_the_held_out_losses_apart():
    losses = np.concatenate([np.full(20, 3.3), np.full(60, 12_000.0), np.full(20, 40.0)])
    chart = loss_chart(training_run(3.4, 30.0, 20.0, losses=losses))
    first, middle, last = (point.y for point in chart.held_out)
    assert first - middle > 0.4
    assert last - middle > 0.1
    assert min(y for _, y in chart.smooth) == 0  # the curve leaves the chart at the top


def test_the_axis_does_not_follow_single_losses_far_out():
    losses = np.full(100, 3.0)
    losses[50] = 500.0
    (top, highest), *_ = sorted(loss_chart(training_run(3.4, 3.0, 2.5, losses=losses)).ticks)
    assert 0 <= top < 0.5
    assert float(highest.replace(",", "")) < 100


def test_baselines_have_their_names_losses_and_perplexities():
    below = training_run(3.4, bigram=BigramBaseline(2.626))
    lines = loss_chart(below).baselines
    assert [(line.name, line.loss, line.perplexity) for line in lines] == [
        ("knowing nothing", "3.30", "perplexity\u00a027"),
        ("pairs counted", "2.63", "perplexity\u00a013.8"),
    ]  # fmt: skip
    above = loss_chart(replace(below, bigram=BigramBaseline(3.5))).baselines
    assert [(line.name, line.perplexity) for line in above] == [
        ("pairs counted", ""), ("knowing nothing", "perplexity\u00a027"),
    ]  # fmt: skip
    assert [line.name for line in loss_chart(training_run(3.4)).baselines] == ["knowing nothing"]


@pytest.mark.parametrize("pairs", [2.6, 3.2, 3.29, 3.3, 3.4])
@pytest.mark.parametrize("losses", [(3.4, 3.0, 2.5), (3.4, 900.0, 60.0), (3.4, 0.5, 0.01)])
def test_labels_of_close_lines_do_not_overlap(pairs, losses):
    chart = loss_chart(training_run(*losses, bigram=BigramBaseline(pairs)))
    upper, lower = (line.label_y for line in chart.baselines)
    assert lower - upper >= LABEL_DISTANCE - 1e-9
    assert upper >= LABEL_DISTANCE / 2 - 1e-9
    assert lower <= 1 - LABEL_DISTANCE / 2 + 1e-9


@pytest.mark.parametrize("is_first", [True, False])
def test_the_label_of_a_circle_stands_on_no_line(is_first):
    for y in np.linspace(0, 1, 101):
        for offset in np.linspace(-0.3, 0.3, 61):
            lines = [y + offset, y + offset + 0.09]
            top, bottom = (y + end for end in LABEL_SPANS[label_side(y, lines, is_first)])
            assert 0 <= top < bottom <= 1
            if 0.2 < y < 0.8:  # there is room on both sides
                assert not any(top < line < bottom for line in lines)
    assert label_side(0.5, [], True) == "below"
    assert label_side(0.5, [], False) == "above"


def test_the_last_label_leaves_the_line_of_the_counted_pairs():
    chart = loss_chart(training_run(3.4, 3.0, 2.55, bigram=BigramBaseline(2.63)))
    pairs, last = chart.baselines[1].y, chart.held_out[2]
    top, bottom = (last.y + end for end in LABEL_SPANS[last.side])
    assert not top < pairs < bottom
    assert last.y - 0.115 < pairs < last.y  # above the circle it would


def test_labels_of_large_losses_are_short():
    chart = loss_chart(training_run(3.361, 6554.71, 36.69))
    assert [point.label for point in chart.held_out] == ["3.36", "6,555", "36.7"]


def test_a_dot_runs_ahead_while_training_lasts():
    running = loss_chart(training_run(3.4, 3.0, steps_done=50))
    assert running.head == running.smooth[-1]
    assert running.head[0] < 5 / 6
    assert loss_chart(training_run(3.4, 3.0, 2.5)).head is None
    assert loss_chart(training_run()).head is None


def test_the_description_has_every_loss():
    chart = loss_chart(training_run(3.4, 3.0, 2.5, bigram=BigramBaseline(2.6)))
    assert chart.description == (
        "The training loss goes from 3.50 to 2.59; the held-out loss is 3.40 at step 0, 3.00 at "
        "step 10, 2.50 at step 100; knowing nothing is 3.30; counting pairs 2.60."
    )


def test_losses_that_are_missing_or_infinite_are_no_circles():
    chart = loss_chart(training_run(NAN, 3.0, float("inf")))
    assert [point.label for point in chart.held_out] == ["3.00"]


def test_ticks_show_that_later_steps_stand_closer_together():
    """Of the steps 1 to 9, 20 to 90, … those with a snapshot have their own ticks."""
    chart = loss_chart(training_run(3.4, steps=(0, 10, 100, 1000)))
    ticks = chart.minor_ticks
    assert len(ticks) == 9 + 8 + 8
    assert list(ticks) == sorted(ticks)
    assert 1 / 8 < ticks[0] < ticks[-1] < 7 / 8
    for decade in (ticks[:9], ticks[9:17], ticks[17:]):
        assert (np.diff(decade, 2) < 0).all()
    assert len(loss_chart(training_run(3.4, steps=(0, 1, 3))).minor_ticks) == 1
    assert loss_chart(training_run(3.4, steps=(0, 1))).minor_ticks == ()
