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
