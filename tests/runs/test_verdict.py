"""The verdict on a run, on stored histories and on made-up ones."""

import math
from dataclasses import replace

import numpy as np
import pytest
from run_histories import read_histories

import microgpt as mg
from microgpt.runs import LossHistory, judge
from microgpt.runs.verdict import RULES

HISTORIES = read_histories()


def until(history, num_snapshots):
    """The history as it was at an earlier snapshot."""
    return replace(
        history,
        **{name: getattr(history, name)[:num_snapshots]
           for name in ("steps", "training", "held_out")},
    )  # fmt: skip


def verdicts(history):
    """The verdict at each snapshot."""
    return [judge(until(history, n)) for n in range(1, len(history.steps) + 1)]


# All verdicts that a run gets, in their order, with the step of the first of each.
COURSES = {
    "fifty names": {"too early": 0, "learning, gap opening": 30, "memorising": 400},
    "targets not shifted": {"too early": 0, "suspiciously good": 54},
    "lr = 0": {"too early": 0, "not learning": 100},
    "targets shuffled": {"too early": 0, "not learning": 100},
    "gradients not zeroed": {"too early": 0, "not learning": 100},
    "healthy": {"too early": 0, "learning": 40, "learning, gap opening": 820},
    "names, init × 10": {"too early": 0, "learning": 40},
    "names, lr × 10": {"too early": 0, "learning": 12},
}


@pytest.mark.parametrize("name", list(HISTORIES))
def test_no_verdict_on_a_stored_run_comes_back_once_it_has_gone(name):
    made, steps = verdicts(HISTORIES[name]), HISTORIES[name].steps
    changes = [
        (one.label, int(step)) for i, (one, step) in enumerate(zip(made, steps, strict=True))
        if not i or one.label != made[i - 1].label
    ]  # fmt: skip
    assert changes == list(COURSES[name].items())


def by_hand(history):
    """What somebody would say who reads the rule and the two numbers of each snapshot."""
    if not all(math.isfinite(loss) for loss in (*history.held_out, *history.training)):
        return "unstable"
    held_out = [round(float(loss), 2) for loss in history.held_out]
    training = [round(float(loss), 2) for loss in history.training]
    letters, blind = round(history.letters_loss, 2), round(history.uniform_loss, 2)

    def counts(differences):
        there = False
        for difference in differences:
            there = round(difference, 2) >= (0.05 if there else 0.1)
        return there

    def above_lowest(losses):
        return counts(loss - min(losses[: i + 1]) for i, loss in enumerate(losses))

    gap = counts(a - b for a, b in zip(held_out, training, strict=True))
    below = round(letters - min(held_out), 2) >= 0.1
    half = [loss for loss, step in zip(training, history.steps, strict=True)
            if 2 * step <= history.steps[-1]][-1]  # fmt: skip
    if training[-1] < 0.5 and held_out[-1] > blind:
        return "suspiciously good"
    if history.steps[-1] < 100 and not below:
        return "too early"
    if above_lowest(held_out) and gap and not above_lowest(training):
        return "memorising"
    if not below:
        is_slow = round(half - training[-1], 2) >= 0.1 and not above_lowest(held_out)
        return "learning slowly" if is_slow else "not learning"
    if above_lowest(held_out):
        return "unstable"
    return "learning, gap opening" if gap else "learning"


@pytest.mark.parametrize("name", list(HISTORIES))
def test_a_verdict_can_be_checked_from_the_numbers_shown(name):
    history = HISTORIES[name]
    checked = [by_hand(until(history, n)) for n in range(1, len(history.steps) + 1)]
    assert [one.label for one in verdicts(history)] == checked


