"""The live view of a forward pass: another text is followed, or refused in a sentence."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.widgets import panel as panel_module


@pytest.fixture
def view():
    return mg.widgets.forward_pass("names", "ann")


def test_it_opens_with_the_text(view):
    assert view.caption.startswith("“ann” becomes 4 tokens of 16 numbers each.")
    assert view.text_box.value == "ann"
    assert "27 probabilities, together 100" in view.picture.value
    assert view.png().startswith(b"\x89PNG")


def test_a_number_and_its_sign_stay_on_one_line(view):
    assert "23.1\u00a0%" in view.caption_box.value


def test_another_text_is_followed(view):
    view.text_box.value = "Kevin"
    assert view.caption.startswith("“kevin” becomes 6 tokens")
    assert view.text_box.value == "kevin"
    assert mg.widgets.errors() == []


def test_a_text_that_cannot_be_read_changes_nothing_but_the_sentence(view):
    before = view.picture.value
    view.text_box.value = "zoë"
    assert "has no “ë”" in view.caption
    assert view.picture.value == before
    assert view.text_box.value == "zoë"  # to be mended
    assert view.state.text == "ann"
    view.text_box.value = ""
    assert view.caption == "Type at least one letter to follow."
    view.text_box.value = "ann"
    assert view.caption.startswith("“ann” becomes")


def test_the_bars_move_from_the_text_before(view, monkeypatch):
    monkeypatch.setattr(panel_module, "MOTION_PAUSE", -1)
    assert "mg-gl" not in view.picture.value
    view.text_box.value = "kev"
    assert "mg-gl" in view.picture.value


def test_the_numbers_are_those_after_the_last_letter(view):
    view.numbers.toggle.value = True
    best = int(view.state.logits[-1].argmax())
    assert f"{view.state.probs[-1, best]:.6f}" in view.numbers.content.value


def test_running_the_cell_again_keeps_the_text_and_takes_the_new_model(monkeypatch):
    from microgpt.widgets import view_memory

    run = ["cell", "1"]
    for module in (view_memory, panel_module):
        monkeypatch.setattr(module, "current_cell", lambda: tuple(run))
    monkeypatch.setattr(view_memory, "_views_by_cell", {})
    corpus = mg.load_corpus("names-mini")
    first = mg.widgets.forward_pass(mg.GPT(backend="numpy", seed=1), "ann", corpus)
    first.text_box.value = "kevin"
    run[1] = "2"
    again = mg.widgets.forward_pass(mg.GPT(backend="numpy", seed=2), "ann", corpus)
    assert again.text_box.value == again.state.text == "kevin"
    assert not np.allclose(again.state.logits, first.state.logits)
    assert mg.widgets.errors() == []


def test_a_text_that_the_new_model_cannot_read_is_given_up(monkeypatch):
    view = mg.widgets.forward_pass("story", "The")
    names = mg.widgets.forward_pass("names", "ann")
    assert names.take_over(mg.widgets.forward_pass("story", "a?").state) is names.state
    assert view.take_over(names.state).text == "ann"
