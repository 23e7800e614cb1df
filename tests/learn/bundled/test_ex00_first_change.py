"""00.first_change: runs that changed nothing, one thing or several."""

import math
import threading
from dataclasses import replace

import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn import time_limit
from microgpt.learn.registry import find_exercise

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
    result = learn.check(ID, two)
    assert "Two things changed, width (it was 16) and steps (it was 1,000), so" in result.cause
    assert result.got == "width 8, steps 5"
    corpus = mg.load_corpus(text="anna\nbob\ncleo\n" * 3)
    model = new_model(n_layer=2, vocab_size=corpus.tokenizer().vocab_size)
    three = mg.Trainer(model, corpus, mg.TrainConfig(steps=5))
    three.run()
    assert (
        "Three things changed, layers (it was 1), steps (it was 1,000) and list (it was names-mini)"
        in learn.check(ID, three).cause
    )


def test_answers_that_are_no_finished_run():
    trainer = mg.Trainer(new_model(), mg.load_corpus("names-mini"), mg.TrainConfig(steps=10))
    next(trainer)
    result = learn.check(ID, trainer)
    assert "stopped after 1 of 10 steps" in result.cause
    assert "not reached yet: The training ran to its last step." in repr(result)
    assert "got: 1 of 10 steps" in repr(result)


@pytest.mark.slow
def test_the_model_of_a_run_must_be_new():
    model = new_model()
    assert learn.check(ID, train(model, 150))
    again = learn.check(ID, train(model, 200))
    assert again.property == "The training began with a new model."
    assert "Make a new one with mg.GPT" in again.cause
    assert (again.expected, round(again.got, 2) < 2.97) == ("near 3.30, which is ln 27", True)


@pytest.mark.slow
def test_the_success_message_has_the_validation_loss(monkeypatch):
    monkeypatch.setattr(time_limit, "CPU_LIMIT", 120)  # a busy machine gets its time
    monkeypatch.setattr(time_limit, "WALL_LIMIT", 240)
    result = learn.check(ID, train(new_model(), 40))
    evaluation = train(new_model(), 40).evaluate()
    loss = f"{evaluation.loss:.2f} ± {evaluation.stderr:.2f}"
    perplexity = f"a perplexity of {math.exp(evaluation.loss):.1f}. Knowing nothing has 27."
    message = f"With steps = 40 the held-out loss ends at {loss}, {perplexity}"
    assert result.success_message == result.message == message
    assert message in result._repr_html_()
    corpus = mg.load_corpus(text="\n".join(f"{a}{b}{a}" for a in "abcdefgh" for b in "aeiou"))
    other = mg.Trainer(new_model(vocab_size=corpus.tokenizer().vocab_size), corpus)
    other.run()
    message = learn.check(ID, other).success_message
    assert "With your list the loss on its held-out texts ends at" in message
    assert "Knowing nothing has 12." in message


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
    assert "It is at step 10 of 1,100: let it finish, with the button that" in stopped.cause
    assert "press the button that goes on" in learn.check(ID, View(1100, trained_steps=0)).cause
    monkeypatch.setattr("microgpt.learn.bundled.ex00_first_change.MAX_WAIT", 0.3)
    slow = View(30, trained_steps=30)
    release = threading.Event()
    slow.wait = lambda: release.wait(60)
    assert learn.check(ID, slow).state == "not yet"
    release.set()


def monitor(steps=5, lr=0.01, **config):
    model, names = new_model(**config), mg.load_corpus("names-mini")
    return mg.widgets.TrainingMonitor(model, names, steps=steps, lr=lr)


NAMES_THE_RUN = "mg.widgets.TrainingMonitor(…)"


