"""The verdict on a run, on stored histories and on made-up ones."""

from dataclasses import replace

import numpy as np
import pytest
from run_histories import read_histories

from microgpt.runs import LossHistory, judge

HISTORIES = read_histories()


def until(history, num_snapshots):
    """The history as it was at an earlier snapshot."""
    return replace(
        history,
        losses=history.losses[: history.steps[num_snapshots - 1]],
        **{name: getattr(history, name)[:num_snapshots]
           for name in ("steps", "training", "held_out_rows")},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("fifty names", "memorising"),
        ("targets not shifted", "suspiciously good"),
        ("lr = 0", "not learning"),
        ("targets shuffled", "not learning"),
        ("gradients not zeroed", "not learning"),
        ("healthy", "learning, gap opening"),
    ],
)
def test_stored_runs(name, label):
    assert judge(HISTORIES[name]).label == label


def test_a_healthy_run_is_too_early_then_learns_then_a_gap_opens():
    healthy = HISTORIES["healthy"]
    labels = [judge(until(healthy, n)).label for n in range(1, len(healthy.steps) + 1)]
    assert list(dict.fromkeys(labels)) == ["too early", "learning", "learning, gap opening"]
    assert labels[-10:] == ["learning, gap opening"] * 10


def test_memorising_names_the_step_of_the_best():
    fifty = HISTORIES["fifty names"]
    verdict = judge(fifty)
    assert verdict.step == fifty.steps[np.argmin(fifty.held_out)]
    assert judge(until(fifty, 1)).label == "too early"


def made_up(held_out, training, losses=None, rows=8, letters=3.0):
    """A history whose rows hold one target each and differ a little, always in the same way."""
    held_out, spread = np.array(held_out), np.linspace(-0.2, 0.2, rows)
    return LossHistory(
        losses=np.full(200, training[-1]) if losses is None else np.array(losses),
        steps=np.arange(len(held_out)),
        training=np.array(training),
        held_out_rows=held_out[:, None] + spread,
        num_targets=np.ones(rows, int),
        uniform_loss=4.0,
        letters_loss=letters,
    )


def test_a_gap_counts_from_a_tenth_of_a_nat_on():
    assert judge(made_up([3.5, 2.0], [3.5, 1.89])).label == "learning, gap opening"
    assert judge(made_up([3.5, 2.0], [3.5, 1.91])).label == "learning"


def test_held_out_that_rises_while_training_falls_is_memorising():
    verdict = judge(made_up([3.5, 2.0, 2.1], [3.5, 1.9, 1.5]))
    assert (verdict.label, verdict.step) == ("memorising", 1)
    assert "0.10" in verdict.reason
    both = judge(made_up([3.5, 2.0, 2.1], [3.5, 1.9, 2.0]))
    assert (both.label, both.step) == ("not learning", 1)


def test_a_rise_within_two_standard_errors_is_no_rise():
    history = made_up([3.5, 2.0, 2.01], [3.5, 1.95, 1.95])
    rows = history.held_out_rows.copy()
    rows[2] += np.tile([1.0, -1.0], 4)  # the mean stays, every row moves
    assert judge(replace(history, held_out_rows=rows)).label == "learning"


def test_too_good_only_if_held_out_is_worse_than_blind():
    assert judge(made_up([4.1, 4.1], [4.0, 0.4])).label == "suspiciously good"
    assert judge(made_up([4.1, 3.9], [4.0, 0.4])).label != "suspiciously good"
    assert judge(made_up([4.1, 4.1], [4.0, 0.6])).label != "suspiciously good"


def test_above_the_letters_it_is_too_early_unless_it_stands_still():
    falling, rng = np.linspace(4.0, 3.2, 200), np.random.default_rng(0)
    assert judge(made_up([4.0, 3.3], [4.0, 3.2], falling)).label == "too early"
    still = 3.5 + 0.05 * rng.standard_normal(200)
    assert judge(made_up([4.0, 3.5], [4.0, 3.5], still)).label == "not learning"
    assert judge(made_up([4.0, 3.5], [4.0, 3.5], still[:99])).label == "too early"
    assert judge(made_up([4.0], [4.0], [])).label == "too early"


def test_a_verdict_has_its_reason():
    verdict = judge(HISTORIES["lr = 0"])
    assert str(verdict) == f"{verdict.label}: {verdict.reason}"
    assert "counting letters" in verdict.reason
