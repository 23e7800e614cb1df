"""03.surprise: what learners write for −ln p, and what they are told."""

import math

import numpy as np
import pytest

from microgpt import learn

ID = "03.surprise"
INF = math.inf


def guarded(p):
    try:
        return -math.log(p)
    except ValueError:
        return INF


@pytest.mark.parametrize(
    "answer",
    [
        guarded,
        lambda p: abs(math.log(p)) if p else INF,
        lambda p: np.float32(-np.log(p)),
        lambda p: [-np.log(p)],
        lambda p: math.log(1 / p) if p > 0 else float("inf"),
        lambda p: -math.log2(p) * math.log(2) if p else np.inf,
    ],
)
def test_right_answers_of_many_forms(answer):
    assert learn.check(ID, answer)


def prints(p):
    for _ in range(100):
        print(p)


def calls_itself(p):
    return calls_itself(p)


def test_a_text_is_shown_in_quotes():
    assert "got: 'inf'" in repr(learn.check(ID, lambda p: "inf" if p == 0 else -math.log(p)))


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda p: -math.log2(p) if p else INF, "counts in bits"),
        (lambda p: -np.log10(p), "base 10"),
        (lambda p: 1 - p, "both together 0.75"),
        (lambda p: math.log(p) if p else -INF, "never above 0"),
        (lambda p: np.log(p), "never above 0"),
        (lambda p: -math.log(p), "`math.log(0)` has no value"),
        (lambda p: math.log(1 / p), "handle p == 0 first"),
        (lambda p: -math.log(p + 1e-9), "a finite number"),
        (lambda p: -math.log(max(p, 1e-12)), "a finite number"),
        (lambda p: -math.log(p) if p else 0, "a finite number"),
        (lambda p: -math.log(p) if p else 1e9, "a finite number"),
        (lambda p: -math.log(p) if p else -INF, "minus infinity"),
        (lambda p: -math.log(p) if p else math.nan, "gives nan"),
        (lambda p: -math.log(p) if p else None, "handle p == 0 first"),
        (lambda p: 1 / p if p else INF, "multiplies where it should add"),
        (lambda p: -p * math.log(p) if p else 0, "leave the factor p out"),
        (lambda p: -math.log(1 - p) if p < 1 else INF, "opposite event"),
        (lambda p: math.exp(-p), "wrong way round"),
        (lambda p: round(guarded(p), 2), "rounded to 2 digits"),
        (lambda p: int(-math.log(p)) if p else INF, "cut to a whole number"),
        (lambda p: -math.log1p(p), "ln(1 + p)"),
        (lambda p: None, "a `return` is missing"),
        (prints, "a `return` is missing"),
        (lambda p: (p, guarded(p)), "of the type tuple"),
        (lambda p: str(guarded(p)), "of the type str"),
        (calls_itself, "RecursionError"),
        (lambda p, base: -math.log(p, base), "passes the arguments of the signature"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    result = learn.check(ID, answer)
    assert result.state == "not yet"
    assert cause in result.cause