@pytest.mark.parametrize(
    ("answer", "got", "cause"),
    [
        (lambda run: run.model, "something of the type GPT", "That is a model, not a training"),
        (lambda run: mg.GPTConfig.microgpt(n_embd=32), "of the type GPTConfig", "That is a config"),
        (lambda run: mg.TrainConfig(steps=2), "of the type TrainConfig", "That is a config"),
        (lambda run: mg.Trainer, "Trainer", "That is the class Trainer itself: call it"),
        (lambda run: mg.widgets.TrainingMonitor, "TrainingMonitor", "the class TrainingMonitor"),
        (lambda run: run.run, "run", "without the parentheses that would call it"),
        (lambda run: lambda: run, "<lambda>", "without the parentheses that would call it"),
        (lambda run: (run,), "of the type tuple", "The run is inside a tuple"),
        (lambda run: (run.model, run), "of the type tuple", "The run is inside a tuple"),
        (lambda run: [run], "of the type list", "The run is inside a list"),
        (lambda run: run.history, "of the type list", "That is a list of training steps"),
        (lambda run: None, "None", "None is what a call without a result gives"),
        (lambda run: [], "of the type list", "my_run is of the type list. Put"),
        (lambda run: {"n_embd": 32}, "of the type dict", NAMES_THE_RUN),
        (lambda run: "n_embd=32", "n_embd=32", NAMES_THE_RUN),
        (lambda run: 32, 32, NAMES_THE_RUN),
        (lambda run: run.evaluate(), "of the type Evaluation", NAMES_THE_RUN),
        (lambda run: mg.load_corpus("names-mini"), "of the type Corpus", NAMES_THE_RUN),
    ],
)
def test_an_answer_that_is_no_run_is_named(answer, got, cause):
    result = learn.check(ID, answer(train(new_model(), 2)))
    assert result.state == "not yet"
    assert str(got) in str(result.got)
    assert cause in result.cause
    assert result.expected == "a TrainingMonitor or a Trainer that has run"


def test_a_monitor_is_judged_as_its_trainer_is():
    assert learn.check(ID, monitor())
    assert "Two things changed, width" in learn.check(ID, monitor(n_embd=8)).cause


def test_a_training_that_failed_says_how():
    failed = monitor()
    failed.trainer = View(30, trained_steps=2).trainer
    next(failed.trainer)
    failed.update(replace, status="failed", error="the loss became nan; use a smaller lr")
    result = learn.check(ID, failed)
    assert "ended in an error after 1 of 30 steps: the loss became nan; use a" in result.cause


def test_the_button_is_called_what_it_says():
    stopped = monitor()
    stopped.trainer = View(30, trained_steps=0).trainer  # as if stopped before its first step
    assert (
        f"press {stopped.resume_button.description} in its view" in learn.check(ID, stopped).cause
    )


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda: mg.GPTConfig.microgpt(width=32), "the width is set in mg.GPTConfig.microgpt(n_"),
        (lambda: mg.GPT(n_embd=32), "the width is set in mg.GPTConfig.microgpt(n_embd=…)"),
        (lambda: monitor(n_steps=3), "mg.widgets.TrainingMonitor(model, names, steps=…"),
        (lambda: mg.GPTConfig.microgpt(32), "Give each setting its name"),
        (lambda: mg.GPTConfig.microgpt(n_embd=30), "for example mg.GPTConfig.microgpt(n_embd=32)"),
        (
            lambda: mg.widgets.TrainingMonitor(
                mg.GPTConfig.microgpt(), mg.load_corpus("names-mini")
            ),
            "mg.GPT(…) makes a model from a config",
        ),
        (
            lambda: mg.widgets.TrainingMonitor(new_model(), "names"),
            "takes the loaded list after the model",
        ),
        (
            lambda: mg.Trainer(new_model(), mg.load_corpus(text="anna\nbob\n" * 9)),
            "the model needs a token for each of them",
        ),
    ],
)
def test_errors_that_the_cell_may_end_in_have_their_cause(make, cause):
    with pytest.raises(Exception) as error:  # noqa: PT011
        make()
    message = f"{error.type.__name__}: {error.value}"
    causes = [text for part, text in find_exercise(ID).cell_errors.items() if part in message]
    assert cause in causes[0]
