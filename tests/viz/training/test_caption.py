"""What is said of a training run, and when nothing may be said."""

from dataclasses import replace

import numpy as np
import pytest
from training_runs import NAN, training_run

from microgpt.viz.training import BigramBaseline, compare_to_baselines, training_caption
from microgpt.viz.training.caption import overfitting_since


@pytest.mark.parametrize(
    ("loss", "stderr", "bigram", "expected"),
    [
        (3.6, 0.1, None, "worse than knowing nothing"),
        (3.4, 0.1, None, "no better than knowing nothing"),  # within two standard errors
        (3.4, NAN, None, "worse than knowing nothing"),
        (3.29, 0.1, None, "better than knowing nothing"),
        (2.4, 0.1, BigramBaseline(2.5), "better than knowing nothing"),  # not compared yet
        (2.4, 0.1, BigramBaseline(2.5, 0.19, 0.1), "no difference seen from counting"),
        (2.4, 0.1, BigramBaseline(2.5, 0.21, 0.1), "better than counting pairs"),
        (2.4, 0.1, BigramBaseline(2.2, -0.19, 0.1), "no difference seen from counting"),
        (2.4, 0.1, BigramBaseline(2.2, -0.21, 0.1), "worse than counting pairs"),
    ],
)
def test_a_difference_counts_from_two_standard_errors_on(loss, stderr, bigram, expected):
    progress = training_run(3.4, 3.0, loss, stderr=stderr, bigram=bigram)
    assert compare_to_baselines(progress).startswith(expected)
    assert expected in training_caption(progress)


def test_a_run_that_learned():
    bigram = BigramBaseline(2.63, 0.12, 0.01)
    caption = training_caption(training_run(3.36, 2.9, 2.51, stderr=0.0123, bigram=bigram))
    assert caption == (
        "Yes: its loss on held-out names fell from 3.36 to 2.51 ±\u00a00.01, a perplexity of 12.3: "
        "like choosing among 12.3 letters. That is better than counting pairs of letters in the "
        "same names (2.63), and than knowing nothing (3.30). At step 0, line and circle differ "
        "only because they are losses on different names. ± is the standard error: on other "
        "held-out names, the loss would differ by about so much."
    )


def test_losses_that_are_alike_at_step_0_need_no_explanation():
    run = training_run(3.36, 2.9, 2.51)
    assert "line and circle differ" in training_caption(run)
    for loss, differs in ((3.36, False), (3.38, False), (3.3, True)):
        losses = run.losses.copy()
        losses[0] = loss
        assert ("line and circle" in training_caption(replace(run, losses=losses))) is differs
    tokens = replace(training_run(3.36, 2.9, 2.51), unit="token", text_noun="text")
    assert "like choosing among 12.3 tokens. That is better than knowing" in training_caption(
        tokens
    )
    assert "on held-out texts" in training_caption(tokens)


def test_between_the_baselines():
    worse = training_run(3.4, 3.0, 2.9, bigram=BigramBaseline(2.6, -0.3, 0.1))
    assert (
        "That is worse than counting pairs of letters in the same names (2.60), but better than "
        "knowing nothing (3.30)."
    ) in training_caption(worse)
    same = training_run(3.4, 3.0, 2.6, bigram=BigramBaseline(2.6, 0.0, 0.1))
    assert (
        "There is no difference seen from counting pairs of letters in the same names (2.60); it "
        "is better than knowing nothing (3.30)."
    ) in training_caption(same)


def test_a_perplexity_above_all_letters_is_no_number_of_choices():
    caption = training_caption(
        training_run(3.36, 8.0, 11.47, bigram=BigramBaseline(2.63, -8.8, 0.4), train=(3.5, 11.0))
    )
    assert caption.startswith(
        "No: its loss on held-out names was 3.36 at step 0 and is 11.47 ±\u00a00.10 now: it is "
        "surer of wrong letters than a uniform guess. That is worse than knowing nothing (3.30); "
        "counting pairs of letters in the same names has 2.63."
    )
    assert "overfitting" not in caption
    assert "95" not in caption
    barely = training_caption(training_run(float(np.log(27)) + 1e-5, steps_done=5))
    assert "like choosing among 27.0 letters" in barely


