"""The guessing game asks for validation names, and keeps the probabilities until the guess."""

import re
from dataclasses import replace

import numpy as np
import pytest
from waiting import wait_until

import microgpt as mg
from microgpt.data import Corpus
from microgpt.widgets import game_panel as game_panel_module
from microgpt.widgets import panel as panel_module


def test_it_asks_three_validation_names():
    corpus = mg.load_corpus("names-mini")
    panel = mg.widgets.GuessNext("names")
    first = panel.state
    validation = corpus.split()[1].documents
    for prefix_ids, target in zip(first.prefixes, first.targets, strict=True):
        prefix = first.source.tokenizer.decode(prefix_ids)
        follows = {name[len(prefix) :][:1] for name in validation if name.startswith(prefix)}
        assert first.source.labels[target].replace("⟨BOS⟩", "") in follows
    assert "Click a key to guess." in panel.caption
    assert not re.search(r"\d ?%", panel.picture.value.partition("<style>")[0])
    for index in range(3):
        assert panel.next_button.description == "Next round"
        panel.keys[panel.state.targets[index] if index else 25].click()
        assert "You said" in panel.caption
        if index < 2:
            assert panel.next_button.description == "Next round"
            panel.next_button.click()
    assert "Final score in 3 rounds: you 2," in panel.caption
    assert panel.next_button.description == "Play again"
    panel.next_button.click()
    assert panel.state.guesses == ()
    assert panel.state.names != first.names
    assert mg.widgets.errors() == []


def test_there_is_a_button_for_each_token_and_one_click_guesses():
    panel = mg.widgets.GuessNext("names")
    assert [key.description for key in panel.keys] == [*"abcdefghijklmnopqrstuvwxyz", "end"]
    panel.keys[26].click()
    assert panel.state.guesses == (26,)
    assert "You said the end" in panel.caption
    panel.keys[3].click()  # out of sight, and without effect
    assert panel.state.guesses == (26,)


def test_bars_grow_only_out_of_keys_that_were_seen(monkeypatch):
    monkeypatch.setattr(panel_module, "MOTION_PAUSE", -1)
    panel = mg.widgets.GuessNext("names")
    panel.keys[0].click()
    assert "mg-gr" in panel.picture.value
    panel.redraw()
    assert "mg-gr" not in panel.picture.value


def test_it_needs_a_model_of_names():
    with pytest.raises(mg.SettingError, match="must be a model of names; got 'story'"):
        mg.widgets.GuessNext("story")
    model = mg.GPT(backend="numpy")
    mg.Trainer(model, mg.load_corpus("names-mini"))
    with pytest.raises(mg.SettingError, match="corpus must be given"):
        mg.widgets.GuessNext(model)


@pytest.fixture
def game():
    return mg.widgets.GuessNext("names").state


def test_a_round_has_one_guess(game):
    first = game.with_guess(3)
    assert first.guesses == (3,)
    assert first.with_guess(4) is first
    assert game.next_round() is game  # not before the guess
    second = first.next_round()
    assert (second.index, second.is_answered) == (1, False)
    assert second.with_guess(4).guesses == (3, 4)


def test_the_pieces_of_a_round_make_the_name(game):
    played = game
    for index in range(3):
        played = played.next_round().with_guess(0)
        view = played.view()
        target = view.labels[view.target].replace("⟨BOS⟩", "")
        assert "".join([*view.prefix, target, *view.rest]) == game.names[index] == view.name


def test_the_scores_count_the_answered_rounds(game):
    favourites = []
    for token_ids in game.prefixes:
        logits = game.source.next_token_logits(len(token_ids), token_ids)
        favourites.append(int(np.argmax(logits)))
    wrong = [(token + 1) % 26 for token in game.targets]
    model_score = sum(map(int.__eq__, favourites, game.targets))
    assert game.view().scores == (0, 0)
    for right in range(4):
        played = game
        for guess in [*game.targets[:right], *wrong[right:]]:
            played = played.next_round().with_guess(guess)
        assert played.view().scores == (right, model_score)
    certain = replace(game, targets=tuple(favourites), guesses=tuple(favourites[:2]), index=2)
    assert certain.view().scores == (2, 2)


