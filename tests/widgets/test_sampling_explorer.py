"""The sampling explorer: what is moved is what changes, and the state is what is drawn."""

import re

import numpy as np
import pytest
from elements import elements, texts
from nine_words import LOGITS, WORDS
from waiting import wait_until

import microgpt as mg
from microgpt.widgets import panel as panel_module
from microgpt.widgets.logits_source import FixedLogits
from microgpt.widgets.model_lookup import load_source
from microgpt.widgets.sampling_trace import SamplingTrace, texts_by_seed

HOSTILE = ["<img src=x onerror=alert(1)>", "a" * 10_000, "سلام", "👩\u200d🚀", "", "\x00\u202e"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_text_is_shown_as_text_or_refused(text):
    panel = mg.widgets.SamplingExplorer("names")
    picture = panel.picture.value
    panel.prompt_box.value = text
    panel.likelihood.toggle.value = True
    panel.likelihood.text_box.value = text
    assert not panel.error
    assert panel.picture.value == picture  # nothing of it is drawn
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
    assert "<b><b>" not in panel.picture.value
    assert elements(panel.picture.value, "bar-row")[0][0].text == "<b>&"
    assert "\u2068שלום\u2069" in panel.picture.value
    assert panel.png().startswith(b"\x89PNG")


def test_back_restores_the_very_same_picture(monkeypatch):
    monkeypatch.setattr(panel_module, "MOTION_PAUSE", float("inf"))  # nothing moves
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
    assert all(panel.sliders[name].is_off for name in ("top_k", "top_p", "min_p"))
    assert "mg-off" in panel.sliders["top_k"].widget._dom_classes
    panel.sliders["temperature"].slider.value = 0.0
    assert panel.sliders["temperature"].box.description == "Temperature (greedy)"
    assert panel.u_slider.is_off
    panel.sliders["temperature"].slider.value = 1.0
    assert not panel.u_slider.is_off

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
    assert "“Ö”" in panel.caption
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
    assert "<table" in before
    panel.sliders["temperature"].slider.value = 0.5
    assert panel.numbers.content.value != before
    panel.texts.toggle.value = True
    wait_until(lambda: panel.texts.content.value)  # it is filled beside the hand, not under it
    for word in ("Five texts from seeds 1 to 5", "with these dials", "○ new"):
        assert word in panel.texts.content.value
    panel.likelihood.toggle.value = True
    typed, answer = panel.likelihood.text_box, panel.likelihood.answer
    typed.value = "anna"
    assert "(trained on): 1 in" in answer.value
    panel.sliders["top_k"].box.value = 5
    typed.value = "aq"
    assert re.search(r"“q” after “a” has rank \d+, top-k 5 keeps 5", _plain(answer.value))
    typed.value = "Ö"
    assert "never met “Ö”" in _plain(answer.value)


def _plain(html):
    from html import unescape

    return unescape(re.sub(r"<[^>]*>", "", html))


def test_a_finished_name_gets_its_memorization_label():
    panel = mg.widgets.SamplingExplorer("names", temperature=0.0)
    panel.finish_button.click()
    name = panel.state.text
    corpus = mg.load_corpus("names-mini")
    train, validation = corpus.split()
    (notes,) = texts(panel.picture.value, "notes")
    expected = (
        "● trained on" if name in list(train)
        else "◐ in the list, held out" if name in list(validation) else "○ new"
    )  # fmt: skip
    assert notes.startswith(f"{expected} · 1 in ")
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
    assert len(elements(panel.picture.value, "strip")) == 1


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
        ({"model": 3}, "the name of a model, or one with its corpus; got int"),
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
    assert panel.sliders["top_k"].is_off
    panel.sliders["temperature"].box.value = 0.01  # finer than the slider
    assert panel.state.params.temperature == 0.01
    assert "T = 0.01" in panel.caption


@pytest.mark.parametrize("seed", range(1, 6))
def test_bars_and_caption_show_the_same_digits(seed):
    panel = mg.widgets.SamplingExplorer("names", seed=seed)
    for hundredths in range(5, 200, 15):
        panel.sliders["temperature"].slider.value = hundredths / 100
        shown = re.match(r"[\d.]+ %", texts(panel.picture.value, "value")[0])[0]
        assert f"leads with {shown}" in panel.caption
        (panel.restart_button if panel.state.is_finished else panel.accept_button).click()


def test_the_story_model_has_a_likelihood_too():
    panel = mg.widgets.SamplingExplorer("story")
    panel.likelihood.toggle.value = True
    panel.likelihood.text_box.value = "W"
    assert "1 in" in panel.likelihood.answer.value
    assert mg.widgets.errors() == []


def test_words_are_called_words_and_stand_apart():
    panel = mg.widgets.SamplingExplorer(logits=LOGITS, labels=WORDS, u=0.6)
    assert panel.accept_button.description == "Next word"
    assert panel.likelihood.toggle.layout.display == "none"
    panel.finish_button.click()
    assert "Sixteen words are drawn" in panel.caption
    assert panel.accept_button.description == "New text"
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


def test_start_over_restores_all_that_the_call_asked_for():
    def controls(panel):
        sliders = [slider.value for slider in panel.sliders.values()]
        return [*sliders, panel.u_slider.value, panel.seed_box.value, panel.prompt_box.value,
                panel.model_select.value]  # fmt: skip

    panel = mg.widgets.SamplingExplorer(
        "names", prompt="an", seed=3, u=0.3, temperature=0.8, top_k=9, top_p=0.9
    )
    first, state = controls(panel), panel.state
    for name, value in (("temperature", 1.5), ("top_k", 4), ("top_p", 0.5), ("min_p", 0.2)):
        panel.sliders[name].slider.value = value
    panel.u_slider.slider.value = 0.9
    panel.accept_button.click()
    panel.seed_box.value, panel.prompt_box.value = 8, "ma"
    panel.restart_button.click()
    assert (panel.state, controls(panel)) == (state, first)
    panel.model_select.value = "story"
    panel.restart_button.click()
    assert (panel.state, controls(panel)) == (state, first)
    assert mg.widgets.errors() == []


def test_start_over_restores_the_call_after_its_cell_ran_again(monkeypatch):
    cell = RunningCell(monkeypatch)
    for _ in range(2):
        with cell:
            panel = mg.widgets.SamplingExplorer("names", prompt="an", u=0.3, temperature=0.8)
            panel.sliders["temperature"].slider.value = 0.2
            panel.prompt_box.value = "ma"
    panel.restart_button.click()
    assert (panel.state.params.temperature, panel.state.prompt, panel.state.u) == (0.8, "an", 0.3)


def test_the_likelihood_asks_for_a_name_only_where_names_are_written():
    for source, noun in (("names", "name"), ("story", "text")):
        panel = mg.widgets.SamplingExplorer(source)
        assert panel.likelihood.toggle.description == f"▸ How likely is this {noun}?"
        assert panel.likelihood.text_box.placeholder == f"type a {noun}"
        panel.likelihood.toggle.value = True
        assert f"Type a {noun} and press Enter" in panel.likelihood.answer.value
    panel.model_select.value = "names"
    assert panel.likelihood.toggle.description == "▾ How likely is this name?"


@pytest.mark.parametrize("compact", [False, True])
def test_after_the_end_the_first_button_begins_another_text(compact):
    panel = mg.widgets.SamplingExplorer("names", prompt="an", seed=3, u=0.3, compact=compact)
    panel.sliders["temperature"].slider.value = 0.7
    panel.finish_button.click()
    assert panel.accept_button.description == "New name"
    assert not panel.accept_button.disabled
    assert panel.finish_button.disabled
    panel.accept_button.click()
    assert (panel.state.seed, panel.state.prompt, panel.state.accepted) == (4, "an", ())
    assert panel.state.u == mg.uniform(4, 3)
    assert panel.state.params.temperature == 0.7
    assert panel.seed_box.value == 4
    assert panel.accept_button.description == "Next letter"
    assert not panel.finish_button.disabled
    panel.accept_button.click()
    assert len(panel.state.accepted) == 1


def test_controls_that_follow_the_state_do_not_draw_again():
    """A second picture, drawn right after the first, would end its motion."""
    panel, drawn = mg.widgets.SamplingExplorer("names", prompt="an"), []
    panel.finish_button.click()
    render = panel.render

    def note(trace, before):
        drawn.append(trace)
        return render(trace, before)

    panel.render = note
    panel.accept_button.click()
    assert len(drawn) == 1
    panel.update(lambda trace: trace.restarted(source=load_source("story"), prompt="b"))
    shown = (panel.seed_box.value, panel.prompt_box.value, panel.model_select.value)
    assert shown == (2, "b", "story")
    assert len(drawn) == 2
    panel.seed_box.value = 7
    panel.prompt_box.value = "W"
    panel.model_select.value = "names"
    assert [(trace.seed, trace.prompt, trace.source.name) for trace in drawn[2:]] == [
        (7, "b", "story"), (7, "W", "story"), (7, "", "names"),
    ]  # fmt: skip


def test_only_the_compact_form_leaves_out_the_setup():
    def widgets_of(panel):
        stack, seen = [panel.box], []
        while stack:
            seen.append(stack.pop())
            stack += getattr(seen[-1], "children", ())
        return seen

    full = mg.widgets.SamplingExplorer("names")
    compact = mg.widgets.SamplingExplorer("names", compact=True)
    for part in ("model_select", "prompt_box", "seed_box", "restart_button"):
        assert getattr(full, part) in widgets_of(full)
        assert getattr(compact, part) not in widgets_of(compact)
    for part in ("redraw_button", "accept_button", "finish_button", "undo_button"):
        assert getattr(compact, part) in widgets_of(compact)
    assert full.more_sliders.toggle in widgets_of(full)
    assert compact.more_sliders.toggle not in widgets_of(compact)
    assert compact.sliders["top_k"].slider not in widgets_of(compact)
    assert elements(full.picture.value, "figures")
    assert len(elements(full.picture.value, "figure")) == 3
    assert len(elements(compact.picture.value, "figure")) == 1  # the perplexity


def test_more_dials_unfold_where_their_button_stands():
    panel = mg.widgets.SamplingExplorer("names")
    fold = panel.more_sliders
    assert (fold.toggle.description, fold.content.layout.display) == ("More dials ▸", "none")
    fold.toggle.value = True
    assert (fold.toggle.description, fold.content.layout.display) == ("Fewer dials ▾", "")
    opened = mg.widgets.SamplingExplorer("names", top_p=0.9)
    assert opened.more_sliders.is_open  # what has an effect is not hidden
    shown = mg.widgets.SamplingExplorer("names", sliders=("temperature", "top_p"), top_p=0.9)
    assert not shown.more_sliders.is_open


class RunningCell:
    """A live notebook's cell, run once for each `with`."""

    def __init__(self, monkeypatch):
        self.monkeypatch, self.runs = monkeypatch, 0

    def __enter__(self):
        self.runs += 1
        for name in ("microgpt.widgets.panel", "microgpt.widgets.view_memory"):
            self.monkeypatch.setattr(f"{name}.current_cell", lambda: ("cell-x", f"run {self.runs}"))

    def __exit__(self, *error):
        self.monkeypatch.undo()


def moved(panel):
    """Move every control of an explorer once; return its state."""
    panel.prompt_box.value = "an"
    panel.seed_box.value = 9
    panel.sliders["temperature"].slider.value = 0.7
    panel.sliders["top_k"].slider.value = 8
    panel.accept_button.click()
    panel.u_slider.slider.value = 0.25
    return panel.state


def test_running_the_cell_again_keeps_what_the_learner_did(monkeypatch):
    cell = RunningCell(monkeypatch)
    with cell:
        state = moved(mg.widgets.SamplingExplorer("names", prompt="ma", seed=2))
    with cell:
        again = mg.widgets.SamplingExplorer("names", prompt="ma", seed=2)
    assert (again.state.prompt, again.state.seed, again.state.params) == (
        "an", 9, mg.SampleConfig(0.7, 8),
    )  # fmt: skip
    assert again.state.accepted == state.accepted
    assert again.state.u == 0.25
    assert again.prompt_box.value == "an"
    assert again.sliders["top_k"].value == 8
    assert again.more_sliders.is_open
    again.model_select.value = "story"
    with cell:
        assert mg.widgets.SamplingExplorer("names", prompt="ma", seed=3).state.seed == 3
    assert mg.widgets.errors() == []


def test_running_the_cell_again_keeps_why_the_pick_changed(monkeypatch):
    cell = RunningCell(monkeypatch)
    with cell:
        panel = mg.widgets.SamplingExplorer(logits=LOGITS, labels=WORDS, u=0.6)
        panel.sliders["temperature"].slider.value = 0.85
    with cell:
        again = mg.widgets.SamplingExplorer(logits=LOGITS, labels=WORDS, u=0.6)
    assert "so the pick changed from “toward” to “forward”" in panel.caption
    assert again.caption == panel.caption


def test_running_the_cell_again_keeps_the_chosen_model(monkeypatch):
    cell = RunningCell(monkeypatch)
    with cell:
        panel = mg.widgets.SamplingExplorer("names")
        panel.model_select.value = "story"
        panel.accept_button.click()
    with cell:
        again = mg.widgets.SamplingExplorer("names")
    assert again.model_select.value == "story"
    assert again.state.accepted == panel.state.accepted
    with cell:
        other = mg.widgets.SamplingExplorer(logits=LOGITS, labels=WORDS)
        other.accept_button.click()
    with cell:
        assert mg.widgets.SamplingExplorer(logits=LOGITS, labels=WORDS).state.accepted
    with cell:
        assert not mg.widgets.SamplingExplorer(logits=LOGITS[::-1], labels=WORDS).state.accepted


def test_a_model_that_was_trained_on_meanwhile_is_read_anew(monkeypatch):
    corpus = mg.load_corpus("names-mini")
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    trainer = mg.Trainer(model, corpus, mg.TrainConfig(steps=4))
    cell = RunningCell(monkeypatch)
    with cell:
        panel = mg.widgets.SamplingExplorer(trainer)
        panel.prompt_box.value = "an"
        panel.accept_button.click()
    before = panel.state.sampled.probabilities
    trainer.run()
    with cell:
        again = mg.widgets.SamplingExplorer(trainer)
    assert again.state.accepted == panel.state.accepted
    assert again.state.prompt == "an"
    assert not np.array_equal(again.state.sampled.probabilities, before)


def test_the_route_in_the_docstring_is_there():
    """Each step that the module's docstring names exists, and each file."""
    from pathlib import Path

    from microgpt.widgets import sampling_explorer as module

    package = Path(mg.__file__).parent
    text = re.sub(r"\s+", " ", module.__doc__)
    files = re.findall(r"\(([\w/]+\.py)\)", text)
    assert len(files) >= 5
    sources = ""
    for file in files:
        path = package / (file if "/" in file else f"widgets/{file}")
        sources += path.read_text("utf-8")
    sources += Path(module.__file__).read_text("utf-8")
    for name in re.findall(r"`([\w.]+)`", text):
        assert re.search(rf"\b{name.split('.')[-1]}\b", sources), name
