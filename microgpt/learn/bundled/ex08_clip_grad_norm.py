"""08.clip_grad_norm: scale all gradients to a length of at most max_norm."""

import math

import numpy as np

from microgpt.learn.bundled.clip_mistakes import common_mistakes
from microgpt.learn.exercise import Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import ParseError, array, number


def clip_grad_norm(grads, max_norm):
    norm = sum((g**2).sum() for g in grads) ** 0.5
    factor = max_norm / norm if norm > max_norm else 1.0
    return [g * factor for g in grads], norm


def _of_one_vector(grads, max_norm):
    norm = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]))
    if norm <= max_norm:
        return grads, norm
    return [max_norm * (g / norm) for g in grads], norm


def _as_pytorch(grads, max_norm):
    """The length of the arrays' lengths, and a tiny number in the quotient."""
    norm = np.linalg.norm([np.linalg.norm(g) for g in grads])
    factor = np.minimum(1.0, max_norm / (norm + 1e-6))
    return tuple(factor * g for g in grads), np.array([norm])


def _in_plain_python(grads, max_norm):
    total = 0.0
    for g in grads:
        for x in np.ravel(g).tolist():
            total += x * x
    norm = math.sqrt(total)
    if norm > max_norm:
        grads = [np.array(g) * max_norm / norm for g in grads]
    return [np.array(g).tolist() for g in grads], norm


def _arrays_and_a_number(value):
    """Parse (list of arrays, number); an array counts as the list of its rows."""
    expected = "a tuple of exactly 2 values: a list of arrays, and a number"
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ParseError(expected)
    clipped, norm = value
    if not isinstance(clipped, tuple | list) and np.ndim(clipped) == 0:
        raise ParseError(expected)
    try:
        return [array(part) for part in clipped], number(norm)
    except (ParseError, TypeError):
        raise ParseError(expected) from None


def _other_shapes(clipped, grads):
    """Return a Mismatch of shapes, or None if they are those of the gradients."""
    got, expected = [part.shape for part in clipped], [g.shape for g in grads]
    return None if got == expected else Mismatch(f"shapes {got}", f"shapes {expected}")


def _length(arrays):
    return math.sqrt(sum(float((part**2).sum()) for part in arrays))


_quantities = message_section("quantities")


def _keeps_direction(answer, grads, max_norm):
    clipped, _ = answer(grads, max_norm)
    if mismatch := _other_shapes(clipped, grads):
        return mismatch
    product = sum(float((a * b).sum()) for a, b in zip(clipped, grads, strict=True))
    is_same = product >= (1 - 1e-5) * _length(clipped) * _length(grads) > 0
    expected = clip_grad_norm(grads, max_norm)[0]
    return None if is_same else Mismatch(clipped, expected, quantity=_quantities["clipped"])


def _is_short(answer, grads, max_norm):
    clipped, _ = answer(grads, max_norm)
    got = _length(clipped)
    text = _texts["length"].format
    is_short = got <= max_norm * (1 + 1e-5)
    return None if is_short else Mismatch(text(got), _texts["at_most"].format(max_norm))


def _is_untouched(answer, grads, max_norm):
    clipped, _ = answer(grads, max_norm)
    same = len(clipped) == len(grads) and all(map(np.array_equal, clipped, grads))
    return None if same else Mismatch(clipped, grads, quantity=_quantities["clipped"])


def _returns_the_length(answer, grads, max_norm):
    _, norm = answer(grads, max_norm)
    expected = _length(grads)
    same = abs(norm - expected) <= 1e-5 * expected
    return None if same else Mismatch(norm, expected, quantity=_quantities["norm"])


def _drawn(rng, *shapes):
    return [rng.integers(1, 9, shape) * rng.choice([-1.0, 1.0], shape) for shape in shapes]


def _long(*cases):
    """Return the inputs of a property: gradients of these shapes, longer than their bound."""

    def inputs(rng):
        for shapes in cases:
            yield _drawn(rng, *shapes), 0.5

    return inputs


def _bounds(rng):
    for max_norm in (1.0, 2.0, 0.25):
        yield _drawn(rng, (2,), (2, 2), (1,)), max_norm


def _short(rng):
    yield [np.array([1.0])], 6.5
    yield [np.array([[0.125, -0.25], [0.375, 0.625]]), np.array([0.75])], 1.5
    yield _drawn(rng, (3,), (2, 2)), 100.0


def _zeros(rng):
    yield [np.zeros(2)], 1.0
    yield [np.zeros((2, 1)), np.zeros(3)], 0.5


_texts = message_section("08.clip_grad_norm")
_descriptions, _causes = _texts["properties"], _texts["causes"]

CLIP_GRAD_NORM = Exercise(
    id="08.clip_grad_norm",
    signature="clip_grad_norm(grads, max_norm) -> clipped, norm",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        ([np.array([3.0, 4.0]), np.array([12.0])], 6.5),
        ([np.array([1.5, 2.0]), np.array([6.0])], 13.0),
    ),
    difficulty=2,
    importance=4,
    minutes=6,
    prerequisites=("gradient", "vector_length"),
    hints=tuple(_texts["hints"]),
    solution=clip_grad_norm,
    alternative_solutions=(_of_one_vector, _as_pytorch, _in_plain_python),
    properties=(
        Property(_descriptions["direction"], _long(((2,), (1,)), ((2, 2), (3,))), _keeps_direction),
        Property(
            _descriptions["one_factor"],
            _long(((1,), (1,)), ((2,), (3,)), ((2, 2), (1, 3), (2,)), ((4,), (2, 1))),
        ),
        Property(_descriptions["length"], _bounds, _is_short),
        Property(_descriptions["short"], _short, _is_untouched, cause=_causes["short"]),
        Property(_descriptions["zeros"], _zeros, cause=_causes["zeros"]),
        Property(_descriptions["before"], _bounds, _returns_the_length),
    ),
    common_mistakes=common_mistakes(),
    parse=_arrays_and_a_number,
)
