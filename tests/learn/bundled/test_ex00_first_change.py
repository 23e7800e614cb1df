"""00.first_change: runs that changed nothing, one thing or several."""

import threading

import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn import time_limit

ID = "00.first_change"


def new_model(**config):
    return mg.GPT(mg.GPTConfig.microgpt(**config), backend="numpy")


def train(model, steps, **config):
    trainer = mg.Trainer(model, mg.load_corpus("names-mini"), mg.TrainConfig(steps=steps, **config))
    trainer.run()
    return trainer


@pytest.mark.slow
def test_changes_are_counted():
    assert learn.check(ID, train(new_model(), 20))
    evaluated = train(new_model(), 5, eval_every=2, num_samples=3)
    assert learn.check(ID, evaluated), "settings without an effect on the training"
    two = train(new_model(n_embd=8), 5)
    assert "two things changed, width and steps" in learn.check(ID, two).cause
    corpus = mg.load_corpus(text="anna\nbob\ncleo\n" * 3)
    model = new_model(n_layer=2, vocab_size=corpus.tokenizer().vocab_size)
    three = mg.Trainer(model, corpus, mg.TrainConfig(steps=5))
    three.run()
    assert "three things changed, layers, steps and list" in learn.check(ID, three).cause


def test_answers_that_are_no_finished_run():
    trainer = mg.Trainer(new_model(), mg.load_corpus("names-mini"), mg.TrainConfig(steps=10))
    next(trainer)
    result = learn.check(ID, trainer)
    assert "stopped after 1 of 10 steps" in result.cause
    assert "does not hold: The training has run to its end." in repr(result)
    assert "got: 1 of 10 steps" in repr(result)
    assert "That is a model" in learn.check(ID, trainer.model).cause
    assert "a dict" in learn.check(ID, {}).cause


@pytest.mark.slow
def test_the_model_of_a_run_must_be_new():
    model = new_model()
    assert learn.check(ID, train(model, 150))
    again = learn.check(ID, train(model, 200))
    assert again.property == "The training began with a new model."
    assert "Start from a new one: mg.GPT" in again.cause
    assert (again.expected, round(again.got, 2) < 2.97) == ("near 3.30, which is ln 27", True)


@pytest.mark.slow
def test_the_success_message_has_the_validation_loss(monkeypatch):
    monkeypatch.setattr(time_limit, "CPU_LIMIT", 120)  # a busy machine gets its time
    monkeypatch.setattr(time_limit, "WALL_LIMIT", 240)
    result = learn.check(ID, train(new_model(), 40))
    evaluation = train(new_model(), 40).evaluate()
    loss = f"{evaluation.loss:.2f} ± {evaluation.stderr:.2f}"
    message = f"With steps = 40 your run ends at {loss} on held-out texts."
    assert result.success_message == result.message == message
    assert message in result._repr_html_()
    corpus = mg.load_corpus(text="\n".join(f"{a}{b}{a}" for a in "abcdefgh" for b in "aeiou"))
    other = mg.Trainer(new_model(vocab_size=corpus.tokenizer().vocab_size), corpus)
    other.run()
    assert "With your list the run ends at" in learn.check(ID, other).success_message


class View:
    """Trains beside the notebook and keeps its trainer, as the TrainingMonitor does."""

    def __init__(self, steps, trained_steps):
        self.trainer = mg.Trainer(
            new_model(), mg.load_corpus("names-mini"), mg.TrainConfig(steps=steps)
        )
        self.trained_steps, self.waited = trained_steps, False

    def wait(self):
        self.waited = True
        while len(self.trainer.history) < self.trained_steps:
            next(self.trainer)


def test_a_run_beside_the_notebook_is_waited_for(monkeypatch):
    view = View(30, trained_steps=30)
    assert learn.check(ID, view)
    assert view.waited
    stopped = learn.check(ID, View(1100, trained_steps=10))
    assert "It is at step 10 of 1,100: let it train to the last page" in stopped.cause
    assert "press Go on" in learn.check(ID, View(1100, trained_steps=0)).cause
    monkeypatch.setattr("microgpt.learn.bundled.ex00_first_change.MAX_WAIT", 0.3)
    slow = View(30, trained_steps=30)
    release = threading.Event()
    slow.wait = lambda: release.wait(60)
    assert learn.check(ID, slow).state == "not yet"
    release.set()
