"""03.surprise: the negative log-likelihood of an event, in nats."""

import math

import numpy as np

from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import number


def nll(p):
    if p == 0:
        return math.inf
    return -math.log(p)


def _by_numpy(p):
    return -np.log(p)


def _by_the_inverse(p):
    return math.log(1 / p) if p > 0 else float("inf")


def _from_bits(p):
    try:
        return -math.log2(p) * math.log(2)
    except ValueError:
        return np.inf


_both_events = message_section("quantities")["both_events"]


def _adds(answer, p):
    """Compare two independent events of probability p, which both occur, with one of them."""
    both, twice = answer(p * p), 2 * answer(p)
    return None if abs(both - twice) <= 1e-4 else Mismatch(both, twice, quantity=_both_events)


def _falls(answer, p):
    """Compare with an event that is half as probable."""
    rarer, got = answer(p / 2), answer(p)
    if rarer > got:
        return None
    return Mismatch(
        _texts["not_larger"].format(p=p, rarer=p / 2, got=got, at_rarer=rarer), _texts["larger"]
    )


def _certain(rng):
    yield (1.0,)


def _random(rng):
    for p in (0.1, 0.9, *np.round(rng.uniform(0.01, 0.99, 40), 2), 1e-12):
        yield (float(p),)


def _impossible(rng):
    yield (0.0,)


_texts = message_section("03.surprise")
_descriptions, _causes, _mistakes = _texts["properties"], _texts["causes"], _texts["mistakes"]


def _except_at_zero(at_zero):
    """Return a function that is right but for p = 0."""
    return lambda p: at_zero if p == 0 else -math.log(p)


def _is_finite_near_zero(result, p):
    """Whether nothing but p near 0 goes wrong, where something was added to p or p was clipped."""
    return p < 1e-6 and math.isfinite(result)


# What learners compute instead, by the key of its cause.
FORMULAS = {
    "base_2": lambda p: math.inf if p == 0 else -math.log2(p),
    "base_10": lambda p: math.inf if p == 0 else -math.log10(p),
    "one_minus": lambda p: 1 - p,
    "sign": lambda p: -math.inf if p == 0 else math.log(p),
    "inverse": lambda p: math.inf if p == 0 else 1 / p,
    "weighted": lambda p: 0.0 if p == 0 else -p * math.log(p),
    "of_the_opposite": lambda p: math.inf if p == 1 else -math.log(1 - p),
    "both_cases": lambda p: 0.0 if p in (0, 1) else -p * math.log(p) - (1 - p) * math.log(1 - p),
    "exponential": lambda p: math.exp(-p),
    "exponential_of_p": lambda p: math.exp(p),
    "odds": lambda p: math.inf if p == 0 else (1 - p) / p,
    "minus_p": lambda p: -p,
    "log_1p": lambda p: math.log1p(p),
    "minus_log_1p": lambda p: -math.log1p(p),
    "whole_number": lambda p: math.inf if p == 0 else int(-math.log(p)),
    "squared_log": lambda p: math.inf if p == 0 else math.log(p) ** 2,
    "p_itself": lambda p: p,
    "one_minus_log": lambda p: math.inf if p == 0 else 1 - math.log(p),
    "squared": lambda p: (1 - p) ** 2,
}


def _rounded(digits):
    """Return the mistake of rounding the result."""
    return CommonMistake(
        f"rounded to {digits} digits",
        lambda p: round(nll(p), digits),
        _mistakes["rounded"].format(digits=digits),
    )


SURPRISE = Exercise(
    id="03.surprise",
    signature="nll(p) -> nats",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((0.5,), 0.693147),
    difficulty=1,
    importance=5,
    minutes=3,
    prerequisites=("probability", "logarithm"),
    hints=tuple(_texts["hints"]),
    solution=nll,
    alternative_solutions=(_by_numpy, _by_the_inverse, _from_bits),
    properties=(
        Property(_descriptions["certain"], _certain),
        Property(_descriptions["adds"], lambda rng: [(0.5,), (0.1,), (0.9,)], _adds),
        Property(_descriptions["impossible"], _impossible, cause=_causes["impossible"]),
        Property(_descriptions["falls"], lambda rng: [(1.0,), (0.5,), (0.01,)], _falls),
        Property(_descriptions["random"], _random),
    ),
    common_mistakes=(
        *(
            CommonMistake(key.replace("_", " "), formula, _mistakes[key])
            for key, formula in FORMULAS.items()
        ),
        *map(_rounded, (1, 2, 3, 4)),
        CommonMistake("log of 0", lambda p: -math.log(p), _mistakes["log_of_zero"]),
        CommonMistake("minus infinity", _except_at_zero(-math.inf), _mistakes["minus_infinity"]),
        CommonMistake("nan", _except_at_zero(math.nan), _mistakes["nan"]),
        CommonMistake(
            "finite at 0", _except_at_zero(0.0), _mistakes["finite"], matches=_is_finite_near_zero
        ),
    ),
    parse=number,
)
