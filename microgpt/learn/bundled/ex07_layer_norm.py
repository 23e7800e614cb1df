"""07.layer_norm: mean 0 and variance 1 for each feature vector, then weight and bias."""

import numpy as np

from microgpt.learn.bundled.layer_norm_mistakes import common_mistakes
from microgpt.learn.bundled.norm_cases import EPS, QUANTITIES, has_shape, rows_are_independent
from microgpt.learn.bundled.tensor_gradients import has_gradients
from microgpt.learn.exercise import Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section


def layer_norm(x, weight, bias, eps=1e-5):
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred * (variance + eps) ** -0.5 * weight + bias


def _by_variance(x, weight, bias, eps=EPS):
    mean, variance = np.mean(x, -1)[..., None], np.var(x, -1)[..., None]
    return weight * (x - mean) / np.sqrt(variance + eps) + bias


def _row_by_row(x, weight, bias, eps=EPS):
    y = np.zeros_like(x)
    for index in np.ndindex(x.shape[:-1]):
        d = x[index] - sum(x[index]) / len(x[index])
        y[index] = d / (d @ d / len(d) + eps) ** 0.5 * weight + bias
    return y


def _by_transposing(x, weight, bias, eps=EPS):
    d = x.T - x.T.mean(axis=0)
    return (d / np.sqrt(np.square(d).mean(axis=0) + eps)).T * weight + bias


def _has_mean_0_and_variance_1(answer, x, weight, bias, eps):
    y = (np.atleast_1d(answer(x, weight, bias, eps)) - bias) / weight
    got = np.array([y.mean(axis=-1), y.var(axis=-1)])
    expected = np.array([np.zeros(y.shape[:-1]), np.ones(y.shape[:-1])])
    if np.allclose(got, expected, rtol=0, atol=1e-3):
        return None
    return Mismatch(got, expected, quantity=QUANTITIES["mean_and_variance"])


def _ignores_a_shift(answer, x, *others):
    """Compare with x − 1000; float32 holds the differences in both exactly."""
    got, expected = answer(x, *others), answer(x - np.float32(1000), *others)
    same = got.shape == expected.shape and np.allclose(got, expected, rtol=0, atol=1e-3)
    return None if same else Mismatch(got, expected)


def _eighths(rng, *shape):
    """Return rows of eighths, which are far from constant and exact in float32."""
    x = rng.integers(-16, 17, shape) / 8
    x[..., 0], x[..., 1] = 3.0, -2.5
    return x


def _far_from_constant(rng):
    yield _eighths(rng, 2), np.ones(2), np.zeros(2), EPS
    for shape in ((1, 3), (2, 3), (2, 2, 4)):
        weight, bias = np.arange(2.0, 2.0 + shape[-1]), rng.integers(-3, 4, shape[-1]).astype(float)
        yield _eighths(rng, *shape), weight, bias, EPS


def _float32(rng):
    for shape in ((3,), (2, 4)):
        x, C = (1000 + _eighths(rng, *shape)).astype(np.float32), shape[-1]
        yield x, np.ones(C, np.float32), np.zeros(C, np.float32), EPS


def _cases(*shapes):
    """Return the inputs of a property: x of these shapes, with random weight and bias."""

    def inputs(rng):
        for shape in shapes:
            weight, bias = np.round(rng.normal(size=(2, shape[-1])), 1)
            yield np.round(rng.normal(size=shape) * 2, 1), weight + 2.0, bias, EPS

    return inputs


def _constant(rng):
    yield np.array([3.0, 3.0]), np.array([2.0, 1.0]), np.array([0.5, -1.0]), EPS
    yield np.array([[1.0, 1.0], [2.0, 4.0]]), np.array([2.0, 1.0]), np.array([0.5, -1.0]), EPS


def _nearly_constant(rng):
    yield np.array([0.001, -0.001]), np.ones(2), np.zeros(2), EPS
    yield np.array([[1.0, 2.0, 4.0]]), np.ones(3), np.zeros(3), 0.5


def _two_letters(rng):
    x = np.array([[1.0, 2.0, 4.0], [3.0, 0.0, -3.0]])
    yield x, np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.0, -0.5]), EPS


_texts = message_section("07.layer_norm")
_descriptions = _texts["properties"]

LAYER_NORM = Exercise(
    id="07.layer_norm",
    signature="layer_norm(x, weight, bias, eps=1e-5) -> y",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        (np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4), np.zeros(4), EPS),
        np.array([-1.3416354, -0.4472118, 0.4472118, 1.3416354]),
    ),
    difficulty=2,
    importance=4,
    minutes=6,
    prerequisites=("rms_norm",),
    hints=tuple(_texts["hints"]),
    solution=layer_norm,
    alternative_solutions=(_by_variance, _row_by_row, _by_transposing),
    properties=(
        Property(_descriptions["shape"], _cases((3,), (2, 3), (2, 1, 2)), has_shape),
        Property(
            _descriptions["mean_and_variance"], _far_from_constant, _has_mean_0_and_variance_1
        ),
        Property(_descriptions["shift"], _float32, _ignores_a_shift),
        Property(_descriptions["constant"], _constant),
        Property(_descriptions["features"], _cases((2,), (2, 3), (3, 3), (4, 2), (2, 3, 4))),
        Property(_descriptions["independent"], _cases((2, 2), (3, 2)), rows_are_independent),
        Property(_descriptions["eps"], _nearly_constant),
        Property(
            _descriptions["gradients"],
            _two_letters,
            has_gradients(layer_norm, _texts["causes"]["other_on_tensors"]),
        ),
    ),
    common_mistakes=common_mistakes(layer_norm),
)
