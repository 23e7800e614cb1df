"""The scored guessing game as a view: its controls, what it hides, and running its cell again."""

from dataclasses import replace

import numpy as np
import pytest
from waiting import wait_until

import microgpt as mg
from microgpt.data import Corpus
from microgpt.widgets import game_panel as game_panel_module
from microgpt.widgets import panel as panel_module


@pytest.fixture
def panel():
    return mg.widgets.ScoredGuess()


def everything_sent(widget):
    """All values that a widget and those inside it send to the page, as one text."""
    state = {key: value for key, value in widget.get_state().items() if key != "layout"}
    parts = [str(state), *map(everything_sent, getattr(widget, "children", ()))]
    return " ".join(parts)


def play(panel, count, letters="ae", confidence=40):
    for _ in range(count):
        panel.next_button.click()
        panel.letters_box.value = letters
        panel.confidence_slider.slider.value = confidence
        panel.show_button.click()


def test_a_round_is_chosen_shown_and_scored(panel):
    assert [key.description for key in panel.keys] == [*"abcdefghijklmnopqrstuvwxyz", "end"]
    assert "After 10 rounds, your mean is compared with that of the pairs" in panel.caption
    panel.keys[0].click()
    panel.keys[26].click()
    assert "At 0 % all 27 keys" in panel.caption
    assert panel.letters_box.value == "a."
    panel.confidence_slider.box.value = 50
    assert "You give “a” 25.0 % and the end 25.0 %" in panel.caption
    panel.keys[0].click()
    assert panel.letters_box.value == "."
    panel.show_button.click()
    assert "a negative log-likelihood of" in panel.caption
    assert panel.state.guesses == (((26,), 50),)
    panel.keys[3].click()
    assert panel.letters_box.value == "."
    panel.next_button.click()
    assert "The next name begins" in panel.caption
    assert (panel.letters_box.value, panel.confidence_slider.value) == ("", 50)
    assert mg.widgets.errors() == []


def test_the_controls_that_have_no_use_are_out_of_sight_or_off(panel):
    def shown():
        return [
            widget.layout.display != "none" for widget in (panel.show_button, panel.next_button)
        ]

    assert shown() == [True, False]
    assert panel.back_button.disabled
    play(panel, 2)
    assert shown() == [False, True]
    assert panel.letters_box.disabled
    assert panel.confidence_slider.slider.disabled
    panel.back_button.click()
    assert "round 1 of 10" in panel.picture.value
    assert panel.back_button.disabled
    assert len(panel.state.nats) == 2
    panel.next_button.click()
    panel.next_button.click()
    assert shown() == [True, False]
    assert not panel.letters_box.disabled


def test_the_true_letter_is_nowhere_in_the_page_before_it_is_shown(monkeypatch, panel):
    monkeypatch.setattr(panel_module, "MOTION_PAUSE", np.inf)
    play(panel, 1)
    panel.numbers.toggle.value = True
    panel.next_button.click()
    letters = panel.state.letters
    starts = [i for i in range(len(letters.targets)) if letters.letter(i).prefix == "ma"]
    targets = [letters.letter(i).target for i in starts]
    other = next(i for i, target in zip(starts, targets, strict=True) if target != targets[0])
    others = panel.state.positions

    def ask(position):
        positions = (others[0], position, *others[2:])
        panel.update(lambda game: replace(game, positions=positions).with_letters([1, 3]))

    ask(starts[0])
    sent, still = everything_sent(panel.box), panel.draw_still(panel.state).shapes
    ask(other)
    is_the_same = everything_sent(panel.box) == sent  # pytest would compare the texts for minutes
    assert is_the_same
    assert panel.draw_still(panel.state).shapes == still
    panel.show_button.click()
    assert letters.letter(other).name in panel.caption
    is_the_same = everything_sent(panel.box) == sent
    assert not is_the_same


