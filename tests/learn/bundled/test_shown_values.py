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
        value = exercise.call(function, *copy.deepcopy(list(result.input.values())))
    value = value.output if exercise.is_kernel else value
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


def head_that_sees(visible):
    """An attention head whose weights are 0 where the square of visibilities is False."""

    def head(x, wq, wk, wv):
        scores = (x @ wq.T) @ (x @ wk.T).T / np.sqrt(len(wq))
        scores[~visible(len(x))] = -1e30
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True) @ (x @ wv.T)

    return head


def test_a_row_that_sees_a_later_letter_is_shown_as_what_it_is():
    def leaky(T):
        visible = np.tri(T, k=1, dtype=bool)
        visible[:1, 1:] = False  # of the first row; all others see the next letter
        return visible

    result = learn.check("06.attention_head", head_that_sees(leaky))
    assert result.quantity == "row 2 of y, after a change of letter 3"
    assert "(row 2 of y, after a change of letter 3)" in repr(result)
    assert result.got.ndim == result.expected.ndim == 1
    x, *weights = result.input.values()
    y = head_that_sees(leaky)(x, *weights)
    np.testing.assert_allclose(result.expected, y[1], rtol=1e-6)
    x = x.copy()
    x[2] += 1 + np.arange(x.shape[1])
    y = head_that_sees(leaky)(x, *weights)
    np.testing.assert_allclose(result.got, y[1], rtol=1e-6)


def test_a_shape_that_changes_with_a_letter_is_shown_as_that():
    known = []

    def shrinks(x, wq, wk, wv):
        y = head_that_sees(lambda T: np.tri(T, dtype=bool))(x, wq, wk, wv)
        is_changed = any(
            x.shape == earlier.shape and 0 < (x != earlier).any(axis=1).sum() < len(x)
            for earlier in known
        )
        known.append(x.copy())
        return y[1:] if is_changed else y

    result = learn.check("06.attention_head", shrinks)
    assert result.quantity == "y, after a change of letter 2"
    assert len(result.got) == len(result.expected) - 1


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
