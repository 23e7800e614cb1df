"""The snapshots of a training run: what is said of the losses, and when nothing may be said."""

from dataclasses import replace

import pytest

from microgpt.viz.training_snapshots import (
    BigramBaseline,
    Snapshot,
    TrainingProgress,
    compare_to_baselines,
    draw_training_progress,
    snapshots_table,
)

NAN = float("nan")


def run(*losses, stderr=0.1, uniform=3.3, bigram=None, steps=(0, 10, 100)):
    """A run whose snapshots have these losses."""
    progress = TrainingProgress(steps, uniform_loss=uniform, steps=steps[-1], bigram=bigram)
    for step, loss in zip(steps, losses, strict=False):
        progress = progress.with_snapshot(Snapshot(step, loss, stderr, (("anna", "new"),)))
    return progress


def caption(progress):
    return draw_training_progress(progress)[1]


def test_a_snapshot_replaces_that_of_the_same_step():
    progress = run(3.3, 2.8)
    again = progress.with_snapshot(Snapshot(10, 2.5, 0.1, ()))
    assert [(one.step, one.loss) for one in again.snapshots] == [(0, 3.3), (10, 2.5)]
    earlier = again.with_snapshot(Snapshot(5, 3.0, 0.1, ()))
    assert [one.step for one in earlier.snapshots] == [0, 5, 10]
    assert earlier.steps_done == 5


@pytest.mark.parametrize(
    ("loss", "stderr", "bigram", "expected"),
    [
        (3.6, 0.1, None, "worse than knowing nothing"),
        (3.4, 0.1, None, "no better than knowing nothing"),  # within two standard errors
        (3.4, NAN, None, "worse than knowing nothing"),
        (3.3, 0.1, None, "better than knowing nothing"),
        (2.4, 0.1, BigramBaseline(2.5, 0.19, 0.1), "no difference seen from counting"),
        (2.4, 0.1, BigramBaseline(2.5, 0.21, 0.1), "better than counting pairs"),
        (2.4, 0.1, BigramBaseline(2.2, -0.19, 0.1), "no difference seen from counting"),
        (2.4, 0.1, BigramBaseline(2.2, -0.21, 0.1), "worse than counting pairs"),
    ],
)
def test_a_difference_counts_from_two_standard_errors_on(loss, stderr, bigram, expected):
    progress = run(3.3, 3.0, loss, stderr=stderr, bigram=bigram)
    assert compare_to_baselines(progress).startswith(expected)
    assert f": {expected}" in caption(progress)


def test_overfitting_is_told_only_where_it_is_clear():
    assert "It was better at step 10" not in caption(run(3.3, 2.3, 2.49))
    text = caption(run(3.3, 2.3, 2.51))
    assert "It was better at step 10: since then it learns its list by heart." in text
    assert "better at step" not in caption(run(3.6, 3.4, 3.9))  # it never learned anything


def test_without_a_held_out_loss_nothing_is_said():
    progress = run(NAN, NAN, NAN)
    assert caption(progress) == "No held-out loss is there yet."
    assert "nothing can be said" in compare_to_baselines(progress)
    assert caption(replace(progress, error="it broke")) == "Training ended early: it broke"


def test_the_first_and_the_last_evaluated_snapshot_are_told():
    text = caption(run(NAN, 2.9, 2.5, stderr=0.02))
    assert text.startswith("At step 10 its average surprise on held-out texts is 2.90, as if it ")
    assert "chose among 18.2 letters. At step 100 it is 2.50 ± 0.02, as if among 12.2" in text
    assert text.endswith("knowing nothing is 3.30. Texts at T = 0.5.")
    assert caption(run(2.9)).count("At step") == 1


def test_the_bar_shows_the_part_that_is_done():
    bars = []
    for done in (0, 50, 100):
        drawing, _ = draw_training_progress(replace(run(3.3), steps_done=done))
        bars += [s for g in drawing.groups for s in g.shapes if vars(s)["css_class"] == "progress"]
    assert [bar.width / bars[2].width for bar in bars] == [0, 0.5, 1]


def test_the_table_has_every_loss():
    table = snapshots_table(run(3.3, 2.25, bigram=BigramBaseline(2.5, 0.2, 0.1)))
    for cells in (("10", "2.250000", "0.100000"), ("counting pairs", "2.500000", "")):
        assert "".join(f"<td>{cell}</td>" for cell in cells) in table
