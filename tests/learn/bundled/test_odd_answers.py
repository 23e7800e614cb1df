"""Answers of 01 to 08 that are wrong in every exercise: each ends in one sentence that helps."""

import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise

IDS = (
    "01.mul", "01.tanh", "01.backward", "02.matmul_backward", "02.unbroadcast",
    "03.surprise", "03.softmax", "03.cross_entropy", "03.cross_entropy_backward",
    "04.merge", "04.encode", "05.embedding", "05.embedding_backward",
    "06.attention_head", "06.many_heads", "07.rms_norm", "07.layer_norm", "07.count_parameters",
    "08.adamw_step", "08.clip_grad_norm",
)  # fmt: skip
# Their arguments, as a tuple, have the type of a result.
LIKE_A_RESULT = ("03.surprise", "03.softmax", "08.clip_grad_norm")
MISSING, ASKED = "a `return` is missing", "where the signature asks for"
ARGUMENTS, VARIES = "Change the line that begins with def", "gave another result"


class Answer:
    def __init__(self, *arguments):
        pass


def two_of(value):
    return lambda *arguments: (value, value)


def prints_much(*arguments):
    for i in range(2000):
        print("a line", i)


def catches_all(*arguments):
    try:
        return find_exercise("09.sample").solution(*arguments)
    except Exception:
        return None


ODD = {
    "None": (lambda *arguments: None, MISSING),
    "prints": (lambda *arguments: print(1.0), MISSING),
    "prints a lot": (prints_much, MISSING),
    "catches its errors": (catches_all, MISSING),
    "a string": (lambda *arguments: "30.0, 20.0", ASKED),
    "a set": (lambda *arguments: {1.0, 2.0}, ASKED),
    "an object": (lambda *arguments: object(), ASKED),
    "a class": (Answer, ASKED),
    "a generator": (lambda *arguments: (x for x in (1.0, 2.0)), ASKED),
    "a function": (lambda *arguments: math.tanh, ASKED),
    "a complex number": (lambda *arguments: 1j, ASKED),
    "two Values": (two_of(mg.Value(1.0)), ASKED),
    "two strings": (two_of("1.0"), ASKED),
    "two Nones": (two_of(None), ASKED),
    "its arguments": (lambda *arguments: arguments, ASKED),
    "random numbers": (lambda *arguments: np.random.default_rng().random(2), None),
    "an error": (lambda *arguments: [][0], "stopped with an error (IndexError) in the line"),
    "an unknown name": (lambda *arguments: unknown, "(NameError)"),  # noqa: F821
    "a wrong call": (lambda *arguments: math.tanh(1.0, 2.0), "(TypeError)"),
    "exits": (lambda *arguments: exit(), "SystemExit"),
    "one argument": (lambda everything, /, *, more: everything, ARGUMENTS),
    "no argument": (lambda: 0.0, ARGUMENTS),
    "too many arguments": (lambda a, b, c, d, e: a, ARGUMENTS),
    "a number": (30.0, "Hand over the function itself"),
    "a tuple": ((30.0, 20.0), "Hand over the function itself"),
}


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_ends_in_one_sentence(id, name):
    answer, cause = ODD[name]
    result = learn.check(id, answer)
    assert result.state == "not yet"
    assert result.property
    assert result._repr_html_()
    if name == "its arguments" and id in LIKE_A_RESULT:
        assert result.cause
    elif cause is not None:
        assert cause in result.cause
    elif "array" in find_exercise(id).shapes or id == "01.mul":
        assert VARIES in result.cause or ASKED in result.cause


@pytest.mark.parametrize("id", IDS)
def test_an_endless_loop_is_named_as_one(id, short_cpu_limit):
    def endless(*arguments):
        while True:
            pass

    assert "loop never ends" in learn.check(id, endless).cause
