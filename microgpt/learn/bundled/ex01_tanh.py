"""01.tanh: the backward rule of tanh."""

import math

from microgpt.learn.bundled.measured_gradients import is_measured, measured
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import number

EXACT = 3e-7  # relative; rounding to 32 bits is wrong by 6e-8, 1 − y² in 64 bits by 2e-8
LARGE = 400.0  # e^400 is a float, its square is not


def tanh_backward(x, dy):
    y = math.tanh(x)
    return (1 - y * y) * dy


def _by_cosh(x, dy):
    return dy / math.cosh(x) / math.cosh(x)


def _by_one_exponential(x, dy):
    e = math.exp(-2 * abs(x))  # never overflows
    return dy * 4 * e / (1 + e) ** 2


def _by_factors(x, dy):
    y = math.tanh(x)
    return dy * (1 - y) * (1 + y)


def _is_measured(answer, x, dy):
    return is_measured(answer(x, dy), measured(lambda x: dy * math.tanh(x), x))


def _is_symmetric(answer, x, dy):
    left, right = answer(-x, dy), answer(x, dy)
    return None if abs(left - right) <= 1e-5 * max(1.0, abs(right)) else Mismatch(left, right)


def _is_exact(answer, x, dy):
    """Far out, even the best finite difference is wrong by more than EXACT."""
    got, expected = answer(x, dy), tanh_backward(x, dy)
    return None if abs(got - expected) <= EXACT * abs(expected) else Mismatch(got, expected)


def _at_zero(rng):
    yield 0.0, 1.0
    yield 0.0, -2.5


def _random(rng):
    for scale in (1.0, 2.0, 4.0):
        for _ in range(67):
            x, dy = rng.normal(size=2) * scale
            yield round(float(x), 2), round(float(dy), 1)


def _far_out(rng):
    for x in (9.0, -9.5, 10.0):
        yield x, 1e8


def _large(rng):
    for x in (LARGE, -LARGE):
        yield x, 1.0


def _overflows(result, x, dy):
    """Whether a large x, and no smaller one, gave an error or a number that is not finite."""
    return abs(x) >= LARGE and (result is None or not math.isfinite(result))


_texts = message_section("01.tanh")
_descriptions, _causes, _mistakes = _texts["properties"], _texts["causes"], _texts["mistakes"]

# What learners compute instead, by the key of its cause.
FORMULAS = {
    "derivative_at_output": lambda x, dy: (1 - math.tanh(math.tanh(x)) ** 2) * dy,
    "one_minus_x_squared": lambda x, dy: (1 - x * x) * dy,
    "no_upstream": lambda x, dy: 1 - math.tanh(x) ** 2,
    "precedence": lambda x, dy: 1 - math.tanh(x) ** 2 * dy,
    "not_squared": lambda x, dy: (1 - math.tanh(x)) * dy,
    "value": lambda x, dy: math.tanh(x) * dy,
    "squared_only": lambda x, dy: math.tanh(x) ** 2 * dy,
    "plus": lambda x, dy: (1 + math.tanh(x) ** 2) * dy,
    "negative": lambda x, dy: (math.tanh(x) ** 2 - 1) * dy,
    "added": lambda x, dy: 1 - math.tanh(x) ** 2 + dy,
    "sigmoid": lambda x, dy: math.tanh(x) * (1 - math.tanh(x)) * dy,
    "upstream_only": lambda x, dy: dy,
    "tanh_of_dy": lambda x, dy: (1 - math.tanh(dy) ** 2) * dy,
    "of_square": lambda x, dy: (1 - math.tanh(x * x)) * dy,
    "sech": lambda x, dy: dy / math.cosh(x),
    "inverse": lambda x, dy: dy / (1 - x * x),
    "twice": lambda x, dy: (1 - math.tanh(x) ** 2) * dy * dy,
    "divided": lambda x, dy: (1 - math.tanh(x) ** 2) / dy,
    "only_value": lambda x, dy: math.tanh(x),
}
OVERFLOWS = {
    "overflow": lambda x, dy: dy * 4 / (math.exp(x) + math.exp(-x)) ** 2,
}

TANH = Exercise(
    id="01.tanh",
    signature="tanh_backward(x, dy) -> dx",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((0.6, 1.0), 0.711578),
    difficulty=1,
    importance=4,
    minutes=4,
    prerequisites=("slope",),
    hints=tuple(_texts["hints"]),
    solution=tanh_backward,
    alternative_solutions=(_by_cosh, _by_one_exponential, _by_factors),
    properties=(
        Property(_descriptions["at_zero"], _at_zero),
        Property(_descriptions["random"], _random, _is_measured),
        Property(_descriptions["symmetric"], lambda rng: [(0.5, 1.0), (2.0, -1.5)], _is_symmetric),
        Property(_descriptions["large"], _large),
        Property(_descriptions["exact"], _far_out, _is_exact, cause=_causes["measured"]),
    ),
    common_mistakes=(
        *(
            CommonMistake(key.replace("_", " "), formula, _mistakes[key])
            for key, formula in FORMULAS.items()
        ),
        *(
            CommonMistake(key, formula, _causes["overflow"], matches=_overflows)
            for key, formula in OVERFLOWS.items()
        ),
    ),
    parse=number,
)
