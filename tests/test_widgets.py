"""The other views: the game, the album, the bars of a name, predictions."""

import itertools
import re
import threading
import time

import numpy as np
import pytest

import microgpt as mg
from microgpt.learn.predictions import predict, reveal
from microgpt.widgets.notebook_context import live_cell
from microgpt.widgets.training_monitor import Album
from microgpt.widgets.workers import Latest, Worker


@pytest.fixture(scope="module")
def names():
    return mg.load_corpus("names-mini")


def test_guess_next_asks_three_held_out_names(names):
    game = mg.widgets.GuessNext("names")
    first = game.state.rounds
    held_out = names.split()[1].documents
    for beginning, letter in game.state.rounds:
        follows = {name[len(beginning) :][:1] for name in held_out if name.startswith(beginning)}
        assert game.state.origin.label(letter).replace("⟨BOS⟩", "") in follows
    assert "Choose the letter" in game.sentence
    assert not re.search(r"\d %", game.picture.value)  # no chance before the guess
    for place in range(3):
        game.letter.value = game.state.rounds[place][1] if place else 25
        game.guess.click()
        assert "You said" in game.sentence
        if place < 2:
            game.following.click()
    assert "You were right in 2 of 3 rounds" in game.sentence
    assert game.following.disabled
    game.again.click()
    assert game.state.guesses == ()
    assert game.state.rounds != first
    with pytest.raises(mg.SettingError, match="needs a model of names"):
        mg.widgets.GuessNext("story")
    model = mg.GPT(backend="numpy")
    mg.Trainer(model, names)
    with pytest.raises(mg.SettingError, match="needs its corpus"):
        mg.widgets.GuessNext(model)


def test_how_likely(names):
    view = mg.widgets.HowLikely("names", "anna")
    assert view.sentence.startswith('"anna" (trained on): 1 in ')
    shown = view.sentence
    view.typed.value = " Anna "
    assert view.sentence == shown
    view.buttons[2].click()
    assert '"xqzj" (new)' in view.sentence
    for text in ("José", "Łukasz", "王芳", "<b>", "a" * 10_000, "  ", ""):
        view.typed.value = text
        assert view.sentence
        assert not view.error
        assert "<b>" not in view.picture.value
    with pytest.raises(mg.SettingError, match="reads no text"):
        mg.widgets.HowLikely("long tail (made-up numbers)")


def test_the_album_keeps_its_pages(names):
    model = mg.GPT(backend="numpy")
    album = Album(model, names, steps=100)
    assert [page.step for page in album.state.pages] == [0, 10, 100]
    assert album.state.said == "finished"
    assert album.model is model
    assert len(album.trainer.history) == 100
    assert album.state.pages[0].loss == pytest.approx(
        mg.Trainer(mg.GPT(backend="numpy"), names).evaluate().loss
    )
    assert album.state.pages[-1].loss == pytest.approx(album.trainer.evaluate().loss)
    for page in album.state.pages:
        assert len(page.texts) == 5
        assert f"{page.loss:.2f}" in album.picture.value
    met = set()  # by hand: the letters of each row it was given
    for tokens, targets in album.trainer.seen():
        for row, wanted in zip(tokens, targets, strict=True):
            letters = [*row[1:], *wanted[wanted >= 0][-1:]]
            met.add("".join(chr(97 + token) for token in letters if token < 26))
    assert len(met) == 100
    for text in [*list(met)[:5], "anna", "xqzj", names[0], names[-1]]:
        known = "in the list, not trained on" if text in list(names) else "new"
        assert model.mark(text) == ("trained on" if text in met else known)
    assert all(mark == model.mark(text) for text, mark in album.state.pages[-1].texts)
    assert album.choices(0) == pytest.approx(np.exp(album.state.pages[0].loss))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_the_album_ends_better_than_counting_pairs(names, seed):
    album = Album(mg.GPT(seed=seed, backend="numpy"), names, seed=seed)
    last = album.state.pages[-1]
    assert last.loss < album.state.pairs.loss
    assert album.state.pairs.lead > 2 * album.state.pairs.error
    assert "better than counting pairs" in album.sentence


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_steps_a_hundred_times_larger_end_worse_than_knowing_nothing(names, seed):
    album = Album(mg.GPT(seed=seed, backend="numpy"), names, lr=1.0, seed=seed)
    first, last = album.state.pages[0], album.state.pages[-1]
    assert last.loss > 1.5 * album.state.blind
    assert first.loss > album.state.blind
    # With a heavy tail of losses, such as 57 ± 30, two standard errors reach far.
    assert album.verdict() in ("worse than knowing nothing", "no better than knowing nothing")
    assert f"{album.verdict()}." in album.sentence


