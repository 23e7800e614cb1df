"""A prediction: its sentence, its pills, and a still picture that gives nothing away."""

import math

import pytest

from microgpt.viz.prediction import (
    PredictionState,
    answer_sentence,
    draw_prediction,
    format_value,
    pills,
    prediction_sentence,
    render_prediction,
    reveal_html,
    still_sentence,
)

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    ("options", "guess", "result", "expected"),
    [
        ((1, 10, 27), None, None, "Say what you expect; a wrong guess costs nothing."),
        ((1, 10, 27), 10, None, "You say 10. Run on to see; until then you can change it."),
        ((1, 10, 27), None, 12.5, "Say what you expect, and the result appears here."),
        ((1, 10, 27), 10, 10, "You said 10, and so it is."),
        ((1, 10, 27), 10, 12.5, "You said 10, the nearest of these: it is 12.5."),
        ((1, 10, 27), 1, 12.5, "You said 1; it is 12.5."),
        ((1, 10, 27), 27, 12.5, "You said 27; it is 12.5."),
        ((1, 10, 27), 10, 27, "You said 10; it is 27."),
        ((0.319, 0.451), 0.451, 0.4514, "You said 0.451, and so it is."),
        ((0, 10), 10, 5, "You said 10, the nearest of these: it is 5."),  # as near as 0 is
        ((0, 10), 10, math.nan, "You said 10; it is nan."),
        ((0, 10), 10, math.inf, "You said 10; it is inf."),
        ((True, False), True, False, "You said True; it is False."),
        ((True, False), False, 0.4, "You said False; it is 0.4."),
        (("yes", "no"), "no", "yes", "You said no; it is yes."),
    ],
)
def test_sentences(options, guess, result, expected):
    state = PredictionState("How many?", options, guess=guess, result=result)
    assert prediction_sentence(state) == expected


def test_a_result_without_a_guess_is_told_without_reproach():
    state = PredictionState("How many?", (1, 3), result=1, explanation="One.")
    assert answer_sentence(state) == "It is 1. One."


@pytest.mark.parametrize(
    ("guess", "result", "shows_result", "roles"),
    [
        (None, None, False, ["", "", ""]),
        (10, None, False, ["", "chosen", ""]),
        (None, 27, False, ["", "", ""]),
        (None, 28.9, False, ["", "", ""]),
        (None, 27, True, ["", "", "right"]),
        (10, 27, True, ["", "chosen", "right"]),
        (27, 27, True, ["", "", "chosen right"]),
        (1, 28.9, True, ["chosen", "", "nearest"]),
        (27, 28.9, True, ["", "", "chosen nearest"]),
        (1, "no difference", True, ["chosen", "", ""]),
    ],
)
def test_pills_say_what_is_known_of_each_option(guess, result, shows_result, roles):
    state = PredictionState("How many?", (1, 10, 27), guess=guess, result=result)
    assert [pill.role for pill in pills(state, shows_result)] == roles
    assert [pill.text for pill in pills(state, shows_result)] == ["1", "10", "27"]


def test_a_number_has_pills_once_it_is_known():
    state = PredictionState("How long?", unit="letters", guess=12, result=28.94)
    assert pills(state, False) == []
    assert pills(state, True) == [("12 letters", "chosen"), ("28.9 letters", "right")]
    same = PredictionState("How long?", unit="letters", guess=28.9, result=28.94)
    assert pills(same, True) == [("28.9 letters", "chosen right")]
    alone = PredictionState("How long?", unit="letters", result=28.94)
    assert pills(alone, True) == [("28.9 letters", "right")]
    assert "28.9" not in render_prediction(alone).html
    assert "28.9 letters" in render_prediction(state).html


def test_a_question_is_the_same_if_it_is_asked_the_same_way():
    asked = PredictionState("How long?", (), "letters", guess=3, result=4)
    assert asked.asks_the_same_as(PredictionState("How long?", (), "letters"))
    for other in (("How?", (), "letters"), ("How long?", (), "tokens"), ("How long?", (1, 2), "")):
        assert not asked.asks_the_same_as(PredictionState(*other))


def test_roles_are_words_on_the_card():
    html = reveal_html(PredictionState("How many?", (1, 3), guess=3, result=1))
    assert "<b>1</b> <span>measured</span>" in html
    assert "<b>3</b> <span>your guess</span>" in html


@pytest.mark.parametrize(("guess", "words"), [(3, "the rule"), (1, "your guess, the rule")])
def test_a_rule_is_not_called_measured(guess, words):
    html = reveal_html(PredictionState("How many?", (1, 3), guess=guess, result=1, is_rule=True))
    assert f"<b>1</b> <span>{words}</span>" in html
    assert "measured" not in html


def test_the_still_picture_gives_nothing_away():
    asked = PredictionState("How many?", (1, 3, 10))
    told = PredictionState("How many?", (1, 3, 10), guess=3, result=28.94, explanation="Because.")
    assert draw_prediction(told).texts() == draw_prediction(asked).texts()
    assert draw_prediction(asked).texts() == ["How many?", "1", "3", "10"]
    assert still_sentence(told) == "How many? Say what you expect: 1, 3 or 10."
    number = PredictionState("How long?", unit="letters", guess=1, result=2)
    assert draw_prediction(number).texts() == ["How long?", "… letters"]
    assert still_sentence(number) == "How long? Say what you expect: in letters."


def test_long_options_of_the_still_picture_go_on_in_the_next_row():
    options = tuple(f"option number {i} of these" for i in range(6))
    drawing = draw_prediction(PredictionState("Which? " * 20, options))
    texts = [shape for shape in drawing.shapes if hasattr(shape, "text")]
    assert all(shape.x < drawing.width - 20 for shape in texts)
    assert max(shape.y for shape in texts) < drawing.height
    assert len({shape.y for shape in texts}) > 3


@pytest.mark.parametrize("field", ["question", "options", "unit", "guess", "result", "explanation"])
def test_every_field_is_text(field):
    fields = {"question": "?", "options": (1, 2), "unit": "", "guess": 1, "result": 2}
    if field == "unit":
        fields["options"] = ()
    fields[field] = (HOSTILE, 2) if field == "options" else HOSTILE
    state = PredictionState(**fields)
    assert "<img" not in render_prediction(state).html
    assert "<img" not in reveal_html(state)
    assert "&lt;img" in reveal_html(state)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1,234,567 ms"), (0.12345, "0.123 ms"), (999.4, "999 ms"), (-12345.6, "-12,346 ms"),
     (True, "True ms"), ("a", "a ms")],
)  # fmt: skip
def test_values_have_three_digits_or_separators(value, text):
    assert format_value(value, "ms") == text
    assert format_value(value) == text.removesuffix(" ms")
