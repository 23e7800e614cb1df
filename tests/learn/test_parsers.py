"""What an answer's result is read as."""

import numpy as np
import pytest
from exercise_answers import correct_sample

from microgpt import learn


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (None, "None: a `return` is missing"),
        ("seven", "of the type str"),
        (2.0, "of the type float"),
        ([1, 2], "of the type list"),
    ],
)
def test_results_of_another_type(value, cause):
    result = learn.check("09.sample", lambda *_: value)
    assert cause in result.cause
    assert result.expected == "a whole number, an int"


@pytest.mark.parametrize("convert", [int, np.int32, np.int64, np.array])
def test_a_token_may_be_any_integer(convert):
    assert learn.check("09.sample", lambda *arguments: convert(correct_sample(*arguments)))


def test_a_boolean_is_no_token():
    for value in (True, np.True_, np.array(True)):
        with pytest.raises(learn.ParseError, match="a whole number"):
            learn.integer(value)
    assert learn.integer(np.array([[3]])) == 3
    assert learn.number(np.array([[3]])) == 3.0
    for value in (np.ones(2), np.ones(0), [1, 2]):
        with pytest.raises(learn.ParseError, match="one number"):
            learn.number(value)


def test_tuples_have_a_parser_for_each_value():
    parse = learn.tuple_of(learn.integer, learn.number)
    assert parse([np.int32(1), 2]) == (1, 2.0)
    for value in ((1,), (1, 2, 3), np.ones(2), 5):
        with pytest.raises(learn.ParseError, match="2 values, in a tuple"):
            parse(value)


@pytest.mark.parametrize("value", [[1, 2], (1, 2), np.array([1, 2]), [np.int32(1), np.array(2)]])
def test_token_ids_may_be_any_sequence_of_integers(value):
    assert learn.token_ids(value) == [1, 2]


@pytest.mark.parametrize("value", [None, 1, [1.0], ["1"], [[1]], [True], np.ones(2), b"ab", {1, 2}])
def test_other_values_are_no_token_ids(value):
    with pytest.raises(learn.ParseError, match="ints"):
        learn.token_ids(value)