def test_random_runs_are_judged_as_by_hand_and_every_verdict_has_a_rule():
    rng, seen = np.random.default_rng(0), set()
    for i in range(300):
        held_out = 3.0 + np.cumsum(rng.normal(-0.02, 0.15, 12))
        training = held_out + np.cumsum(rng.normal(-0.04, 0.08, 12))
        if i % 10 == 0:
            spoilt = held_out if i % 20 else training
            spoilt[rng.integers(12)] = rng.choice([np.nan, np.inf, -np.inf])
        history = made_up(held_out, training, last_step=rng.choice([60, 1000]), blind=3.3)
        for n in range(1, 13):
            verdict = judge(until(history, n))
            assert verdict.label == by_hand(until(history, n))
            seen.add(verdict.label)
    training = np.linspace(2.9, 0.1, 12)
    seen.add(judge(made_up(np.linspace(3.0, 4.1, 12), training)).label)
    texts = " ".join(RULES)
    assert len(seen) == 8
    assert all(f"{label}:" in texts for label in seen)


def test_the_rules_are_asked_in_the_order_in_which_they_are_told():
    """Each history fits the rule of its verdict and later ones."""
    first = [
        judge(made_up([3.5, 4.5], [np.nan, 0.1])), judge(made_up([4.1, 4.5], [4.0, 0.4])),
        judge(made_up([3.5, 3.6], [3.5, 3.5], last_step=50)),
        judge(made_up([3.5, 3.6], [3.5, 3.4])), judge(made_up([3.5, 3.6], [3.5, 3.6])),
        judge(made_up([3.5, 2.0, 2.3], [3.5, 1.9, 2.2])),
        judge(made_up([3.5, 2.0], [3.5, 1.9])), judge(made_up([3.5, 2.0], [3.5, 2.0])),
    ]  # fmt: skip
    assert [one.label for one in first] == [rule.split(":")[0] for rule in RULES[:-1]]


def made_up(held_out, training, last_step=1000, letters=2.9, blind=4.0):
    held_out = np.array(held_out, float)
    steps = np.linspace(0, last_step, len(held_out)).round().astype(int)
    return LossHistory(steps, np.array(training, float), held_out, blind, letters)


def test_memorising_names_the_step_of_the_best():
    fifty = HISTORIES["fifty names"]
    verdict = judge(fifty)
    assert verdict.step == fifty.steps[np.argmin(fifty.held_out)]
    assert verdict.reason == (
        "since step 100, held-out has risen by 2.13 and the training loss has fallen by 1.23"
    )


def test_a_gap_counts_from_a_tenth_of_a_nat_on_until_it_has_halved():
    assert judge(made_up([3.5, 2.0], [3.5, 1.9])).label == "learning, gap opening"
    assert judge(made_up([3.5, 2.0], [3.5, 1.91])).label == "learning"
    assert judge(made_up([3.5, 2.0, 2.0], [3.5, 1.9, 1.95])).label == "learning, gap opening"
    assert judge(made_up([3.5, 2.0, 2.0], [3.5, 1.9, 1.96])).label == "learning"
    verdict = judge(made_up([3.5, 2.0, 1.9], [3.5, 1.9, 1.72]))
    assert verdict.reason == "held-out is 0.18 above the training loss; the gap opened at step 500"


def test_losses_count_as_they_are_shown():
    assert judge(made_up([3.5, 2.004], [3.5, 1.904])).label == "learning, gap opening"
    assert judge(made_up([3.5, 1.996], [3.5, 1.904])).label == "learning, gap opening"
    assert judge(made_up([3.5, 2.0049], [3.5, 1.9051])).label == "learning"
    assert f"{2.775:.2f}" == "2.77"  # less than 2.775 in binary
    assert judge(made_up([3.5, 2.775], [3.5, 2.68])).label == "learning"


