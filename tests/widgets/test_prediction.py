"""A prediction: the guess, then the result beside it."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.learn import predictions
from microgpt.learn.predictions import predict, reveal
from microgpt.widgets.prediction import parse_number


@pytest.fixture(autouse=True)
def no_earlier_predictions(monkeypatch):
    monkeypatch.setattr(predictions, "_predictions", {})


def classes(widget):
    return set(widget._dom_classes)


def test_a_guess_and_then_the_result():
    prediction = predict("00.test", "How many?", (1, 3, 10))
    assert prediction.caption.startswith("Say what you expect;")
    assert not any(classes(button) & {"mg-chosen", "mg-right"} for button in prediction.buttons)
    prediction.buttons[2].click()
    prediction.buttons[1].click()
    assert prediction.caption.startswith("You say 3.")
    assert [("mg-chosen" in classes(button)) for button in prediction.buttons] == [
        False,
        True,
        False,
    ]
    assert reveal("00.test", np.int64(1), why="One.") == "You said 3; it is 1. One."
    assert prediction.caption == "You said 3; it is 1. One."
    assert "mg-right" in classes(prediction.buttons[0])
    assert [button.disabled for button in prediction.buttons] == [False, False, True]
    prediction.buttons[0].click()  # too late
    assert prediction.caption == "You said 3; it is 1. One."


def test_a_result_waits_for_a_guess():
    prediction = predict("00.test", "How many?", (1, 3, 10))
    assert reveal("00.test", 1, why="One.") == "It is 1. One."
    assert "1" not in prediction.caption
    assert not any("mg-right" in classes(button) for button in prediction.buttons)
    prediction.buttons[0].click()
    assert prediction.caption == "You said 1, and so it is. One."
    assert {"mg-right", "mg-chosen"} <= classes(prediction.buttons[0])


def test_a_number_with_its_unit():
    prediction = predict("00.number", "How long?", unit="letters")
    prediction.number_box.value = "a dozen"
    assert "must be a number, such as 12; got 'a dozen'" in prediction.caption
    prediction.number_box.value = "7"
    assert prediction.caption.startswith("You say 7 letters.")
    prediction.number_box.value = ""
    assert prediction.caption.startswith("Say what you expect;")
    prediction.number_box.value = "1234.567"
    reveal("00.number", 28.94)
    assert prediction.caption == "You said 1,235 letters; it is 28.9 letters."
    assert "mg-gone" in classes(prediction.answers)
    again = predict("00.number", "How long?", unit="letters")
    assert again.number_box.value == "1,234.567"
    assert again.caption == prediction.caption


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), (" 12.5 ", 12.5), ("12,5", 12.5), ("1,234", 1234), ("1,234,567.5", 1234567.5),
     ("-3", -3), ("1e3", 1000), (".5", 0.5), ("1 000", 1000), ("١٢", 12), ("", None), ("  ", None)],
)  # fmt: skip
def test_numbers_are_read_as_they_are_written(text, number):
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["a", "1,2,3", "1..2", "nan", "inf", "1e999", "--1", "."])
def test_what_is_no_number_is_said(text):
    with pytest.raises(mg.SettingError, match="your guess must be a number"):
        parse_number(text)


def test_the_same_question_keeps_guess_and_result():
    first = predict("00.test", "How many?", (1, 3, 10))
    first.buttons[1].click()
    again = predict("00.test", "How many?", (1, 3, 10))
    assert again is not first
    assert again.state.guess == 3
    assert "mg-chosen" in classes(again.buttons[1])
    reveal("00.test", 1)
    later = predict("00.test", "How many?", (1, 3, 10))
    assert later.caption == again.caption == "You said 3; it is 1."


@pytest.mark.parametrize(
    "asked",
    [
        ("00.test", "How few?", (1, 3, 10)),
        ("00.test", "How many?", (1, 3, 11)),
        ("00.test", "How many?", (), "names"),
        ("00.other", "How many?", (1, 3, 10)),
    ],
    ids=("question", "options", "unit", "id"),
)
def test_another_question_starts_anew(asked):
    predict("00.test", "How many?", (1, 3, 10)).buttons[1].click()
    reveal("00.test", 1)
    prediction = predict(*asked)
    assert (prediction.state.guess, prediction.state.result) == (None, None)


def test_the_same_question_in_another_unit_starts_anew():
    predict("00.number", "How long?", unit="letters").number_box.value = "7"
    assert predict("00.number", "How long?", unit="tokens").state.guess is None
    assert predict("00.number", "How long?", unit="tokens").number_box.value == ""


def test_what_a_notebook_stores_gives_nothing_away():
    prediction = predict("00.test", "How many?", (1, 3, 10))
    before = prediction.static_output()
    prediction.buttons[1].click()
    reveal("00.test", 28.94, why="Because.")
    assert prediction.caption == "You said 3; it is 28.9. Because."
    after = prediction.static_output()
    assert after["image/png"] == before["image/png"]
    assert after["text/plain"] == "How many? Say what you expect: 1, 3 or 10."
    for text in (after["text/html"], prediction._repr_mimebundle_()["text/plain"]):
        assert "28.9" not in text
        assert "You said" not in text


def test_the_reason_comes_from_the_catalogue(monkeypatch):
    catalogue = {"00.test": {"why": "There are {size}, at a loss of {loss:.2f}."}, "00.bare": {}}
    monkeypatch.setattr(predictions, "message_section", lambda section: catalogue)
    predict("00.test", "How many?", (1, 3))
    assert reveal("00.test", 3, size=27, loss=2.514) == "It is 3. There are 27, at a loss of 2.51."
    assert reveal("00.test", 3, why="As {it} is.") == "It is 3. As {it} is."
    with pytest.raises(mg.SettingError, match=r"'loss'.*given to reveal.*'00\.test'"):
        reveal("00.test", 3, size=27)
    for id in ("00.bare", "00.unknown"):
        predict(id, "How many?", (1, 3))
        assert reveal(id, 3) == "It is 3."


def test_wrong_arguments_are_one_sentence():
    assert "<script>" not in predict("x", "<script>", (1, 2)).picture.value
    with pytest.raises(mg.SettingError, match=r"that of a prediction.*; got 'nope'"):
        reveal("nope", 1)
    with pytest.raises(mg.SettingError, match="two or more options in a tuple, or else a unit"):
        predict("x", "?")


@pytest.mark.parametrize("options", [3, ("a",)])
def test_wrong_options(options):
    with pytest.raises(mg.SettingError, match="two or more options"):
        predict("x", "?", options)