def test_training_beside_a_notebook_can_be_stopped_and_goes_on(names, monkeypatch):
    from microgpt.widgets import training_monitor as module

    runs = itertools.count()
    monkeypatch.setattr(module, "live_cell", lambda: ("cell", str(next(runs))))
    album = Album(mg.GPT(backend="numpy"), names, steps=100_000)
    _until(lambda: len(album.trainer.history) > 20)
    begun = time.perf_counter()
    album.stop_button.click()
    assert album.wait() is album
    assert time.perf_counter() - begun < 0.5
    assert album.state.said == "stopped"
    done = len(album.trainer.history)
    assert album.state.done == done < 100_000
    album.go_on.click()
    _until(lambda: len(album.trainer.history) > done)
    again = Album(mg.GPT(backend="numpy"), names, steps=20)  # the same cell runs again
    assert not album.worker.thread.is_alive()
    again.wait()
    assert again.state.said == "finished"
    assert mg.widgets.errors() == []


def _until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_training_that_fails_says_so_and_can_go_on(names, monkeypatch):
    from microgpt.widgets import panel

    monkeypatch.setattr(panel, "_errors", [])
    with monkeypatch.context() as broken:
        broken.setattr(mg.Trainer, "__next__", lambda self: 1 / 0)
        album = Album(mg.GPT(backend="numpy"), names, steps=5)
    assert album.state.said == "failed"
    assert "Training ended early: ZeroDivisionError" in album.sentence
    assert len(mg.widgets.errors()) == 1
    assert not album.go_on.disabled
    album.go_on.click()
    assert [page.step for page in album.state.pages] == [0, 5]
    assert album.state.said == "finished"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_breaks_is_said(names):
    album = Album(mg.GPT(backend="numpy"), names, steps=100, lr=1e20)
    assert album.state.said == "failed"
    assert "Training ended early" in album.sentence
    assert mg.widgets.errors() == []  # the learner's doing, not a fault inside


def test_an_album_with_nothing_held_out(names):
    album = Album(mg.GPT(backend="numpy"), names, steps=10, held_out=0)
    assert "nan" not in album.sentence
    assert "nan" not in album.picture.value
    assert album.verdict() == "nothing is held out, so nothing can be said"
    few = mg.load_corpus(text="anna\nbert\ncleo")
    config = mg.GPTConfig.microgpt(vocab_size=few.tokenizer().vocab_size)
    album = Album(mg.GPT(config, backend="numpy"), few, steps=20)
    assert "nan" not in album.sentence


def test_learning_by_heart_is_said():
    fifty = mg.load_corpus(text="\n".join(list(mg.load_corpus("names-mini"))[::132]))
    config = mg.GPTConfig.microgpt(vocab_size=fifty.tokenizer().vocab_size)
    album = Album(mg.GPT(config, backend="numpy"), fifty)
    assert "It was better at step 100: since then it learns its list by heart." in album.sentence


@pytest.mark.parametrize(
    "text",
    ["José\nŁukasz\n王芳\nanna", "\ufeffanna\r\nbert\r\n\r\ncleo", "a\nb\nc",
     "👩\u200d🚀\nسلام\n<b>"],
    ids=["scripts", "windows", "three", "signs"],
)  # fmt: skip
def test_any_list_trains_samples_and_draws(text):
    corpus = mg.load_corpus(text=text)
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=corpus.tokenizer().vocab_size), backend="numpy")
    album = Album(model, corpus, steps=20)
    assert album.state.said == "finished"
    assert "<b>" not in album.picture.value
    assert album.png().startswith(b"\x89PNG")
    name = corpus[0]
    assert mg.widgets.HowLikely(model, corpus, name).sentence
    panel = mg.widgets.DialAndDice(model, corpus)
    panel.finish.click()
    picture = mg.viz.journey(model, name[:2])
    assert "<b>" not in picture.svg()
    assert mg.widgets.errors() == []


def test_a_list_that_cannot_be_split_is_refused_in_a_sentence():
    corpus = mg.load_corpus(text="anna")
    with pytest.raises(mg.FormatError, match="two are needed"):
        Album(mg.GPT(mg.GPTConfig.microgpt(vocab_size=3), backend="numpy"), corpus)


