"""The merge time machine: its controls, its sentences, and what is refused."""

import pytest

import microgpt as mg
from microgpt.widgets import merge_time_machine as module
from microgpt.widgets import panel as panel_module


@pytest.fixture(autouse=True)
def no_errors(monkeypatch):
    monkeypatch.setattr(panel_module, "MOTION_PAUSE", 1e9)  # so that pictures can be compared
    yield
    assert mg.widgets.errors() == []


@pytest.fixture
def view():
    return mg.widgets.MergeTimeMachine("the theme is unbelievable")


def labels(view):
    return [box.label.shown for box in view.state.view.boxes]


def test_it_opens_as_bytes(view):
    assert view.caption.startswith(
        "Before any merge “the theme is unbelievable” is 25 tokens, one for each byte."
    )
    assert labels(view) == list("the␣theme␣is␣unbelievable")
    assert view.slider.value == 0
    assert view.slider.box.max == 1000
    assert view.back_button.disabled
    assert view.png().startswith(b"\x89PNG")


def test_the_slider_encodes_anew(view):
    view.slider.slider.value = 30
    assert labels(view)[:3] == ["t", "he", "␣the"]
    assert view.caption == (
        "With 30 of 1,000 merges “the theme is unbelievable” is 21 tokens, 1.19 bytes each. "
        "In the outlined box, merge 4 glued “␣t” and “he” into “␣the”, seen 345 times. "
        "The next merge changes nothing in this text."
    )
    assert view.text_box.value == "the theme is unbelievable"
    view.slider.box.value = 1000
    assert view.caption.startswith("With all 1,000 merges")
    assert view.next_button.disabled


def test_next_and_back_visit_the_same_pictures(view):
    pictures = []
    while not view.next_button.disabled:
        pictures.append((view.state.num_merges, view.picture.value))
        view.next_button.click()
    assert len(pictures) == len(view.state.changes)
    while pictures:
        view.back_button.click()
        assert (view.state.num_merges, view.picture.value) == pictures.pop()
    assert view.back_button.disabled


def test_a_number_chooses_a_box_and_its_tree(view):
    view.slider.slider.value = 30
    assert view.box_number.value == 3
    assert "“␣the”" in view.picture.value
    view.box_number.value = 2
    assert view.state.view.chosen_box.content == b"he"
    assert (
        "In the outlined box, merge 1 glued “h” and “e” into “he”, seen 622 times." in view.caption
    )
    assert view.box_number.max == 21
    view.slider.slider.value = 0
    assert view.box_number.value == 2
    assert view.state.view.chosen_box.content == b"h"


def test_examples_and_typed_texts(view):
    view.example_select.value = "astronaut"
    assert view.text_box.value == "👩\u200d🚀"
    assert labels(view)[:2] == ["240", "159"]
    view.text_box.value = "banana"
    assert view.example_select.value == ""
    assert labels(view) == list("banana")


def test_a_text_that_no_merge_touches(view):
    view.text_box.value = "Все люди рождаются свободными"
    view.slider.slider.value = 1000
    assert view.caption == (
        "All 1,000 merges leave this text as 55 bytes: they were counted on English."
    )
    view.text_box.value = "x"
    assert view.caption == "This text is a single byte: there is nothing to merge."


@pytest.mark.parametrize("text", ["<b>bold</b>", "שלום مرحبا", "a\nb", "&amp;"])
def test_any_text_is_shown_as_text(view, text):
    view.update(lambda state: state.with_text(text))
    assert b"".join(box.content for box in view.state.view.boxes) == text.encode()
    assert "<b>" not in view.picture.value
    assert view.png()


def test_an_empty_text_says_so(view):
    view.text_box.value = ""
    assert view.caption.startswith("This text is empty")
    assert view.box_number.disabled
    assert view.png()
    view.text_box.value = "a"
    assert not view.box_number.disabled


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("a" * 10_000, "at most 200 characters"), ("a\ud800", "half of a pair")],
)
def test_what_is_refused_changes_only_the_sentence(view, text, sentence):
    picture = view.picture.value
    view.text_box.value = text
    assert sentence in view.caption
    assert view.picture.value == picture
    assert view.text_box.value == text
    view.text_box.value = "mended"
    assert labels(view) == list("mended")


def test_gpt2s_list(view, data):
    view.slider.box.value = 1000
    view.list_buttons["GPT-2"].click()
    assert view.slider.box.max == 50_000
    assert labels(view) == ["the", "␣theme", "␣is", "␣unbelievable"]
    assert "seen" not in view.caption
    assert "mg-chosen" in view.list_buttons["GPT-2"]._dom_classes
    view.list_buttons["ours"].click()
    assert view.slider.value == 1000


def test_without_gpt2s_list_its_button_says_why(monkeypatch):
    monkeypatch.setattr(module, "find_gpt2", lambda: None)
    button = mg.widgets.MergeTimeMachine().list_buttons["GPT-2"]
    assert button.disabled
    assert button.description == "GPT-2's list: absent"
    assert "MICROGPT_DATA" in button.tooltip


def test_the_numbers_table_lists_tokens(view):
    view.slider.slider.value = 30
    view.numbers.toggle.value = True
    assert '<td class="mg-text">32 116 104 101</td>' in view.numbers.content.value


@pytest.mark.parametrize("merges", [-1, 1001, 2.5, True])
def test_a_number_of_merges_out_of_range(merges):
    with pytest.raises(mg.SettingError, match="merges"):
        mg.widgets.MergeTimeMachine("a", merges=merges)