def test_letters_are_typed_and_what_has_no_key_is_said_in_one_sentence(panel):
    panel.letters_box.value = " Ab "
    assert panel.letters_box.value == "ab"
    panel.letters_box.value = "abé"
    assert panel.caption == "each letter must be one of the keys; got “é”"
    assert panel.letters_box.value == "ab"
    panel.letters_box.value = "abcd"
    assert panel.caption.startswith("you can choose 3 letters at most")
    assert panel.letters_box.value == "ab"
    panel.letters_box.value = "aab."
    assert panel.state.draft.chosen == (0, 1, 26)
    panel.letters_box.value = ""
    assert panel.state.draft.chosen == ()


def test_enter_in_the_box_shows_the_answer(panel):
    panel.letters_box.value = "a"
    panel.letters_box._handle_custom_msg({"event": "submit"}, [])
    assert panel.state.guesses == (((0,), 0),)
    assert "mg-right" in panel.board.value


def test_the_last_round_ends_the_game_and_another_begins(panel):
    play(panel, 9)
    assert panel.next_button.description == "Next"
    assert "Over 10 letters" not in panel.caption
    play(panel, 1)
    mean, two_errors = panel.state.difference()
    assert ("no difference seen" in panel.caption) == (abs(mean) <= two_errors)
    assert "Over 10 letters you are at" in panel.caption
    assert panel.next_button.description == "New game"
    panel.next_button.click()
    assert (panel.state.seed, panel.state.guesses) == (1, ())
    assert panel.seed_box.value == 1


@pytest.mark.parametrize("seed", range(12))
def test_no_difference_is_seen_exactly_inside_two_standard_errors(seed):
    panel = mg.widgets.ScoredGuess(rounds=4, seed=seed)
    rng = np.random.default_rng(seed)
    for _ in range(4):
        play(
            panel, 1, "".join(rng.choice(list("aeinrl."), 3, replace=False)), int(rng.integers(99))
        )
    differences = panel.state.nats[:, 0] - panel.state.nats[:, 3]
    bound = 2 * differences.std(ddof=1) / 2
    assert ("no difference seen" in panel.caption) == (abs(differences.mean()) <= bound)


def test_another_seed_or_number_of_rounds_is_a_new_game(panel):
    first = panel.state.positions
    play(panel, 1)
    panel.seed_box.value = 7
    assert (panel.state.seed, panel.state.guesses) == (7, ())
    assert panel.state.positions != first
    panel.rounds_select.value = 30
    assert (panel.state.seed, panel.state.num_rounds) == (7, 30)
    panel.seed_box.value = 0
    assert panel.state.positions[:10] == first
    assert "After 30 rounds, your mean" in panel.caption


def test_running_the_cell_again_keeps_the_game(cell):
    panel = mg.widgets.ScoredGuess()
    panel.seed_box.value = 5
    panel.rounds_select.value = 30
    play(panel, 2)
    panel.next_button.click()
    panel.letters_box.value = "q"
    cell()
    again = mg.widgets.ScoredGuess()
    assert again.state.guesses == panel.state.guesses
    assert (again.state.seed, again.state.num_rounds, again.state.index) == (5, 30, 2)
    assert (again.letters_box.value, again.seed_box.value, again.rounds_select.value) == (
        "q",
        5,
        30,
    )
    again.show_button.click()
    assert len(again.state.guesses) == 3
    cell()
    assert mg.widgets.ScoredGuess(seed=9).state.guesses == ()
    assert mg.widgets.errors() == []


def test_wrong_arguments_are_one_sentence():
    with pytest.raises(mg.SettingError, match="rounds must be an integer from 2 to 100; got 0"):
        mg.widgets.ScoredGuess(rounds=0)
    with pytest.raises(mg.SettingError, match="corpus must be one of names, a line each"):
        mg.widgets.ScoredGuess(Corpus("story", ("Once upon a time.",), "text"))
    with pytest.raises(mg.SettingError, match="rounds must be at most 1, the number of names"):
        mg.widgets.ScoredGuess(mg.load_corpus(text="anna\nbert\ncora"))
    with pytest.raises(
        mg.SettingError, match="corpus must be a Corpus or the name of one; got int"
    ):
        mg.widgets.ScoredGuess(3)


