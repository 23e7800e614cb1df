"""The likelihood of a typed text, whatever is typed."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.widgets import view_memory
from microgpt.widgets.model_lookup import LONG_TAIL, load_source
from microgpt.widgets.sampling_trace import SamplingTrace
from microgpt.widgets.text_likelihood import LikelihoodSection


def test_any_text():
    panel = mg.widgets.TextLikelihood("names", "anna")
    assert panel.caption.startswith("“anna” (trained on): 1 in ")
    caption = panel.caption
    panel.text_box.value = " Anna "
    assert panel.caption == caption
    panel.name_buttons[2].click()
    assert "“xqzj” (new)" in panel.caption
    for text in ("José", "Łukasz", "王芳", "שלום", "<b>", "a" * 10_000, "  ", ""):
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
    assert f"“{trained_on}” (trained on): 1 in " in panel.caption
    assert "letters by frequency" in panel.picture.value
    panel.text_box.value = other
    assert f"“{other}” (in the list, not trained on)" in panel.caption


def test_a_text_stands_among_others_whose_likelihood_is_computed():
    corpus = mg.load_corpus(text="\n".join(["ab", "abb", "b"] * 20))
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=3), backend="numpy")
    panel = mg.widgets.TextLikelihood(model, corpus, text="ab", names=("b", "ab", "xyz"))
    scores = panel.framed_scores(panel.state)
    assert scores.random_nll == pytest.approx(3 * np.log(3))  # two letters and the end
    by_frequency, other = scores.references  # neither the text itself nor what it cannot read
    assert by_frequency.label == "letters by frequency"
    # a, b and the end come 2, 4 and 3 times in each nine
    assert by_frequency.nll == pytest.approx(-np.log(2 / 9 * 4 / 9 * 3 / 9))
    assert other.label == "b"
    assert other.nll == pytest.approx(mg.widgets.TextLikelihood(
        model, corpus, text="b", names=()
    ).state.scores().nll)  # fmt: skip
    panel.text_box.value = "xyz"
    assert panel.framed_scores(panel.state).references == ()


@pytest.mark.parametrize("is_named", [True, False])
def test_without_a_corpus_no_frequencies_are_claimed(is_named):
    tokenizer = mg.load_corpus("names-mini").tokenizer()
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=tokenizer.vocab_size), backend="numpy")
    own = {"model": model, "tokenizer": tokenizer}
    panel = mg.widgets.TextLikelihood(**({"model": "names"} if is_named else own))
    assert ("letters by frequency" in panel.picture.value) is is_named


def test_running_the_cell_again_keeps_the_typed_text(monkeypatch):
    run = iter("abc")
    monkeypatch.setattr(view_memory, "_views_by_cell", {})
    monkeypatch.setattr(view_memory, "current_cell", lambda: ("cell", next(run)))
    corpus = mg.load_corpus("names-mini")

    def make(text="anna"):
        model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
        return mg.widgets.TextLikelihood(model, corpus, text=text)

    first = make()
    first.text_box.value = "maria"
    again = make()
    assert again.text_box.value == "maria"
    assert "“maria”" in again.caption
    assert again.state.source is not first.state.source
    again.name_buttons[1].click()
    assert "“kevin”" in again.caption
    assert "“ben”" in make(text="ben").caption


def section(trace):
    """A section of the explorer, unfolded, and what it says."""
    likelihood = LikelihoodSection(lambda: trace, lambda action: action())
    likelihood.toggle.value = True
    return likelihood, lambda: likelihood.answer.value


def test_what_is_typed_into_the_explorer_is_text():
    likelihood, answer = section(SamplingTrace(load_source("names"), "an"))
    for text, part in (("<b>", "never met “&lt;"), ("anna", "1 in "), ("", "Type a name")):
        likelihood.text_box.value = text
        assert part in answer()
        assert "<b>" not in answer()
    assert "mg-live" in likelihood.answer._dom_classes  # heard when it changes


def test_the_explorer_says_what_its_filters_cut():
    cut = mg.SampleConfig(top_k=2)
    likelihood, answer = section(SamplingTrace(load_source("names"), "an", cut))
    likelihood.text_box.value = "xqzj"
    assert "cannot be produced: “x” as the first letter has rank" in answer()


def test_numbers_of_no_text_have_no_section():
    panel = mg.widgets.SamplingExplorer("names")
    toggle, content = panel.likelihood.toggle, panel.likelihood.content
    assert (toggle.layout.display, content.layout.display) == ("", "none")
    toggle.value = True
    panel.likelihood.text_box.value = "anna"
    assert content.layout.display == ""
    panel.model_select.value = LONG_TAIL
    assert (toggle.layout.display, content.layout.display) == ("none", "none")
    panel.likelihood.text_box.value = "kevin"
    panel.model_select.value = "names"
    assert (toggle.layout.display, content.layout.display) == ("", "")
    assert "“kevin”" in panel.likelihood.answer.value
    assert mg.widgets.errors() == []


def test_capitals_are_not_blamed_for_what_is_unknown():
    panel = mg.widgets.TextLikelihood("names", "Anna Maria")
    note = "Capitals are read as small letters."
    assert "“␣”" in panel.caption
    assert "“A”" not in panel.caption
    assert "“M”" not in panel.caption
    assert "“Anna Maria”" in panel.caption
    assert panel.caption.endswith(note)
    panel.text_box.value = "anna maria"
    assert "“␣”" in panel.caption
    assert note not in panel.caption
    likelihood, answer = section(SamplingTrace(load_source("names"), "an"))
    likelihood.text_box.value = "Anna Maria"
    assert note in answer()
    likelihood.text_box.value = " Anna "
    assert "“anna” (trained on): 1 in " in answer()
