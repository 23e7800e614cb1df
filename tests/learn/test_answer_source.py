"""The source of an answer, with what it needs to stand alone."""

import functools
import math
import random as dice
from math import exp as e_to

import numpy as np
import pytest

from microgpt import ops
from microgpt.learn import answer_source, check, solution
from microgpt.learn.answer_source import SourceUnavailable, find_source
from microgpt.learn.registry import find_exercise

rectify = ops.relu
LIMIT = 1e-5
NOTHING = None
TABLE = {"a": 1}
softmax = ops.softmax


def row_max(x):
    return x.max(-1, keepdims=True) + (NOTHING or LIMIT)


def shifted(x):
    return np.exp(x - row_max(x)) + helper_class(0).value + dice.random()


class helper_class:  # noqa: N801
    def __init__(self, value):
        self.value = value


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def uses_attributes(x):
    TABLE_of = [x + 1 for x in range(3)]
    return x.TABLE + math.pi + e_to(1) + len(TABLE_of) + rectify(x)


def uses_a_table(x):
    return TABLE[x]


def uses_a_missing_name(x):
    return nowhere(x)  # noqa: F821


def uses_a_library_s_part(x):
    return softmax(x)


def calls_another_part(logits, targets):
    return -cross_entropy(logits, targets)  # noqa: F821


squared = lambda x: x * x  # noqa: E731


def runs_alone(source, name):
    names = {}
    exec(source.code(), names)
    return names[name]


def test_helpers_constants_and_imports_come_along():
    source = find_source(shifted, "softmax")
    assert source.imports == {"np": "import numpy as np", "dice": "import random as dice"}
    helpers = ["helper_class", "LIMIT", "NOTHING", "row_max"]
    assert list(source.definitions) == [*helpers, "shifted", "softmax"]
    x = np.array([[1.0, 2.0]])
    difference = runs_alone(source, "softmax")(x) - np.exp(x - row_max(x))
    assert np.ptp(difference) < 1e-12
    assert source.code(without={"np", "dice"}).startswith("class helper_class")


def test_attributes_locals_and_builtins_do_not():
    source = find_source(uses_attributes, "uses_attributes")
    assert source.imports == {
        "e_to": "from math import exp as e_to",
        "math": "import math",
        "rectify": "from microgpt.ops import relu as rectify",
    }
    assert list(source.definitions) == ["uses_attributes"]


def test_functions_that_call_each_other():
    assert runs_alone(find_source(even, "even"), "even")(10)


def test_lambdas_and_decorated_functions():
    assert find_source(squared, "squared").definitions == {
        "squared": "squared = lambda x: x * x  # noqa: E731"
    }

    @functools.cache
    def kept(x):
        return x

    with pytest.raises(SourceUnavailable, match="no function written with def"):
        find_source(kept, "f")


def test_other_parts_are_left_out():
    source = find_source(calls_another_part, "cross_entropy_backward")
    assert list(source.definitions) == ["calls_another_part", "cross_entropy_backward"]
    with pytest.raises(SourceUnavailable, match="uses `softmax` from a library"):
        find_source(uses_a_library_s_part, "attention_head")


def made_inside():
    secret = 3
    return lambda x: x + secret


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (uses_a_table, "f uses `TABLE`, which is set elsewhere"),
        (uses_a_missing_name, "f uses `nowhere`"),
        (made_inside(), "cannot be read from here|made inside another function"),
        (math.exp, "no function written with def"),
        (functools.partial(row_max), "no function written with def"),
        (eval("lambda x: x"), "the code of f cannot be read"),
    ],
)
def test_what_cannot_stand_alone(answer, message):
    with pytest.raises(SourceUnavailable, match=message):
        find_source(answer, "f")


def sample(logits, T, k, u):
    from microgpt import next_token

    return next_token(logits, T, min(k, len(logits)), u=u).token


def test_check_remembers_correct_answers_only(monkeypatch):
    monkeypatch.setattr(answer_source, "_correct", {})
    assert not check("09.sample", row_max)
    assert check("09.sample", find_exercise("09.sample").solution)  # nobody's answer
    assert answer_source.correct_answers() == {}
    assert check("09.sample", sample)
    assert answer_source.correct_answers()["09.sample"].code().startswith("def sample(")
    names = {}
    exec(str(solution("09.sample")), names)
    assert check("09.sample", names["sample"])
    assert isinstance(answer_source.correct_answers()["09.sample"], SourceUnavailable)
