"""`using`: which functions it takes, and what it raises."""

import threading

import numpy as np
import pytest
from exercise_answers import SAMPLE, TEMPERATURE, TOP_K
from override_models import array_softmax, column_softmax, sample_names, train

import microgpt as mg
from microgpt import learn


def test_a_function_that_never_ran_is_an_error():
    for function, message, use in [
        ({"sample": SAMPLE}, "sampled only while it is read", lambda: None),
        (
            {"temperature": TEMPERATURE},
            "at temperature 0 the most probable",
            lambda: sample_names(temperature=0),
        ),
        ({"top_k": TOP_K}, "without top_k nothing is cut", lambda: sample_names(top_k=None)),
        (
            {"tanh": np.tanh},
            r"your tanh never ran: this model calls .*relu",
            lambda: train(steps=1),
        ),
        ({"relu": np.abs}, "no model was used", lambda: None),
    ]:
        with pytest.raises(mg.StateError, match=message), learn.using(**function):
            use()


def test_an_error_in_the_block_is_the_one_that_is_raised():
    def broken(logits, T, k, u):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), learn.using(sample=broken):
        sample_names()
    with pytest.raises(RuntimeError, match="mine"), learn.using(softmax=array_softmax):
        raise RuntimeError("mine")


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({}, "functions must be at least one"),
        ({"smaple": len}, "function must be one of 'sample', .*; did you mean 'sample'"),
        ({"sample": 3}, "sample must be a function; got int"),
        ({"sample": learn.todo()}, "got the stub"),
        ({"sample": len, "top_k": len}, "sample must be given alone"),
        ({"nll": len}, r"one that a model calls; got 'nll'; .* using\(cross_entropy=…\)"),
        ({"merge": len}, r"compare your function with mg\.tokenizers\.merge"),
        ({"encode": len}, "a tokenizer encodes before the model runs"),
    ],
)
def test_what_cannot_be_used(functions, message):
    with pytest.raises(mg.SettingError, match=message), learn.using(**functions):
        pass


def test_other_threads_keep_the_library():
    losses, expected = [], train(steps=3)
    with learn.using(softmax=column_softmax) as report:
        thread = threading.Thread(target=lambda: losses.append(train(steps=3)))
        thread.start()
        thread.join()
        assert report.calls == {"softmax": 0}
        assert train(steps=3) != expected
    assert losses == [expected]
    assert train(steps=3) == expected


def test_a_model_in_another_thread_is_named_as_the_reason():
    def train_in_thread():
        with learn.using(softmax=array_softmax):
            thread = threading.Thread(target=train, args=(1,))
            thread.start()
            thread.join()

    with pytest.raises(mg.StateError, match=r"in another thread, such as a view .* does not see"):
        train_in_thread()


def test_capture_is_off_inside():
    x = mg.Tensor(np.ones((3, 4)), backend="numpy")
    captured = mg.capture(lambda x: mg.ops.softmax(x))
    before = [captured(x).numpy() for _ in range(4)][-1]
    with learn.using(softmax=array_softmax) as report:
        inside = captured(x).numpy()
    assert report.calls == {"softmax": 1}
    np.testing.assert_allclose(inside, before, atol=1e-6)