def test_held_out_that_rises_is_memorising_or_unstable():
    assert judge(made_up([3.5, 2.0, 2.1], [3.5, 1.9, 1.5])).label == "memorising"
    assert judge(made_up([3.5, 2.0, 2.09], [3.5, 1.9, 1.5])).label == "learning, gap opening"
    both = judge(made_up([3.5, 2.0, 2.3], [3.5, 1.9, 2.2]))
    assert (both.label, both.step) == ("unstable", 500)
    assert both.reason == (
        "since step 500, held-out has risen by 0.30 and the training loss has risen by 0.30"
    )
    assert judge(made_up([3.5, 2.0, 2.3], [3.5, 1.98, 2.25])).label == "unstable"


def test_too_good_only_if_held_out_is_worse_than_blind():
    assert judge(made_up([4.1, 4.1], [4.0, 0.4])).label == "suspiciously good"
    assert judge(made_up([4.1, 3.9], [4.0, 0.4])).label != "suspiciously good"
    assert judge(made_up([4.1, 4.1], [4.0, 0.6])).label != "suspiciously good"


def test_above_the_letters_it_is_slow_or_does_not_learn():
    slow = judge(made_up([4.0, 3.3, 3.1], [4.0, 3.3, 3.2]))
    assert (slow.label, slow.reason) == (
        "learning slowly",
        "since step 500, the training loss has fallen by 0.10; held-out was never 0.1 below "
        "counting letters (2.90)",
    )
    assert judge(made_up([4.0, 3.3, 3.1], [4.0, 3.3, 3.21])).label == "not learning"
    climbed = judge(made_up([4.0, 3.0, 3.6], [4.0, 3.0, 3.7]))
    assert climbed.label == "not learning"
    assert "held-out has risen by 0.60 and the training loss has risen by 0.70" in climbed.reason
    early = judge(made_up([4.0, 3.3, 3.1], [4.0, 3.3, 3.2], last_step=99))
    assert (early.label, early.reason) == (
        "too early", "held-out is not yet 0.1 below counting letters (2.90)",
    )  # fmt: skip


def test_a_loss_that_is_no_number_is_unstable():
    for held_out, training in (
        ([3.5, np.nan, 2.0], [3.5, 2.0, 2.0]),
        ([3.5, 2.0, 2.0], [3.5, np.inf, np.nan]),
        ([3.5, -np.inf, 2.0], [3.5, 2.0, 2.0]),
    ):
        verdict = judge(made_up(held_out, training))
        assert verdict.label == "unstable"
        assert verdict.reason == "at step 500, a loss is not a finite number"


@pytest.mark.parametrize(
    ("steps", "got"), [([], "no steps"), ([400, 500], "400"), ([1, 1000], "1")]
)
def test_a_history_begins_before_the_first_update(steps, got):
    losses = np.full(len(steps), 3.5)
    error = f"the first of the steps must be 0; got {got}; put the losses before the first update"
    with pytest.raises(mg.SettingError, match=error):
        LossHistory(np.array(steps), losses, losses, 4.0, 2.9)


def test_a_verdict_names_the_step_of_the_best_loss_or_of_the_gap():
    for held_out, training, label, step in (
        ([3.5, 2.0, 2.1], [3.5, 1.95, 1.5], "memorising", 500),
        ([3.5, 2.0, 2.3], [3.5, 1.9, 2.2], "unstable", 500),
        ([3.5, 2.5, 2.0, 1.9, 1.8], [3.5, 2.4, 1.8, 1.7, 1.6], "learning, gap opening", 250),
        ([3.5, 2.0], [3.5, 2.0], "learning", None),
        ([3.5, 3.4], [3.5, 3.5], "not learning", None),
        ([3.5, np.nan], [3.5, 3.5], "unstable", None),
    ):
        verdict = judge(made_up(held_out, training))
        assert (verdict.label, verdict.step) == (label, step)


def test_a_verdict_has_its_reason():
    verdict = judge(HISTORIES["lr = 0"])
    assert str(verdict) == f"{verdict.label}: {verdict.reason}"
    assert verdict.reason == (
        "since step 74, the training loss has not changed; held-out was never 0.1 below counting "
        "letters (2.98)"
    )