def test_predictions():
    guess = predict("00.test", "How many?", (1, 3, 10))
    assert "1, 3 or 10?" in guess.sentence
    guess.answer.value = 3
    assert guess.sentence == "You say 3. Run on to see."
    assert reveal("00.test", np.int64(1), "One.") == "You said 3; it is 1. One."
    assert guess.sentence == "You said 3; it is 1. One."
    guess.answer.value = 1
    assert guess.sentence == "You said 1, and it is 1. One."
    number = predict("00.number", "How long?", unit="letters")
    assert reveal("00.number", 28.94).startswith("It is 28.9 letters.")
    near = predict("00.near", "Among how many?", (1, 10, 27))
    near.answer.value = 27
    assert reveal("00.near", 28.94) == "You said 27, the nearest of these: it is 28.9."
    number.answer.value = 7
    assert number.sentence == "You said 7 letters; it is 28.9 letters."
    assert "<script>" not in predict("x", "<script>", (1, 2)).picture.value
    with pytest.raises(mg.SettingError, match="no prediction 'nope'"):
        reveal("nope", 1)
    with pytest.raises(mg.SettingError, match="two or more options in a tuple, or else a unit"):
        predict("x", "?")


def test_a_worker_gives_way_to_the_next_of_its_cell():
    order = []

    def work(stop):
        stop.wait(10)
        order.append("stopped")

    first = Worker(work, ("cell", "run 1"))
    first.start()
    beside = Worker(lambda stop: order.append("beside"), ("cell", "run 1"))
    beside.start()
    beside.wait()
    assert first.thread.is_alive()  # two of one run may live together
    second = Worker(lambda stop: order.append("second"), ("cell", "run 2"))
    second.start()
    second.wait()
    assert order == ["beside", "stopped", "second"]
    assert not first.thread.is_alive()


def test_only_the_latest_job_runs():
    done, latest = [], Latest()
    go = threading.Event()
    latest.submit(lambda: (go.wait(10), done.append(0)))
    for number in range(1, 6):
        latest.submit(lambda number=number: done.append(number))
    go.set()
    _until(lambda: 5 in done)
    assert done in ([0, 5], [5])


def test_outside_a_notebook_no_cell_runs():
    assert live_cell() is None  # no notebook here


def test_a_panel_survives_hands_on_four_threads():
    panel = mg.widgets.DialAndDice("names")

    def drag(offset):
        for step in range(60):
            panel.dials["temperature"].slider.value = (step * 0.05 + offset) % 2
            panel.dart.slider.value = (step * 0.013 + offset) % 0.999
            (panel.next if step % 3 else panel.back).click()

    threads = [threading.Thread(target=drag, args=(0.1 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    panel.header[-1].click()
    panel.dials["temperature"].slider.value = 1.0
    panel.dice.value = 5
    panel.dice.value = 1
    assert panel.picture.value.replace(panel.name, "") == mg.widgets.DialAndDice(
        "names"
    ).picture.value.replace(mg.widgets.DialAndDice("names").name, "")
    assert mg.widgets.errors() == []


def test_wrong_arguments_are_one_sentence(names):
    model = mg.GPT(backend="numpy")
    for call, message in (
        (lambda: Album("names", names), "takes a GPT"),
        (lambda: Album(model, "names-mini"), "load_corpus"),
        (lambda: mg.widgets.HowLikely("names", text=3), "a text is a string"),
        (lambda: mg.viz.journey(model, "ann", "names-mini"), "from mg.load_corpus"),
        (lambda: mg.viz.journey("gpt5", "ann"), "known: 'names', 'story'"),
        (lambda: predict("x", "?", 3), "two or more options"),
        (lambda: predict("x", "?", ("a",)), "two or more options"),
    ):
        with pytest.raises(mg.MicrogptError, match=message):
            call()
    assert "becomes 4 tokens" in repr(mg.viz.journey("names", "ann"))
    assert len(mg.widgets.HowLikely("names", names="anna").buttons) == 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_no_number_ends_the_album(names):
    album = Album(mg.GPT(backend="numpy"), names, steps=50, lr=1e30)
    assert album.state.said == "failed"
    assert "smaller lr than 1e+30" in album.sentence or "logits must be" in album.sentence


@pytest.mark.parametrize(("most", "step"), [(2.0, 0.05), (1.0, 0.01), (0.5, 0.01), (0.999, 0.001)])
def test_a_slider_stays_where_the_browser_put_it(most, step):
    """Whatever differs is sent to the browser, where it would undo a key pressed meanwhile."""
    from microgpt.widgets.controls import Dial

    def moved(number, _):
        dial.value = number

    dial = Dial(lambda *_: "dial", 0.0, most, step, moved)
    sent = []
    dial.slider.observe(lambda change: sent.append(change["new"]), "value")
    digits = len(str(step)) - 2
    places = [round(i * step, digits) for i in range(1, round(most / step) + 1)]
    for place in places:
        dial.slider.value = place
        assert dial.value == place
    assert sent == places
