"""The training monitor: its snapshots, its baselines, and training beside a notebook."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from waiting import wait_until

import microgpt as mg
from microgpt.widgets.training_monitor import TrainingMonitor, choose_snapshot_steps


@pytest.fixture(scope="module")
def names():
    return mg.load_corpus("names-mini")


def test_it_keeps_its_snapshots(names):
    model = mg.GPT(backend="numpy")
    monitor = TrainingMonitor(model, names, steps=100)
    assert [snapshot.step for snapshot in monitor.state.snapshots] == [0, 10, 100]
    assert monitor.state.status == "finished"
    assert monitor.model is model
    assert len(monitor.trainer.history) == 100
    assert monitor.state.snapshots[0].loss == pytest.approx(
        mg.Trainer(mg.GPT(backend="numpy"), names).evaluate().loss
    )
    assert monitor.state.snapshots[-1].loss == pytest.approx(monitor.trainer.evaluate().loss)
    for snapshot in monitor.state.snapshots:
        assert len(snapshot.samples) == 5
        assert f"{snapshot.loss:.2f}" in monitor.picture.value
    trained_on = set()  # by hand: the letters of each row it was given
    for tokens, targets in monitor.trainer.seen_batches():
        for row, row_targets in zip(tokens, targets, strict=True):
            letters = [*row[1:], *row_targets[row_targets >= 0][-1:]]
            trained_on.add("".join(chr(97 + token) for token in letters if token < 26))
    assert len(trained_on) == 100
    check = monitor.trainer.memorization_check
    for text in [*list(trained_on)[:5], "anna", "xqzj", names[0], names[-1]]:
        other = "in the list, not trained on" if text in list(names) else "new"
        assert check(text) == ("trained on" if text in trained_on else other)
    assert all(label == check(text) for text, label in monitor.state.snapshots[-1].samples)
    assert monitor.perplexity(0) == pytest.approx(np.exp(monitor.state.snapshots[0].loss))


def test_the_curve_has_the_loss_of_every_step(names):
    monitor = TrainingMonitor(mg.GPT(backend="numpy"), names, steps=30)
    history = monitor.trainer.history
    np.testing.assert_array_equal(monitor.state.losses, [step.loss for step in history])
    assert monitor.state.seconds == pytest.approx(sum(step.seconds for step in history))
    assert monitor.state.steps_done == 30


def test_counted_pairs_stand_beside_the_loss_from_the_beginning(names):
    """Their line is drawn before the first step, by the same numbers as at the end."""
    shown = []

    class Watched(TrainingMonitor):
        def sync_controls(self):
            super().sync_controls()
            shown.append(self.state)

    monitor = Watched(mg.GPT(backend="numpy"), names, steps=30)
    before = next(state for state in shown if state.bigram is not None)
    assert before.steps_done == 0
    assert not before.bigram.is_compared
    assert monitor.state.bigram.is_compared
    assert before.bigram.loss == pytest.approx(monitor.state.bigram.loss)


def test_snapshots_are_at_the_beginning_the_end_and_the_largest_powers_of_ten():
    assert [choose_snapshot_steps(steps) for steps in (1, 10, 11, 1000, 1001, 100_000)] == [
        (0, 1), (0, 10), (0, 10, 11), (0, 10, 100, 1000), (0, 100, 1000, 1001),
        (0, 1000, 10_000, 100_000),
    ]  # fmt: skip


def test_the_button_for_what_can_be_done_is_the_primary_one(names, monkeypatch):
    def primary(monitor):
        buttons = {"Stop": monitor.stop_button, "Go on": monitor.resume_button}
        return [name for name, one in buttons.items() if "mg-primary" in one._dom_classes]

    monitor = TrainingMonitor(mg.GPT(backend="numpy"), names, steps=5)
    buttons = (monitor.stop_button, monitor.resume_button)
    assert primary(monitor) == []
    assert [one.layout.display for one in buttons] == ["none", "none"]  # nothing is left to do
    monitor.update(replace, status="training", steps_done=3)
    assert not [one for one in buttons if one.layout.display == "none"]
    assert primary(monitor) == ["Stop"]
    monitor.update(replace, status="stopped")
    assert primary(monitor) == ["Go on"]


def test_token_ids_without_a_tokenizer_have_losses_and_no_texts():
    tokens = np.random.default_rng(0).integers(0, 27, 2000)
    monitor = TrainingMonitor(mg.GPT(backend="numpy"), tokens, steps=10)
    assert monitor.state.status == "finished"
    assert "tokens" in monitor.caption
    assert all(snapshot.samples == () for snapshot in monitor.state.snapshots)
    assert monitor.state.bigram is None


def test_a_run_that_has_ended_keeps_its_snapshots_when_it_is_started_again(names):
    monitor = TrainingMonitor(mg.GPT(backend="numpy"), names, steps=10)
    assert monitor.resume_button.disabled
    before = monitor.state.snapshots
    assert [snapshot.step for snapshot in before] == [0, 10]
    monitor.start()
    assert len(monitor.trainer.history) == 10
    assert monitor.state.status == "finished"
    for old, new in zip(before, monitor.state.snapshots, strict=True):
        assert new is old  # not evaluated and sampled anew
    assert monitor.resume_button.disabled
    assert monitor.stop_button.disabled


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_it_ends_better_than_counting_pairs(names, seed):
    monitor = TrainingMonitor(mg.GPT(seed=seed, backend="numpy"), names, seed=seed)
    last, bigram = monitor.state.snapshots[-1], monitor.state.bigram
    assert last.loss < bigram.loss
    assert bigram.improvement > 2 * bigram.stderr
    assert "better than counting pairs" in monitor.caption


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_steps_a_hundred_times_larger_end_worse_than_knowing_nothing(names, seed):
    monitor = TrainingMonitor(mg.GPT(seed=seed, backend="numpy"), names, lr=1.0, seed=seed)
    first, last = monitor.state.snapshots[0], monitor.state.snapshots[-1]
    assert last.loss > 1.5 * monitor.state.uniform_loss
    assert first.loss > monitor.state.uniform_loss
    # With a heavy tail of losses, such as 57 ± 30, two standard errors reach far.
    verdict = monitor.compare_to_baselines()
    assert verdict in ("worse than knowing nothing", "no better than knowing nothing")
    assert f"That is {verdict} (3.30); " in monitor.caption
    assert "surer of wrong letters than a uniform guess" in monitor.caption


def test_training_beside_a_notebook_can_be_stopped_and_goes_on(names, monkeypatch):
    from microgpt.widgets import training_monitor as module

    runs = itertools.count()
    monkeypatch.setattr(module, "current_cell", lambda: ("cell", str(next(runs))))
    monitor = TrainingMonitor(mg.GPT(backend="numpy"), names, steps=100_000)
    wait_until(lambda: len(monitor.trainer.history) > 20)
    monitor.stop_button.click()
    steps_at_click = len(monitor.trainer.history)
    assert monitor.wait() is monitor
    assert monitor.state.status == "stopped"
    steps_done = len(monitor.trainer.history)
    assert steps_done <= steps_at_click + 1  # it stops after its present step
    assert monitor.state.steps_done == steps_done < 100_000
    monitor.resume_button.click()
    wait_until(lambda: len(monitor.trainer.history) > steps_done)
    again = TrainingMonitor(mg.GPT(backend="numpy"), names, steps=20)  # the same cell runs again
    assert not monitor.worker.thread.is_alive()
    again.wait()
    assert again.state.status == "finished"
    assert mg.widgets.errors() == []


def test_training_that_fails_says_so_and_can_go_on(names, monkeypatch):
    from microgpt.widgets import panel

    monkeypatch.setattr(panel, "_errors", [])
    with monkeypatch.context() as broken:
        broken.setattr(mg.Trainer, "__next__", lambda self: 1 / 0)
        monitor = TrainingMonitor(mg.GPT(backend="numpy"), names, steps=5)
    assert monitor.state.status == "failed"
    assert "Training ended early: ZeroDivisionError" in monitor.caption
    assert len(mg.widgets.errors()) == 1
    assert not monitor.resume_button.disabled
    monitor.resume_button.click()
    assert [snapshot.step for snapshot in monitor.state.snapshots] == [0, 5]
    assert monitor.state.status == "finished"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_breaks_is_said(names):
    monitor = TrainingMonitor(mg.GPT(backend="numpy"), names, steps=100, lr=1e20)
    assert monitor.state.status == "failed"
    assert "Training ended early" in monitor.caption
    assert mg.widgets.errors() == []  # the learner's doing, not a fault inside


def test_without_validation_data(names):
    monitor = TrainingMonitor(mg.GPT(backend="numpy"), names, steps=10, val_fraction=0)
    assert "nan" not in monitor.caption
    assert "nan" not in monitor.picture.value
    assert monitor.compare_to_baselines() == "nothing is held out, so nothing can be said"
    few = mg.load_corpus(text="anna\nbert\ncleo")
    config = mg.GPTConfig.microgpt(vocab_size=few.tokenizer().vocab_size)
    monitor = TrainingMonitor(mg.GPT(config, backend="numpy"), few, steps=20)
    assert "nan" not in monitor.caption


def test_overfitting_is_said():
    fifty = mg.load_corpus(text="\n".join(list(mg.load_corpus("names-mini"))[::132]))
    config = mg.GPTConfig.microgpt(vocab_size=fifty.tokenizer().vocab_size)
    monitor = TrainingMonitor(mg.GPT(config, backend="numpy"), fifty)
    expected = "Since step 100 it is learning its list by heart: overfitting."
    assert expected in monitor.caption


@pytest.mark.parametrize(
    "text",
    ["José\nŁukasz\n王芳\nanna", "\ufeffanna\r\nbert\r\n\r\ncleo", "a\nb\nc",
     "👩\u200d🚀\nسلام\n<b>"],
    ids=["scripts", "windows", "three", "signs"],
)  # fmt: skip
def test_any_list_trains_samples_and_draws(text):
    corpus = mg.load_corpus(text=text)
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=corpus.tokenizer().vocab_size), backend="numpy")
    monitor = TrainingMonitor(model, corpus, steps=20)
    assert monitor.state.status == "finished"
    assert "<b>" not in monitor.picture.value
    assert monitor.png().startswith(b"\x89PNG")
    name = corpus[0]
    assert mg.widgets.TextLikelihood(model, corpus, name).caption
    panel = mg.widgets.SamplingExplorer(monitor.trainer)
    panel.finish_button.click()
    assert mg.widgets.forward_pass(model, name[:2], corpus).png().startswith(b"\x89PNG")
    assert mg.widgets.errors() == []


def test_a_list_that_cannot_be_split_is_refused_in_a_sentence():
    corpus = mg.load_corpus(text="anna")
    with pytest.raises(mg.FormatError, match="two are needed"):
        TrainingMonitor(mg.GPT(mg.GPTConfig.microgpt(vocab_size=3), backend="numpy"), corpus)


def test_wrong_arguments_are_one_sentence(names):
    with pytest.raises(mg.SettingError, match="model must be a GPT; got str"):
        TrainingMonitor("names", names)
    with pytest.raises(mg.SettingError, match="load_corpus"):
        TrainingMonitor(mg.GPT(backend="numpy"), "names-mini")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_nan_ends_the_training(names):
    monitor = TrainingMonitor(mg.GPT(backend="numpy"), names, steps=50, lr=1e30)
    assert monitor.state.status == "failed"
    done = len(monitor.trainer.history)  # at the first such loss, not at the next snapshot
    assert done < 10
    assert f"the loss became nan at step {done}; train a new model" in monitor.caption
    assert "smaller lr than 1e+30" in monitor.caption
