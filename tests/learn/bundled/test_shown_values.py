"""What a card shows as got is the answer's result for the input shown, or it says what it is."""

import copy

import numpy as np
import pytest

from microgpt import learn
from microgpt.learn.bundled import EXERCISES
from microgpt.learn.equality import values_equal
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import ParseError
from microgpt.learn.registry import find_exercise

FUNCTIONS = [exercise for exercise in EXERCISES if exercise.is_function]


def is_the_result(exercise, function, result):
    """Whether `got` is what the function returns for the shown input; words are no value."""
    if result.input is None or result.got is None or isinstance(result.got, str):
        return True
    with np.errstate(all="ignore"):
        value = function(*copy.deepcopy(list(result.input.values())))
    try:
        value = exercise.parse(value)
    except ParseError:  # shown as it came
        return True
    return values_equal(value, result.got, 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda exercise: exercise.id)
def test_got_is_the_result_for_the_input_or_is_named(exercise):
    for mistake in exercise.common_mistakes:
        if mistake.times_out:
            continue
        result = learn.check(exercise.id, mistake.function)
        assert result.quantity or is_the_result(exercise, mistake.function, result), mistake.name


def test_a_card_says_what_is_no_result():
    result = learn.check("07.rms_norm", lambda x, eps: x / np.sqrt((x * x).mean() + eps))
    assert result.quantity == message_section("quantities")["mean_squares"]
    assert repr(result).count("(mean square of each row of y)") == 2
    assert "(mean square of each row of y)" in result._repr_html_()
    assert result.to_dict()["quantity"] == result.quantity
    assert learn.check("07.rms_norm", lambda x, eps: x).quantity == ""


def test_the_shown_input_of_a_shifted_row_is_the_shifted_one():
    def mean_of_squares(x, weight, bias, eps):
        mean = x.mean(-1, keepdims=True)
        variance = (x * x).mean(-1, keepdims=True) - mean**2
        return (x - mean) / np.sqrt(variance + eps) * weight + bias

    result = learn.check("07.layer_norm", mean_of_squares)
    assert result.input["x"].min() > 900


def test_a_bias_on_the_head_is_shown_in_a_whole_count():
    def head_bias(n_layer, n_embd, block_size, vocab_size, tied, bias, norm):
        right = find_exercise("07.count_parameters").solution
        sizes = (n_layer, n_embd, block_size, vocab_size)
        return right(*sizes, tied, bias, norm) + vocab_size * bias * (not tied)

    result = learn.check("07.count_parameters", head_bias)
    assert result.got - result.expected == 50_257
    assert result.expected == 163_037_184
