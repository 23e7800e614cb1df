"""The guessing game asks for validation names, and keeps the probabilities until the guess."""

import re
from dataclasses import replace

import numpy as np
import pytest

import microgpt as mg


def test_it_asks_three_validation_names():
    corpus = mg.load_corpus("names-mini")
    panel = mg.widgets.GuessNext("names")
    first = panel.state
    validation = corpus.split()[1].documents
    for prefix_ids, target in zip(first.prefixes, first.targets, strict=True):
        prefix = first.source.tokenizer.decode(prefix_ids)
        follows = {name[len(prefix) :][:1] for name in validation if name.startswith(prefix)}
        assert first.source.labels[target].replace("⟨BOS⟩", "") in follows
    assert "Choose the letter" in panel.caption
    assert not re.search(r"\d %", panel.picture.value)  # no probability before the guess
    for index in range(3):
        panel.token_select.value = panel.state.targets[index] if index else 25
        panel.guess_button.click()
        assert "You said" in panel.caption
        if index < 2:
            panel.next_button.click()
    assert "You were right in 2 of 3 rounds" in panel.caption
    assert panel.next_button.disabled
    panel.restart_button.click()
    assert panel.state.guesses == ()
    assert panel.state.names != first.names


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


def test_the_scores_are_counted_over_all_rounds(game):
    likeliest = []
    for token_ids in game.prefixes:
        logits = game.source.next_token_logits(len(token_ids), token_ids)
        likeliest.append(int(np.argmax(logits)))
    wrong = [(token + 1) % 26 for token in game.targets]
    model_score = sum(map(int.__eq__, likeliest, game.targets))
    for right in range(4):
        played = game
        for guess in [*game.targets[:right], *wrong[right:]]:
            played = played.next_round().with_guess(guess)
        assert played.view().scores == (right, model_score)
    certain = replace(game, targets=tuple(likeliest), guesses=tuple(likeliest), index=2)
    assert certain.view().scores == (3, 3)
