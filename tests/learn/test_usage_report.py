"""What the report of `using` claims."""

import numpy as np
from exercise_answers import TEMPERATURE
from override_models import array_softmax, sample_names, train

import microgpt as mg
from microgpt import learn


def test_what_was_not_compared_is_not_claimed():
    """Right for a while, then wrong: the report tells how far it looked."""
    num_calls = 0

    def wrong_later(x):
        nonlocal num_calls
        num_calls += 1
        return array_softmax(x) if num_calls <= 40 else array_softmax(x) * 0.5

    with learn.using(softmax=wrong_later) as report:
        train(steps=12)
    assert "its first 10 results are the library's" in str(report)
    with learn.using(temperature=TEMPERATURE) as report:
        sample_names()
    assert "its first 10 probabilities are the library's" in str(report)
    with learn.using(softmax=array_softmax) as report:
        train(steps=1)
    assert "its results are the library's" in str(report)


def test_one_call_is_one_time():
    x = mg.Tensor(np.ones((3, 4)), backend="numpy")
    with learn.using(softmax=array_softmax) as report:
        mg.ops.softmax(x)
    assert str(report).startswith("Your softmax ran 1 time;")
