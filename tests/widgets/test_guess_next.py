"""The guessing game asks for validation names, and keeps the probabilities until the guess."""

import re

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