CORPORA = {
    "accented": ("zoë", "renée", "björn", "søren", "łucja", "żaneta"),
    "cyrillic": ("анна", "мария", "ольга", "пётр", "юрий", "фёдор"),
    "arabic": ("محمد", "فاطمة", "علي"),
    "dotted": ("a.b", "c.d", "e.f"),
}


@pytest.mark.parametrize("name", CORPORA)
def test_the_keys_come_from_the_corpus(name):
    names = CORPORA[name]
    lines = tuple(first + last for first in names for last in names)[:60]
    corpus = Corpus(
        name, lines + tuple(f"{line}{names[0][0]}" for line in lines)[: 60 - len(lines)]
    )
    panel = mg.widgets.ScoredGuess(corpus, rounds=2)
    letters = sorted(set("".join(corpus)))
    assert len(panel.keys) == len(letters) + 1
    assert [key.description.strip("\u2068\u2069") for key in panel.keys[:-1]] == letters
    panel.letters_box.value = letters[1] + letters[2]
    assert panel.state.draft.chosen == (1, 2)
    panel.keys[-1].click()
    assert panel.state.draft.chosen == (1, 2, len(letters))
    assert panel.letters_box.value == letters[1] + letters[2] + "." * (name != "dotted")
    panel.show_button.click()
    assert panel.error == ""
    assert len(panel.draw_still(panel.state).texts()) > len(letters)


def test_sixty_lines_are_enough_for_ten_rounds_and_not_offered_thirty():
    lines = tuple(sorted(set(mg.load_corpus("names-mini"))))[:60]
    panel = mg.widgets.ScoredGuess(Corpus("sixty", lines))
    assert panel.rounds_select.options == (10,)
    play(panel, 10)
    assert "Over 10 letters" in panel.caption


def test_more_than_forty_keys_scroll_within_themselves():
    def is_long(size):
        letters = [chr(0x430 + i) for i in range(size - 1)]
        corpus = Corpus("many", tuple(a + b for a in letters for b in letters[:2]))
        card = mg.widgets.ScoredGuess(corpus, rounds=2).box.children[0]
        return any("mg-long" in part._dom_classes for part in card.children)

    assert not is_long(40)
    assert is_long(41)


def test_in_the_browser_the_focus_goes_on_and_the_still_picture_follows(monkeypatch):
    monkeypatch.setattr(game_panel_module, "in_control_message", lambda: True)
    monkeypatch.setattr(panel_module, "in_control_message", lambda: True)
    monkeypatch.setattr(panel_module, "STILL_PAUSE", 0)
    panel, focused, stills = mg.widgets.ScoredGuess(rounds=2), [], []
    for widget in (panel.next_button, panel.letters_box):
        monkeypatch.setattr(widget, "focus", lambda widget=widget: focused.append(widget))
    monkeypatch.setattr(panel, "update_static_output", lambda: stills.append(panel.caption))
    panel.show_button.click()
    assert focused == [panel.next_button]
    wait_until(lambda: panel.caption in stills)
    panel.next_button.click()
    assert focused[1:] == [panel.letters_box]
    panel.confidence_slider.slider.value = 33
    wait_until(lambda: panel.state.draft.confidence == 33)


def test_bars_glide_only_from_those_of_the_same_round(monkeypatch, panel):
    monkeypatch.setattr(panel_module, "MOTION_PAUSE", -1)
    panel.keys[0].click()
    panel.confidence_slider.slider.value = 60
    assert "mg-gr" in panel.board.value
    panel.show_button.click()
    assert "mg-gl" in panel.picture.value
    panel.next_button.click()
    assert "mg-gr" not in panel.board.value
