"""The columns under the chart: perplexities with their units, and samples that fit."""

import pytest
from training_runs import NAN, training_run

from microgpt.viz.formatting import width_in_em
from microgpt.viz.training import Snapshot
from microgpt.viz.training.columns import MAX_LONG, MAX_SHORT, columns


def samples_of(*texts, label="new"):
    snapshot = Snapshot(0, 3.0, 0.1, tuple((text, label) for text in texts))
    return columns(training_run().with_snapshot(snapshot))[0]


def test_a_column_for_each_step_and_those_to_come_wait():
    first, second, third = columns(training_run(3.36, 2.5, steps_done=20))
    assert (first.step, first.figure, first.unit) == (
        "step 0",
        "28.8",
        "worse than knowing nothing",
    )
    assert (second.step, second.figure, second.unit) == ("step 10", "12.2", "letters")
    assert [sample.text for sample in second.samples] == ["anna", "bert"]
    assert (third.step, third.unit, third.is_waiting) == ("step 100", "to come", True)
    assert not second.is_waiting


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (NAN, ("-", "nothing held out")),
        (float("inf"), ("∞", "worse than knowing nothing")),
        (11.47, ("95,798", "worse than knowing nothing")),
        (20.0, ("> 10⁶", "worse than knowing nothing")),
    ],
)
def test_perplexities_that_are_no_number_of_choices(loss, expected):
    column = columns(training_run(loss))[0]
    assert (column.figure, column.unit) == expected


def test_long_names_are_cut_off_for_narrow_columns_and_kept_in_full():
    column = samples_of("maximiliana", "bartholomewina", "m" * 30, "o")
    assert [sample.text for sample in column.samples] == [
        "maximiliana", "bartholomewina", "m" * 30, "o",
    ]  # fmt: skip
    longs, shorts = zip(*[(one.long, one.short) for one in column.samples], strict=True)
    assert longs == ("maximiliana", "bartholomewi", "m" * 9, "o")
    assert shorts == ("maximil", "bartholo", "m" * 5, "o")
    for texts, max_width in ((longs, MAX_LONG), (shorts, MAX_SHORT)):
        assert max(map(width_in_em, texts)) <= max_width
    assert MAX_SHORT < MAX_LONG


def test_texts_that_are_no_names_are_longer_and_empty_ones_are_said():
    column = samples_of("one two three four five", label="")
    assert column.samples[0].long == column.samples[0].short == "one two three four five"
    assert samples_of("").samples[0].long == "(empty)"
