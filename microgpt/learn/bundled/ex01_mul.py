"""01.mul: the backward rule of one multiplication."""

from microgpt.learn.bundled.measured_gradients import is_measured, measured, two_numbers
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Property
from microgpt.learn.messages import message_section


def mul_backward(a, b, dy):
    return b * dy, a * dy


def _by_a_loop(a, b, dy):
    return [other * dy for other in (b, a)]


def _by_halves(a, b, dy):
    """ab = ((a + b)² − a² − b²) / 2, differentiated term by term."""
    return dy * ((a + b) - a), dy * ((a + b) - b)


def _by_measuring(a, b, dy):
    """Exact but for rounding: a product is a straight line in each factor."""
    return dy * ((a + 1.0) * b - a * b), dy * (a * (b + 1.0) - a * b)


def _is_measured(answer, a, b, dy):
    expected = measured(lambda a: dy * a * b, a), measured(lambda b: dy * a * b, b)
    return is_measured(answer(a, b, dy), expected)


def _random(rng):
    for size in (3, 10, 100):
        numbers = rng.integers(-size, size + 1, (60 if size < 100 else 80, 3)) / 2
        yield from (tuple(row) for row in numbers.tolist())


def _no_upstream(rng):
    yield 2.0, 3.0, 0.0
    yield -1.5, 0.5, 0.0


def _zero_factors(rng):
    yield 0.0, 3.0, 2.0
    yield 4.0, 0.0, -1.0
    yield 0.0, 0.0, 5.0


_texts = message_section("01.mul")
_descriptions, _mistakes = _texts["properties"], _texts["mistakes"]

# What learners compute instead, by the key of its cause.
FORMULAS = {
    "own_factor": lambda a, b, dy: (a * dy, b * dy),
    "no_upstream": lambda a, b, dy: (b, a),
    "own_factor_no_upstream": lambda a, b, dy: (a, b),
    "sum_rule": lambda a, b, dy: (dy, dy),
    "ones": lambda a, b, dy: (1.0, 1.0),
    "same_twice": lambda a, b, dy: (b * dy, b * dy),
    "same_twice_a": lambda a, b, dy: (a * dy, a * dy),
    "product": lambda a, b, dy: (a * b * dy, a * b * dy),
    "value": lambda a, b, dy: (a * b, a * b),
    "added": lambda a, b, dy: (b + dy, a + dy),
    "divided": lambda a, b, dy: (dy / b, dy / a),
    "upstream_over": lambda a, b, dy: (b / dy, a / dy),
    "one_upstream_first": lambda a, b, dy: (b * dy, a),
    "one_upstream_second": lambda a, b, dy: (b, a * dy),
    "negative": lambda a, b, dy: (-b * dy, -a * dy),
    "whole": lambda a, b, dy: (int(b * dy), int(a * dy)),
    "absolute": lambda a, b, dy: (abs(b * dy), abs(a * dy)),
}

MUL = Exercise(
    id="01.mul",
    signature="mul_backward(a, b, dy) -> (da, db)",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((2.0, 3.0, 10.0), (30.0, 20.0)),
    difficulty=1,
    importance=5,
    minutes=4,
    prerequisites=("slope",),
    hints=tuple(_texts["hints"]),
    solution=mul_backward,
    alternative_solutions=(_by_a_loop, _by_halves, _by_measuring),
    properties=(
        Property(_descriptions["random"], _random, _is_measured),
        Property(_descriptions["no_upstream"], _no_upstream),
        Property(_descriptions["zero_factors"], _zero_factors, cause=_texts["causes"]["divided"]),
    ),
    common_mistakes=tuple(
        CommonMistake(key.replace("_", " "), formula, _mistakes[key])
        for key, formula in FORMULAS.items()
    ),
    parse=two_numbers,
)
