"""`Result`: its card, its line and its dictionary."""

import json

import numpy as np
import pytest
from exercise_answers import correct_sample, id_order_sample

from microgpt import learn
from microgpt.learn.html import Row
from microgpt.learn.results import Result


def test_a_result_can_be_written_as_json():
    result = learn.check("09.sample", id_order_sample, seed=4)
    fields = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert list(fields) == ["state", "property", "input", "got", "expected", "cause",
                            "exercise", "version", "seed", "seconds", "success_message",
                            "quantity"]  # fmt: skip
    assert fields["input"]["logits"] == [1.0, 2.0, 0.1, -1.0]
    assert fields["seed"] == 4


def test_infinity_and_nan_can_be_written_as_json():
    result = learn.check("09.temperature", lambda *_: np.array([np.nan, np.inf, 1.0]))
    assert json.dumps(result.to_dict(), allow_nan=False)
    assert result.to_dict()["got"] == ["nan", "inf", 1.0]


def test_a_card_has_labels_and_symbols_and_is_escaped():
    result = learn.check("09.sample", lambda *_: "<img src=x onerror=alert(1)>")
    html = result._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html
    for state, symbol, answer in (
        ("Not yet", "✗", lambda *_: None),
        ("Correct", "✓", correct_sample),
        ("Not attempted", "○", learn.todo()),
    ):
        html = learn.check("09.sample", answer)._repr_html_()
        assert f"<span>{symbol}</span></span> <span>{state}</span> <code>09.sample</code>" in html


def test_the_text_has_a_line_for_each_part_of_the_card():
    lines = repr(learn.check("09.temperature", lambda logits, T: logits)).splitlines()
    assert lines[0] == "✗ Not yet · 09.temperature"
    assert [line.partition(":")[0] for line in lines[1:-1]] == [
        "  goal not reached yet", "  input", "  got", "  expected", "  usual cause",
    ]  # fmt: skip
    assert lines[1] == "  goal not reached yet: The worked example gives the right result."
    assert lines[-1] == '  mg.learn.hint("09.temperature") gives a hint.'
    assert repr(learn.check("09.sample", correct_sample)).splitlines() == [
        "✓ Correct · 09.sample",
        "  Every property holds.",
        '  mg.learn.solution("09.sample") shows one way to write it.',
    ]
    assert repr(learn.check("09.sample", learn.todo())).count("\n") == 2
    assert repr(Result("not yet", "It holds.")) == "✗ Not yet · \n  goal not reached yet: It holds."


def test_probabilities_have_their_sum_beside_them():
    expected = np.array([0.75, 0.25])
    result = Result("not yet", got=np.array([1.5, 0.5]), expected=expected)
    assert [row.note for row in result.rows()] == ["sum 2.000", "sum 1.000"]
    assert "got: [1.5, 0.5] sum 2.000" in repr(result)
    for got in (np.array([[1.5, 0.5]]), np.array([1, 2]), [1.5, 0.5], None):
        assert {row.note for row in Result("not yet", got=got, expected=expected).rows()} == {""}
    others = Result("not yet", got=np.array([1.5, 0.5]), expected=np.array([0.5, 0.25]))
    assert {row.note for row in others.rows()} == {""}


def test_a_difference_in_the_last_digits_is_seen():
    result = Result("not yet", got=np.array([0.86377001]), expected=np.array([0.86377]))
    got, expected = (row.text for row in result.rows())
    assert got != expected
    assert got.startswith("[0.8637700")


def test_what_differs_is_marked_only_beside_what_was_expected():
    result = Result("not yet", got=1, expected=2)
    assert result.rows() == (Row("got", "1", "wrong", "2"), Row("expected", "2", "wanted", "1"))
    assert Result("not yet", got=1).rows() == (Row("got", "1", "", "None"),)
    assert Result("not yet", expected=2).rows() == (Row("expected", "2", "", "None"),)


HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize("field", ["property", "got", "expected", "cause", "exercise"])
def test_every_field_of_a_card_is_text(field):
    html = Result("not yet", **{field: HOSTILE})._repr_html_()
    assert HOSTILE not in html
    assert "&lt;img" in html


@pytest.mark.parametrize(
    "html",
    [
        Result("not yet", input={HOSTILE: 1, "b": HOSTILE})._repr_html_(),
        Result("correct", success_message=HOSTILE)._repr_html_(),
    ],
    ids=("input", "success"),
)
def test_other_texts_of_cards_are_text_too(html):
    assert "<img" not in html
    assert "&lt;img" in html


@pytest.mark.parametrize("state", ["not yet", "not attempted"])
def test_only_a_correct_answer_raises_nothing(state):
    Result("correct").raise_if_wrong()
    with pytest.raises(learn.WrongAnswer, match=f"a.b: {state}"):
        Result(state, exercise="a.b").raise_if_wrong()
    assert not Result(state)
