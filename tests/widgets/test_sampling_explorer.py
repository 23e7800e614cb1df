"""The sampling explorer: what is moved is what changes, and the state is what is drawn."""

import re

import numpy as np
import pytest
from nine_words import LOGITS, WORDS
from svg import texts_of
from waiting import wait_until

import microgpt as mg
from microgpt.viz.sampler import draw_sampling
from microgpt.widgets.logits_source import FixedLogits
from microgpt.widgets.sampling_trace import SamplingTrace, texts_by_seed


def texts(trace, css_class):
    """The texts of one class in the picture of a trace."""
    return texts_of(draw_sampling(trace.view())[0], css_class)


HOSTILE = ["<img src=x onerror=alert(1)>", "a" * 10_000, "سلام", "👩\u200d🚀", "", "\x00\u202e"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_text_is_shown_as_text_or_refused(text):
    panel = mg.widgets.SamplingExplorer("names")
    height = re.search(r'style="height:\d+px"', panel.picture.value)[0]
    panel.prompt_box.value = text
    panel.likelihood.toggle.value = True
    panel.likelihood.text_box.value = text
    assert not panel.error
    assert height in panel.picture.value
    assert panel.picture.value.count("<svg") == 1
    for html in (panel.picture.value, panel.likelihood.answer.value):
        assert "<img" not in html
        assert "\x00" not in html
    if text:
        assert panel.state.prompt == ""  # refused: nothing else changed
        assert "vocabulary has no" in panel.caption or "at most" in panel.caption
        assert panel.png().startswith(b"\x89PNG")


def test_labels_of_any_kind_are_escaped():
    labels = ["<b>&", "שלום", "👩\u200d🚀", " x", "\n"]
    panel = mg.widgets.SamplingExplorer(logits=[5.0, 4, 3, 2, 1], labels=labels)
    assert "<b>" not in panel.picture.value
    assert "&lt;b&gt;&amp;" in panel.picture.value
    assert "\u2068שלום\u2069" in panel.picture.value
    assert panel.png().startswith(b"\x89PNG")


def test_back_restores_the_very_same_picture():
    panel = mg.widgets.SamplingExplorer("names")
    panel.sliders["temperature"].slider.value = 0.8
    pictures = [panel.picture.value]
    for _ in range(4):
        panel.accept_button.click()
        pictures.append(panel.picture.value)
    panel.finish_button.click()
    while panel.state.accepted:
        panel.undo_button.click()
        if len(panel.state.accepted) < len(pictures) and len(panel.state.accepted) <= 4:
            assert panel.picture.value == pictures[len(panel.state.accepted)]
    assert panel.undo_button.disabled


def test_each_control_does_what_it_says():
    panel = mg.widgets.SamplingExplorer("names")
    trace = panel.state
    for name, value in (("temperature", 0.65), ("top_k", 12), ("top_p", 0.8), ("min_p", 0.05)):
        panel.sliders[name].slider.value = value
        assert getattr(panel.state.params, name) == value
        assert panel.sliders[name].box.value == value
        panel.sliders[name].box.value = panel.sliders[name].box.min
        assert panel.sliders[name].slider.value == panel.sliders[name].slider.min
    assert panel.state.u == trace.u
    panel.sliders["top_k"].slider.value = 27
    panel.sliders["top_p"].box.value = 1.0
    panel.sliders["min_p"].box.value = 0.0
    panel.sliders["temperature"].box.value = 1.0
    assert panel.state.params == mg.SampleConfig()
    assert panel.sliders["top_k"].box.description == "top-k (off)"
    panel.sliders["temperature"].slider.value = 0.0
    assert panel.sliders["temperature"].box.description == "Temperature (greedy)"
    panel.sliders["temperature"].slider.value = 1.0

    panel.redraw_button.click()
    assert panel.state.u == mg.uniform(1, 1, 1)
    assert panel.u_slider.value == round(panel.state.u, 3)
    exact = panel.state.u
    panel.sliders["temperature"].slider.value = 0.5
    assert panel.state.u == exact  # the slider shows three digits, the panel keeps all
    panel.u_slider.slider.value = 0.25
    assert panel.state.u == 0.25
    assert "placed by hand" in panel.caption
    panel.seed_box.value = 7
    assert panel.state.u == mg.uniform(7, 1)
    panel.accept_button.click()
    panel.restart_button.click()
    assert not panel.state.accepted
    panel.prompt_box.value = "an"
    assert panel.state.token_ids == (26, 0, 13)
    panel.prompt_box.value = "anÖ"
    assert "'Ö'" in panel.caption
    assert panel.state.token_ids == (26, 0, 13)
    panel.model_select.value = "story"
    assert panel.state.source.name == "story"
    assert panel.sliders["top_k"].box.max == 59
    panel.model_select.value = "long tail (made-up numbers)"
    assert panel.prompt_box.disabled
    panel.sliders["top_k"].box.value = 50
    assert panel.state.params.top_k == 50
    panel.sliders["top_k"].slider.value = 101
    assert panel.state.params.top_k is None
    panel.model_select.value = "names"
    assert not panel.prompt_box.disabled
    assert mg.widgets.errors() == []


def test_sections_are_filled_when_they_open():
    panel = mg.widgets.SamplingExplorer("names")
    assert panel.numbers.content.value == ""
    panel.numbers.toggle.value = True
    before = panel.numbers.content.value
    assert "<details open>" in before
    panel.sliders["temperature"].slider.value = 0.5
    assert panel.numbers.content.value != before
    panel.texts.toggle.value = True
    wait_until(lambda: panel.texts.content.value)  # it is filled beside the hand, not under it
    for word in ("at these dials", "new"):
        assert word in panel.texts.content.value
    panel.likelihood.toggle.value = True
    typed, answer = panel.likelihood.text_box, panel.likelihood.answer
    typed.value = "anna"
    assert "(trained on): 1 in" in answer.value
    panel.sliders["top_k"].box.value = 5
    typed.value = "aq"
    assert re.search(r"'q' after 'a' has rank \d+, top-k 5 keeps 5", _plain(answer.value))
    typed.value = "Ö"
    assert "never met 'Ö'" in _plain(answer.value)


def _plain(html):
    from html import unescape

    return unescape(re.sub(r"<[^>]*>", "", html))


def test_a_finished_name_gets_its_memorization_label():
    panel = mg.widgets.SamplingExplorer("names", temperature=0.0)
    panel.finish_button.click()
    name = panel.state.text
    corpus = mg.load_corpus("names-mini")
    train, validation = corpus.split()
    (label,) = texts(panel.state, "memorization")
    expected = (
        "trained on" if name in list(train)
        else "in the list, not trained on" if name in list(validation) else "new"
    )  # fmt: skip
    assert label == expected
    assert not set(train) & set(validation)


def test_an_error_inside_is_a_card_and_is_recorded(monkeypatch):
    from microgpt.widgets import panel as module

    monkeypatch.setattr(module, "_errors", [])
    panel = mg.widgets.SamplingExplorer("names")
    before = panel.state

    def broken(trace):
        raise ZeroDivisionError("<oops>")

    panel.update(broken)
    assert "&lt;oops&gt;" in panel.picture.value
    assert "<oops>" not in panel.picture.value
    assert mg.widgets.errors() == ["SamplingExplorer: ZeroDivisionError: <oops>"]
    assert panel.state is before
    panel.accept_button.click()
    assert panel.picture.value.count("<svg") == 1


def test_before_it_runs_there_is_a_picture_and_a_caption():
    panel = mg.widgets.SamplingExplorer("names")
    live, static = panel._repr_mimebundle_(), panel.static_output()
    assert "application/vnd.jupyter.widget-view+json" in live
    assert "image/png" not in live  # it would be shadowed by "model not found" when reopened
    for text in (live["text/plain"], static["text/plain"], static["text/html"]):
        assert "At T = 1.00, " in text
    assert live["text/plain"].endswith("Run this cell to use it.")
    assert len(static["image/png"]) > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "gpt5"}, "one of 'names', 'story'; got 'gpt5'"),
        ({"model": 3}, "the name of a model, or a GPT with its corpus; got int"),
        ({"sliders": ("heat",)}, "sliders must be some of 'temperature'"),
        ({"sliders": "temperature"}, "in a tuple"),
        ({"model": mg.GPT(backend="numpy")}, "hand over its corpus"),
        ({"logits": [1.0, 2.0], "labels": ["a"]}, "as many labels"),
        ({"temperature": 3.0}, "temperature must be from 0 to 2"),
        ({"temperature": "hot"}, "temperature must be a number"),
        ({"top_q": 3}, "one of 'temperature', .*; got 'top_q'"),
        ({"sliders": 3}, "in a tuple"),
        ({"u": "x"}, "u must be at least 0 and below 1"),
        ({"prompt": 3}, "text must be a string"),
        ({"logits": "abc"}, "logits must be numbers"),
        ({"logits": [float("nan"), 1.0]}, "must be finite numbers"),
        ({"model": mg.GPT(backend="numpy"), "corpus": "names-mini"}, "from mg.load_corpus"),
        ({"min_p": 0.8}, "min_p must be from 0 to 0.5"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(mg.MicrogptError, match=message):
        mg.widgets.SamplingExplorer(**arguments)


def test_each_move_is_one_redraw_and_nothing_is_sent_back():
    panel = mg.widgets.SamplingExplorer("long tail (made-up numbers)")
    slider, pictures, positions = panel.sliders["temperature"].slider, [], []
    panel.picture.observe(lambda change: pictures.append(change["new"]), "value")
    slider.observe(lambda change: positions.append(change["new"]), "value")
    moves = [hundredths / 100 for hundredths in range(0, 200, 5) if hundredths != 100]
    for position in moves:
        slider.value = position
    assert positions == moves  # a position set by the panel would go over the next key
    assert len(pictures) == len(set(pictures)) == len(moves)


def test_what_is_drawn_is_what_the_state_says():
    panel = mg.widgets.SamplingExplorer("names", temperature=1 / 3, seed=123_456, top_k=50)
    assert panel.state.params.temperature == 1 / 3
    assert panel.seed_box.value == 123_456
    assert "top-k" not in panel.caption  # 50 of 27 is off
    assert panel.sliders["top_k"].box.description == "top-k (off)"
    panel.sliders["temperature"].box.value = 0.01  # finer than the slider
    assert panel.state.params.temperature == 0.01
    assert "T = 0.01" in panel.caption


@pytest.mark.parametrize("seed", range(1, 6))
def test_bars_and_caption_show_the_same_digits(seed):
    panel = mg.widgets.SamplingExplorer("names", seed=seed)
    for hundredths in range(5, 200, 15):
        panel.sliders["temperature"].slider.value = hundredths / 100
        shown = texts(panel.state, "prob-label")[0]
        assert f"leads with {shown}" in panel.caption
        is_finished = panel.accept_button.disabled
        (panel.restart_button if is_finished else panel.accept_button).click()


def test_the_story_model_counts_its_first_letter():
    panel = mg.widgets.SamplingExplorer("story")
    panel.accept_button.click()
    token = panel.state.accepted[0].token
    prob = panel.state.undo().sampled.probabilities[token]
    (label,) = texts(panel.state, "odds")
    odds = float(label.removeprefix("so far: 1 in ").replace(",", ""))
    assert odds == pytest.approx(1 / prob, rel=0.06)
    panel.likelihood.toggle.value = True
    panel.likelihood.text_box.value = "W"
    assert "1 in" in panel.likelihood.answer.value
    assert mg.widgets.errors() == []


def test_words_are_called_words_and_stand_apart():
    panel = mg.widgets.SamplingExplorer(logits=LOGITS, labels=WORDS, u=0.6)
    assert panel.accept_button.description == "Next word"
    assert panel.likelihood.toggle.disabled
    panel.finish_button.click()
    assert "Sixteen words are drawn" in panel.caption
    assert any("forward · toward" in text for _, *row in _rows(panel) for text in row)
    panel.restart_button.click()
    assert panel.state.u == 0.6  # the first u is set again


def _rows(panel):
    return texts_by_seed(panel.state, range(1, 6))


def test_a_state_that_cannot_be_drawn_is_dropped(monkeypatch):
    from microgpt.widgets import panel as module

    monkeypatch.setattr(module, "_errors", [])
    panel = mg.widgets.SamplingExplorer("names")
    before = panel.state
    broken = FixedLogits("broken", [1.0, 2.0])
    broken.logits[:] = np.nan
    panel.update(lambda trace: SamplingTrace(broken))
    assert panel.state is before
    panel.accept_button.click()
    assert not panel.error


def test_every_slider_that_is_named_is_there():
    names = ("temperature", "top_k", "top_p", "min_p")
    for compact in (False, True):
        panel = mg.widgets.SamplingExplorer("names", sliders=names, compact=compact)
        seen, stack = set(), [panel.box]
        while stack:
            widget = stack.pop()
            seen.add(widget)
            stack += getattr(widget, "children", ())
        assert all(panel.sliders[name].slider in seen for name in names)


def test_start_over_sets_u_only_for_the_first_source():
    panel = mg.widgets.SamplingExplorer(logits=LOGITS, labels=WORDS, u=0.6)
    panel.model_select.value = "names"
    panel.restart_button.click()
    assert panel.state.draw.fixed_u is None
