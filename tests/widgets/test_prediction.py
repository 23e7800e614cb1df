"""A prediction: the guess, then the result beside it."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.learn.predictions import predict, reveal


def test_predictions():
    prediction = predict("00.test", "How many?", (1, 3, 10))
    assert "1, 3 or 10?" in prediction.caption
    prediction.answer.value = 3
    assert prediction.caption == "You say 3. Run on to see."
    assert reveal("00.test", np.int64(1), "One.") == "You said 3; it is 1. One."
    assert prediction.caption == "You said 3; it is 1. One."
    prediction.answer.value = 1
    assert prediction.caption == "You said 1, and it is 1. One."
    number = predict("00.number", "How long?", unit="letters")
    assert reveal("00.number", 28.94).startswith("It is 28.9 letters.")
    near = predict("00.near", "Among how many?", (1, 10, 27))
    near.answer.value = 27
    assert reveal("00.near", 28.94) == "You said 27, the nearest of these: it is 28.9."
    number.answer.value = 7
    assert number.caption == "You said 7 letters; it is 28.9 letters."
    assert "<script>" not in predict("x", "<script>", (1, 2)).picture.value
    with pytest.raises(mg.SettingError, match=r"that of a prediction.*; got 'nope'"):
        reveal("nope", 1)
    with pytest.raises(mg.SettingError, match="two or more options in a tuple, or else a unit"):
        predict("x", "?")


@pytest.mark.parametrize("options", [3, ("a",)])
def test_wrong_options(options):
    with pytest.raises(mg.SettingError, match="two or more options"):
        predict("x", "?", options)