def trained(names, **settings):
    corpus = Corpus("c", tuple(names))
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=corpus.tokenizer().vocab_size), backend="numpy")
    trainer = mg.Trainer(model, corpus, mg.TrainConfig(**settings))
    trainer.run()
    return trainer


def test_short_names_are_asked_if_there_are_no_longer_ones():
    names = ("王芳", "李明", "张伟", "刘洋", "陈静", "杨勇", "赵军", "黄敏", "周涛", "吴强")
    panel = mg.widgets.GuessNext(trained(names, steps=2, val_fraction=0.2, num_samples=1))
    assert len(panel.state.names) == 2
    for name, prefix, target in zip(
        panel.state.names, panel.state.prefixes, panel.state.targets, strict=True
    ):
        assert name.startswith(panel.state.source.tokenizer.decode(prefix))
        assert panel.state.source.labels[target] == name[1]


def test_names_that_it_was_trained_on_are_never_asked():
    names = [first + second for first in ("anna", "bert", "cora") for second in ("lia", "bo", "ny")]
    trainer = trained(names, steps=60, val_fraction=0.12, num_samples=1)
    held_out = set(trainer.validation_data.documents)
    assert len(held_out) == 1  # the game's own split holds out two
    assert set(mg.widgets.GuessNext(trainer).state.names) == held_out


def test_running_the_cell_again_keeps_the_rounds_and_takes_the_new_model(cell):
    corpus = mg.load_corpus("names-mini")
    panel = mg.widgets.GuessNext(mg.GPT(backend="numpy"), corpus)
    panel.keys[4].click()
    panel.next_button.click()
    panel.keys[5].click()
    cell()
    again = mg.widgets.GuessNext(mg.GPT(backend="numpy"), corpus)
    assert (again.state.guesses, again.state.index) == ((4, 5), 1)
    assert again.state.source is not panel.state.source
    cell()
    assert mg.widgets.GuessNext(mg.GPT(backend="numpy"), corpus, seed=9).state.guesses == ()
    assert mg.widgets.errors() == []


def test_a_game_of_other_names_goes_on_too(cell):
    panel = mg.widgets.GuessNext("names")
    for _ in range(3):
        panel.keys[0].click()
        panel.next_button.click()
    panel.keys[7].click()
    cell()
    again = mg.widgets.GuessNext("names")
    assert again.state.names == panel.state.names
    assert again.state.guesses == (7,)


def test_rounds_of_other_names_are_not_continued(game):
    other = replace(game, names=("x", "y", "z"), guesses=(1,))
    assert game.continue_from(other).guesses == ()
    assert game.continue_from(replace(game, guesses=(1,))).guesses == (1,)


def test_in_the_browser_the_focus_stays_in_the_view_and_the_still_picture_follows(monkeypatch):
    monkeypatch.setattr(game_panel_module, "in_control_message", lambda: True)
    monkeypatch.setattr(panel_module, "in_control_message", lambda: True)
    monkeypatch.setattr(panel_module, "STILL_PAUSE", 0)
    panel, focused, stills = mg.widgets.GuessNext("names"), [], []
    for widget in (panel.next_button, panel.keys[0]):
        monkeypatch.setattr(widget, "focus", lambda widget=widget: focused.append(widget))
    monkeypatch.setattr(panel, "update_static_output", lambda: stills.append(panel.caption))
    panel.keys[3].click()
    assert focused == [panel.next_button]
    wait_until(lambda: stills == [panel.caption])
    panel.next_button.click()
    assert focused[1:] == [panel.keys[0]]
    wait_until(lambda: len(stills) == 2)


def test_code_does_not_move_the_focus(monkeypatch):
    panel = mg.widgets.GuessNext("names")
    monkeypatch.setattr(panel.next_button, "focus", lambda: pytest.fail("the cursor left its cell"))
    panel.keys[3].click()
