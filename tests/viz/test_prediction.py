"""A prediction's sentence: the guess, the result, and the option that is nearest to it."""

import pytest

from microgpt.viz.prediction import PredictionState, format_value, prediction_sentence


@pytest.mark.parametrize(
    ("options", "guess", "result", "expected"),
    [
        ((1, 10, 27), None, None, "Your guess: 1, 10 or 27?"),
        ((1, 10, 27), 10, None, "You say 10. Run on to see."),
        ((1, 10, 27), None, 12.5, "It is 12.5."),
        ((1, 10, 27), 10, 10, "You said 10, and it is 10."),
        ((1, 10, 27), 10, 12.5, "You said 10, the nearest of these: it is 12.5."),
        ((1, 10, 27), 1, 12.5, "You said 1; it is 12.5."),
        ((1, 10, 27), 27, 12.5, "You said 27; it is 12.5."),
        ((1, 10, 27), 10, 27, "You said 10; it is 27."),
        (("yes", "no"), "no", "yes", "You said no; it is yes."),
    ],
)
def test_sentences(options, guess, result, expected):
    state = PredictionState("How many?", options, guess=guess, result=result)
    assert prediction_sentence(state).startswith(expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1,234,567 ms"), (0.12345, "0.123 ms"), (999.4, "999 ms"), (-12345.6, "-12,346 ms"),
     (True, "True ms"), ("a", "a ms")],
)  # fmt: skip
def test_values_have_three_digits_or_separators(value, text):
    assert format_value(value, "ms") == text
    assert format_value(value) == text.removesuffix(" ms")
