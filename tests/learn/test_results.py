"""`Result`: its card, its line and its dictionary."""

import json

import numpy as np
import pytest
from exercise_answers import correct_sample, id_order_sample

from microgpt import learn
from microgpt.learn.html import text_card
from microgpt.learn.predictions import Revealed
from microgpt.learn.results import Result


def test_a_result_can_be_written_as_json():
    result = learn.check("09.sample", id_order_sample, seed=4)
    fields = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert list(fields) == ["state", "property", "input", "got", "expected", "cause", "exercise",
                            "version", "seed", "seconds", "success_message"]  # fmt: skip
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
    assert "✗ Not yet" in html
    assert "var(--jp-ui-font-color1" in html
    assert "✓ Correct" in learn.check("09.sample", correct_sample)._repr_html_()
    assert "○ Not attempted" in learn.check("09.sample", learn.todo())._repr_html_()
    lines = repr(result).splitlines()
    assert lines[0] == "✗ Not yet · 09.sample"
    assert lines[1] == "  does not hold: The worked example gives the right result."
    assert "<em>does not hold:</em> The worked example gives the right" in html
    assert any(line.strip().startswith("usual cause:") for line in lines)


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
        text_card(HOSTILE, "b", False),
        text_card("a", HOSTILE, False),
        text_card("a", HOSTILE, True),
        Revealed(HOSTILE)._repr_html_(),
    ],
    ids=("input", "success", "title", "text", "code", "prediction"),
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