def test_overfitting_is_named_only_where_it_is_clear():
    falls = {"train": (3.5, 0.5)}
    assert overfitting_since(training_run(3.3, 2.3, 2.49, **falls)) is None
    progress = training_run(3.3, 2.3, 2.51, **falls)
    assert overfitting_since(progress) == 10
    assert training_caption(progress).startswith(
        "Only until step 10: its loss on held-out names was lowest there (2.30) and is 2.51 ±"
        "\u00a00.10 now, a perplexity of 12.3: like choosing among 12.3 letters. Since step 10 it "
        "is learning its list by heart: overfitting."
    )
    assert overfitting_since(training_run(3.6, 3.4, 3.9, **falls)) is None  # never learned anything
    rises = training_run(3.3, 2.3, 2.6, train=(3.5, 3.5))  # the training loss did not fall
    assert overfitting_since(rises) is None
    assert training_caption(rises).startswith(
        "Only for a while: its loss on held-out names was 2.30 at step 10 and is 2.60"
    )


def test_overfitting_is_said_while_it_happens():
    steps = (0, 10, 100, 1000)
    progress = training_run(3.3, 2.3, 2.6, steps=steps, steps_done=300, train=(3.5, 0.5))
    assert training_caption(progress).endswith("by heart: overfitting.")


def test_a_loss_that_rises_and_comes_back_is_no_overfitting():
    """A trained model goes on with larger corrections: its losses rise at once, then fall again."""
    noise = np.random.default_rng(0).normal(size=1000) * 0.3
    back = np.concatenate([np.linspace(2.9, 2.5, 300), np.full(700, 2.5)]) + noise
    for seen in (300, 600, 1000):
        run = training_run(2.51, 2.7, 2.6, steps=(0, 100, 300, 1000), stderr=0.01, steps_done=300)
        run = replace(run, losses=back[:seen], steps_done=seen)
        assert overfitting_since(run) is None
        assert training_caption(run).endswith(
            "It was 2.51 before the first step; the training loss has not fallen by much "
            "meanwhile, so this does not look like overfitting."
        )


@pytest.mark.parametrize(("end", "since"), [(1.0, 0), (2.47, None)])  # None: it may be chance
def test_a_trained_model_that_learns_by_heart_overfits_from_its_first_step(end, since):
    losses = np.linspace(2.5, end, 1000) + np.random.default_rng(1).normal(size=1000) * 0.3
    run = training_run(2.51, 2.6, 2.7, steps=(0, 500, 1000), stderr=0.01, losses=losses)
    assert overfitting_since(run) == since


def test_a_run_that_goes_on():
    assert training_caption(training_run(3.36, steps_done=5)) == (
        "Before training its held-out loss is 3.36, surer of wrong letters than a uniform guess: "
        "not yet below knowing nothing (3.30)."
    )
    progress = training_run(3.36, 2.7, steps_done=50, bigram=BigramBaseline(2.63))
    assert training_caption(progress) == (
        "After 10 steps its held-out loss is 2.70, like choosing among 14.9 letters: below knowing "
        "nothing (3.30), not yet below counting pairs of letters (2.63)."
    )
    lower = training_run(3.36, 2.5, steps_done=50, bigram=BigramBaseline(2.63))
    assert "(3.30), and below counting pairs of letters (2.63)." in training_caption(lower)
    assert training_caption(training_run(3.36, 2.7, steps_done=50)).endswith(
        "letters: below knowing nothing (3.30)."
    )


def test_a_run_that_ended_before_its_end():
    stopped = training_run(3.36, 2.7, steps_done=50, status="stopped")
    assert training_caption(stopped).startswith("Stopped after 50 of 100 steps. After 10 steps its")
    interrupted = replace(stopped, status="interrupted")
    assert training_caption(interrupted).startswith("Interrupted after 50 of 100 steps.")
    assert training_caption(replace(stopped, error="it broke")) == "Training ended early: it broke"


def test_without_a_held_out_loss_nothing_is_said_of_it():
    progress = training_run(NAN, NAN, NAN)
    assert training_caption(progress) == (
        "No name is held out: its training loss went from 3.50 to 2.55, which alone does not tell "
        "learning from overfitting."
    )
    assert "nothing can be said" in compare_to_baselines(progress)
    assert training_caption(training_run(NAN)).startswith("No name is held out, so only")
    assert training_caption(training_run()).startswith("Measuring what the untrained model")


def test_a_single_text_has_no_standard_error():
    caption = training_caption(training_run(3.36, 2.7, 2.5, stderr=NAN))
    assert "±" not in caption
    assert "nan" not in caption


def test_small_standard_errors_keep_a_digit():
    assert "±\u00a00.004" in training_caption(training_run(3.36, 2.7, 2.5, stderr=0.0037))
