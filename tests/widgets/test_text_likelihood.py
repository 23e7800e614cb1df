"""The likelihood of a typed text, whatever is typed."""

import pytest

import microgpt as mg


def test_any_text():
    panel = mg.widgets.TextLikelihood("names", "anna")
    assert panel.caption.startswith('"anna" (trained on): 1 in ')
    caption = panel.caption
    panel.text_box.value = " Anna "
    assert panel.caption == caption
    panel.name_buttons[2].click()
    assert '"xqzj" (new)' in panel.caption
    for text in ("José", "Łukasz", "王芳", "<b>", "a" * 10_000, "  ", ""):
        panel.text_box.value = text
        assert panel.caption
        assert not panel.error
        assert "<b>" not in panel.picture.value
    with pytest.raises(mg.SettingError, match="must be one that reads text"):
        mg.widgets.TextLikelihood("long tail (made-up numbers)")


def test_wrong_arguments_are_one_sentence():
    with pytest.raises(mg.SettingError, match="text must be a string; got int"):
        mg.widgets.TextLikelihood("names", text=3)
    assert len(mg.widgets.TextLikelihood("names", names="anna").name_buttons) == 1


def test_a_trainer_brings_its_tokenizer_and_what_it_was_trained_on():
    corpus = mg.load_corpus("names-mini")
    trainer = mg.Trainer(mg.GPT(backend="numpy"), corpus, mg.TrainConfig(steps=3))
    trainer.run()
    trained_on = next(name for name in corpus if trainer.memorization_check(name) == "trained on")
    other = next(name for name in corpus if trainer.memorization_check(name) != "trained on")
    panel = mg.widgets.TextLikelihood(trainer, text=trained_on)
    assert f'"{trained_on}" (trained on): 1 in ' in panel.caption
    panel.text_box.value = other
    assert f'"{other}" (in the list, not trained on)' in panel.caption


def test_what_is_typed_into_the_explorer_is_text():
    explorer = mg.widgets.SamplingExplorer("names")
    explorer.likelihood.toggle.value = True
    for text, part in (("<b>", "never met &#x27;&lt;"), ("anna", "1 in "), ("", "Type a name")):
        explorer.likelihood.text_box.value = text
        assert part in explorer.likelihood.answer.value
        assert "<b>" not in explorer.likelihood.answer.value


def test_capitals_are_not_blamed_for_what_is_unknown():
    panel = mg.widgets.TextLikelihood("names", "Anna Maria")
    note = "Capitals are read as small letters."
    assert "'␣'" in panel.caption
    assert "'A'" not in panel.caption
    assert "'M'" not in panel.caption
    assert '"Anna Maria"' in panel.caption
    assert panel.caption.endswith(note)
    panel.text_box.value = "anna maria"
    assert "'␣'" in panel.caption
    assert note not in panel.caption
    explorer = mg.widgets.SamplingExplorer("names")
    explorer.likelihood.toggle.value = True
    explorer.likelihood.text_box.value = "Anna Maria"
    assert note in explorer.likelihood.answer.value
    explorer.likelihood.text_box.value = " Anna "
    assert "&quot;anna&quot; (trained on): 1 in " in explorer.likelihood.answer.value
