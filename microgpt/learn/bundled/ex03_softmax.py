"""03.softmax: turn rows of logits into probabilities."""

import numpy as np

from microgpt.learn.bundled.float32_results import keeps_float32
from microgpt.learn.bundled.softmax_mistakes import common_mistakes
from microgpt.learn.exercise import Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section


def softmax(x):
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def _by_logarithms(x):
    shifted = x - np.max(x, -1)[..., None]
    return np.exp(shifted - np.log(np.exp(shifted).sum(-1))[..., None])


def _row_by_row(x):
    y = np.zeros_like(x)
    for index in np.ndindex(x.shape[:-1]):
        e = np.exp(x[index] - max(x[index]))
        y[index] = e / sum(e)
    return y


def _by_transposing(x):
    e = np.exp((x.T - x.T.max(axis=0)).T)
    return (e.T / e.T.sum(axis=0)).T


def _has_shape(answer, x):
    got = answer(x).shape
    return None if got == x.shape else Mismatch(f"shape {got}", f"shape {x.shape}")


_row_sums = message_section("quantities")["row_sums"]


def _rows_sum_to_one(answer, x):
    result = answer(x)
    sums = result.sum(axis=-1) if result.ndim else result
    ones = np.ones(x.shape[:-1])
    is_one = sums.shape == ones.shape and np.allclose(sums, ones, rtol=0, atol=1e-4)
    return None if is_one else Mismatch(sums, ones, quantity=_row_sums)


def _cases(*shapes):
    """Return the inputs of a property: logits of these shapes."""

    def inputs(rng):
        for shape in shapes:
            yield (np.round(rng.normal(size=shape) * 2, 1),)

    return inputs


def _two_rows(rng):
    yield (np.array([[0.0, 0.0], [2.0, 2.0]]),)
    yield (np.array([[1.0, 2.0, 3.0], [3.0, 5.0, 4.0]]),)


def _shifted(rng):
    yield (np.array([1002.0, 1001.0]),)
    yield (np.array([[2.0, 1.0, 0.0], [1002.0, 1001.0, 1000.0]]),)


def _far_apart(rng):
    yield (np.array([1000.0, 0.0]),)
    yield (np.array([[0.0, 0.0], [-2000.0, -2001.0]]),)


def _cut_off(rng):
    yield (np.array([1.0, -np.inf]),)
    yield (np.array([[0.0, -np.inf, 0.0], [-np.inf, 3.0, -np.inf]]),)


_texts = message_section("03.softmax")
_descriptions, _causes = _texts["properties"], _texts["causes"]

SOFTMAX = Exercise(
    id="03.softmax",
    signature="softmax(x) -> p",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((np.array([2.0, 1.0, 0.1]),), np.array([0.659001, 0.242433, 0.098566])),
    difficulty=2,
    importance=5,
    minutes=6,
    prerequisites=("probability", "logits"),
    hints=tuple(_texts["hints"]),
    solution=softmax,
    alternative_solutions=(_by_logarithms, _row_by_row, _by_transposing),
    properties=(
        Property(_descriptions["shape"], _cases((1,), (2, 3), (2, 2, 3)), _has_shape),
        Property(_descriptions["sum_to_one"], _cases((2,), (2, 3), (3, 3)), _rows_sum_to_one),
        Property(_descriptions["two_rows"], _two_rows),
        Property(_descriptions["random"], _cases((4,), (3, 2), (3, 3), (2, 3, 4), (1, 2, 2, 5))),
        Property(_descriptions["shifted"], _shifted),
        Property(_descriptions["far_apart"], _far_apart),
        Property(_descriptions["cut_off"], _cut_off, cause=_causes["cut_off"]),
        Property(
            _descriptions["float32"],
            lambda rng: [(np.array([[1.0, 2.0]], np.float32),)],
            keeps_float32(_texts["causes"]["float64"]),
        ),
    ),
    common_mistakes=common_mistakes(softmax),
)
