"""The training view as HTML, and its table of numbers."""

import re
from dataclasses import replace

import numpy as np
import pytest
from training_runs import NAN, training_run

from microgpt.viz.training import BigramBaseline, Snapshot, render_training, snapshots_table
from microgpt.viz.training.render import format_seconds

HOSTILE = "<img src=x onerror=alert(1)>"


def html(progress):
    return render_training(progress).html


def test_the_view_asks_its_question_and_shows_each_held_out_loss_and_perplexity():
    rendered = html(training_run(3.36, 2.9, 2.51, bigram=BigramBaseline(2.63)))
    assert '<h3 class="mg-q">Is it learning?</h3>' in rendered
    for label in ("3.36", "2.90", "2.51"):
        assert re.search(rf'class="mg-value[^"]*"[^>]*>{label}<', rendered)
    for figure in ("28.8", "18.2", "12.3"):
        assert f'<span class="mg-fig">{figure}</span>' in rendered
    assert "perplexity: like choosing among so many letters" in rendered
    assert "loss, nats" in rendered
    assert "knowing nothing" in rendered
    assert "perplexity\u00a013.9" in rendered
    assert '<span class="mg-row-name">perplexity</span>' in rendered  # of wide views
    assert rendered.count('<small class="mg-name">perplexity</small>') == 3  # of narrow ones


def test_a_perplexity_above_all_letters_is_no_number_of_choices():
    """27 letters are no choice among 28.8, or among a million."""
    limit = "so many letters; above 27, surer of wrong letters than a uniform guess<"
    assert limit in html(training_run(3.36, 2.9, 2.51))
    assert limit in html(training_run(3.2, 14.0))
    assert "so many letters<" in html(training_run(3.2, 2.9))


def test_the_bar_shows_the_part_that_is_done_and_goes_at_the_end():
    for done, width in ((0, "0.000%"), (50, "50.000%")):
        assert f'style="width:{width}"' in html(training_run(3.3, steps_done=done))
    assert "mg-bar" not in html(training_run(3.3, steps_done=100))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"steps_done": 0}, "training: 100 steps to go"),
        ({"steps_done": 24, "seconds": 0.42}, "training: 24 of 100 steps in 0.4 s"),
        ({"steps_done": 24, "status": "stopped"}, "stopped: 24 of 100 steps"),
        ({"steps_done": 100, "seconds": 75.2}, "finished: 100 steps in 1 min 15 s"),
    ],
)
def test_the_status_has_steps_and_seconds(fields, expected):
    assert f">{expected}<" in html(training_run(3.3, **fields))


def test_seconds():
    assert [format_seconds(s) for s in (0.04, 9.94, 9.96, 59.4, 60, 200, 7322)] == [
        "0.0 s", "9.9 s", "10 s", "59 s", "1 min 0 s", "3 min 20 s", "122 min 2 s",
    ]  # fmt: skip


def test_each_sample_has_its_mark_and_one_legend_explains_them():
    rendered = html(training_run(3.36))
    assert rendered.count('aria-label="new"') == 1
    assert rendered.count('aria-label="trained on"') == 1
    assert rendered.count('class="mg-origins"') == 1
    assert "names sampled at T = 0.5" in rendered
    assert 'title="anna: new"' in rendered


def test_a_long_name_is_there_twice_and_the_width_selects():
    snapshot = Snapshot(0, 3.3, 0.1, (("maximilianaa", "new"),))
    rendered = html(training_run().with_snapshot(snapshot))
    assert '<span class="mg-long">maximilianaa</span>' in rendered
    assert '<span class="mg-short mg-fade">maximil</span>' in rendered
    assert "mg-fade" not in html(training_run(3.36))  # of short names, nothing fades


def test_a_name_too_long_for_any_column_fades_in_all():
    snapshot = Snapshot(0, 3.3, 0.1, (("maximilianamaria", "new"),))
    rendered = html(training_run().with_snapshot(snapshot))
    assert '<span class="mg-long mg-fade">maximiliana' in rendered


def test_hostile_samples_are_text():
    for label in ("new", ""):
        snapshot = Snapshot(0, 3.3, 0.1, ((HOSTILE, label),))
        progress = training_run().with_snapshot(snapshot)
        for text in (html(progress), snapshots_table(progress)):
            assert "<img" not in text


@pytest.mark.parametrize(
    "progress",
    [
        training_run(),
        training_run(NAN, NAN, NAN),
        training_run(3.3, float("inf"), 5e6, losses=np.array([3.0, np.nan])),
        training_run(3.3, 3.2, steps=(0, 1)),
        training_run(3.4, 3.0, 2.5, 2.1, steps=(0, 1000, 10_000, 100_000)),
        training_run(5.8, 5.7, 5.5, uniform=float(np.log(300)), unit="token", text_noun="text"),
    ],
    ids=["nothing yet", "nothing held out", "broken", "one step", "long", "tokens"],
)
def test_any_run_is_drawn_in_few_characters(progress):
    rendered = html(progress)
    assert "nan" not in rendered
    assert len(rendered) < 25_000
    for path in re.findall(r' d="([^"]*)"', rendered):
        assert re.fullmatch(r"M[-\d. L]+", path)


def test_what_was_drawn_before_changes_nothing():
    progress = training_run(3.4, 3.0, 2.5)
    assert render_training(progress, training_run(3.4)).html == html(progress)


def test_long_numbers_on_the_axis_get_more_space():
    assert "--mg-axis" not in html(training_run(3.4, 3.0, 2.5))
    assert html(training_run(3.4, 9000.0, 60.0)).count("--mg-axis:48px") == 2  # chart and columns


def test_the_table_has_every_loss_and_every_sample():
    table = snapshots_table(training_run(3.3, 2.25, bigram=BigramBaseline(2.5)))
    for cells in (("2.2500", "0.1000", "9.49"), ("2.5000", "", "12.18")):
        assert "".join(f"<td>{cell}</td>" for cell in cells) in table
    diverged = snapshots_table(training_run(36.69, 6554.7, float("inf")))
    for cells in (("36.6900", "0.1000", "8.60e+15"), ("6,554.7000", "0.1000", "inf"), ("inf",)):
        assert "".join(f"<td>{cell}</td>" for cell in cells) in diverged
    assert table.count('<td class="mg-text">bert</td><td class="mg-text">trained on</td>') == 2
    assert "anna" not in snapshots_table(replace(training_run(), snapshots=()))


def test_the_legend_says_of_what_each_loss_is():
    rendered = html(training_run(3.36, 2.9))
    for mark, text in (
        ("raw-line", "training: loss on the names of each step"),
        ("line", "smoothed"),
        ("ring", "held-out: loss on names not trained on"),
    ):
        assert f'<i class="mg-{mark}"></i>{text}<' in rendered
    assert "loss on texts not trained on" in html(training_run(3.36, text_noun="text"))
    assert "held-out: loss" not in html(training_run(NAN, NAN))
    assert "held-out: loss" in html(training_run())  # the first snapshot is still to come


def test_the_steps_are_said_to_stand_closer_together():
    run = training_run(3.4, steps=(0, 10, 100, 1000))
    assert "later steps stand closer together" in html(run)
    assert html(run).count('class="mg-minor"') == 25
