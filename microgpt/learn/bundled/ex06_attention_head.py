"""06.attention_head: one head of causal attention, for one text."""

import numpy as np

from microgpt.learn.bundled.attention_mistakes import common_mistakes
from microgpt.learn.bundled.causal_rows import sees_no_future
from microgpt.learn.bundled.tensor_gradients import has_gradients
from microgpt.learn.exercise import Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section


def attention_head(x, wq, wk, wv):
    queries, keys, values = (x @ w.T for w in (wq, wk, wv))
    scores = queries @ keys.T / len(wq) ** 0.5 + np.triu(np.full((len(x), len(x)), -1e30), 1)
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True) @ values


def _by_minus_infinity(x, wq, wk, wv):
    scores = np.einsum("td,sd->ts", x @ wq.T, x @ wk.T) / np.sqrt(wq.shape[0])
    scores[~np.tri(len(x), dtype=bool)] = -np.inf
    e = np.exp(scores - scores.max(-1)[:, None])
    return np.einsum("ts,sd->td", e / e.sum(-1)[:, None], x @ wv.T)


def _row_by_row(x, wq, wk, wv):
    rows = []
    for t in range(len(x)):
        seen = x[: t + 1]
        scores = (seen @ wk.T) @ (wq @ x[t]) * len(wk) ** -0.5
        e = np.exp(scores - max(scores))
        rows.append(e / sum(e) @ (seen @ wv.T))
    return np.array(rows)


def _has_shape(answer, x, wq, wk, wv):
    got, expected = answer(x, wq, wk, wv).shape, (len(x), len(wv))
    return None if got == expected else Mismatch(f"shape {got}", f"shape {expected}")


def _random(rng, T, C, D):
    x, weights = rng.normal(size=(T, C)), rng.normal(size=(3, D, C)) / C**0.5
    return (np.round(x * 2, 1), *np.round(weights, 1))


def _cases(*sizes):
    """Return the inputs of a property: x (T, C) and weights (D, C), for each T, C, D."""
    return lambda rng: (_random(rng, *size) for size in sizes)


def _equal_values(rng):
    """Yield letters whose value is the same: the last feature is 1, and wv reads nothing else."""
    for T, C, D in ((2, 2, 2), (3, 3, 2), (4, 2, 3)):
        x, wq, wk, wv = _random(rng, T, C, D)
        x[:, -1] = 1.0
        wv[:, :-1] = 0.0
        wv[:, -1] = np.arange(1, D + 1)
        yield x, wq, wk, wv


def _sizes(rng):
    yield from _cases((2, 3, 2), (3, 3, 3), (3, 3, 3), (3, 2, 4), (4, 4, 4))(rng)
    x, *weights = _random(rng, 3, 2, 4)
    x[0] = 0.0  # every score of this letter is 0, and visible
    yield x, *weights
    yield from _cases((5, 6, 16), (6, 3, 64))(rng)


def _large(rng):
    one = np.ones((1, 1))
    for letters in ([1.0, 500.0], [1.0, 1000.0], [1000.0, -1000.0]):
        yield np.array(letters)[:, None], one, one, one
    yield np.array([[20.0], [21.0]]), -one, one, one  # all scores are about −400
    for T, C, D in ((3, 2, 2), (4, 3, 2), (5, 2, 4)):
        x, *weights = _random(rng, T, C, D)
        yield 1000 * x, *weights


_texts = message_section("06.attention_head")
_descriptions = _texts["properties"]

ATTENTION_HEAD = Exercise(
    id="06.attention_head",
    signature="attention_head(x, wq, wk, wv) -> y",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        (np.array([[1.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]]), np.eye(4), np.eye(4), np.eye(4)),
        np.array([[1.0, 0.0, 0.0, 0.0], [1.7310586, 0.0, 0.0, 0.0]]),
    ),
    difficulty=3,
    importance=5,
    minutes=10,
    prerequisites=("matrix_product", "softmax"),
    hints=tuple(_texts["hints"]),
    solution=attention_head,
    alternative_solutions=(_by_minus_infinity, _row_by_row),
    properties=(
        Property(_descriptions["shape"], _cases((2, 3, 2), (3, 2, 4)), _has_shape),
        Property(_descriptions["one_letter"], _cases((1, 2, 2), (1, 3, 4))),
        Property(
            _descriptions["no_future"],
            _cases((2, 2, 2), (4, 3, 2), (6, 2, 2)),
            sees_no_future(_texts["causes"]["leak"]),
        ),
        Property(_descriptions["equal_values"], _equal_values),
        Property(_descriptions["sizes"], _sizes),
        Property(_descriptions["large"], _large),
        Property(
            _descriptions["gradients"],
            _cases((2, 3, 2)),
            has_gradients(attention_head),
        ),
    ),
    common_mistakes=common_mistakes(attention_head),
)
