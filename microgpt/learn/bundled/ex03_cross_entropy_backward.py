"""03.cross_entropy_backward: the gradient of the cross-entropy loss with respect to the logits."""

import numpy as np

from microgpt.learn.bundled.cross_entropy_mistakes import naive_probs, one_hot, probs
from microgpt.learn.bundled.ex03_cross_entropy import cross_entropy
from microgpt.learn.bundled.measured_gradients import is_measured, measured
from microgpt.learn.bundled.softmax_mistakes import floored_probs, overflows, was_clipped
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section


def cross_entropy_backward(logits, targets):
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    p[np.arange(len(targets)), targets] -= 1
    return p / len(targets)


def _by_one_hot(logits, targets):
    return (probs(logits) - np.eye(logits.shape[1])[targets]) / logits.shape[0]


def _by_rows(logits, targets):
    rows = []
    for x, target in zip(logits, targets, strict=True):
        e = [float(np.exp(one - max(x))) for one in x]
        row = [one / sum(e) / len(logits) for one in e]
        row[target] -= 1 / len(logits)
        rows.append(row)
    return rows


def _by_comparing(logits, targets):
    is_target = np.arange(logits.shape[1]) == np.asarray(targets)[:, None]
    return np.where(is_target, probs(logits) - 1, probs(logits)) / len(logits)


_row_sums = message_section("quantities")["row_sums"]


def _rows_add_to_zero(answer, logits, targets):
    result = answer(logits, targets)
    if result.shape != logits.shape:
        return Mismatch(result, cross_entropy_backward(logits, targets))
    sums = result.sum(axis=-1)
    zeros = np.zeros(len(logits))
    return None if np.allclose(sums, 0, atol=1e-5) else Mismatch(sums, zeros, quantity=_row_sums)


def _is_measured(answer, logits, targets):
    """Compare along a random direction with what measuring the loss gives."""
    direction = np.random.default_rng(logits.size).integers(-2, 3, logits.shape)
    got = float((answer(logits, targets) * direction).sum())
    return is_measured(
        got, measured(lambda t: float(cross_entropy(logits + t * direction, targets)), 0.0)
    )


def _cases(*sizes):
    def inputs(rng):
        for N, V in sizes:
            yield np.round(rng.normal(size=(N, V)) * 2, 1), rng.integers(0, V, N)

    return inputs


def _halves(rng):
    yield np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]), np.array([1, 2])


def _far_apart(rng):
    yield np.array([[1000.0, 0.0]]), np.array([1])
    yield np.array([[-1000.0, -1001.0], [3.0, 1.0]]), np.array([0, 0])


_texts = message_section("03.cross_entropy_backward")
_descriptions, _mistakes = _texts["properties"], _texts["mistakes"]


def _only_at_targets(values):
    """Return a mistake that is 0 but at the targets, where it is `values(p)`, over N."""

    def mistake(logits, targets):
        return one_hot(logits, targets) * values(probs(logits)) / len(targets)

    return mistake


def _global_maximum(z, t):
    e = np.exp(z - z.max())
    return (e / e.sum(axis=-1, keepdims=True) - one_hot(z, t)) / len(t)


def _through_softmax(z, t):
    """Return p − y taken once more through the gradient of softmax."""
    p, dy = probs(z), probs(z) - one_hot(z, t)
    return p * (dy - (p * dy).sum(axis=-1, keepdims=True)) / len(t)


def _subtracting_at(index):
    """Return a mistake that subtracts 1 at `index(targets)`."""

    def mistake(z, t):
        p = probs(z)
        p[index(t)] -= 1
        return p / len(t)

    return mistake


def _matches_with_any_mean(formula):
    """Return whether a result is that of the formula, whether or not it was divided by N."""

    def matches(result, z, t):
        once = formula(z, t)
        return result.shape == once.shape and any(
            np.allclose(result, expected, rtol=0, atol=1e-4) for expected in (once, once * len(t))
        )

    return matches


def _is_near(result, z, t):
    exact = cross_entropy_backward(z, t)
    return result.shape == exact.shape and np.allclose(result, exact, rtol=0, atol=6e-3)


# Mistakes that are recognised also where the division by N is missing.
WITH_ANY_MEAN = {
    "no_target": lambda z, t: probs(z) / len(t),
    "one_hot_only": lambda z, t: -one_hot(z, t) / len(t),
    "target_only": _only_at_targets(lambda p: p - 1),
    "by_the_probability": _only_at_targets(lambda p: -1 / p),
    "logarithm": _only_at_targets(lambda p: -np.log(p)),
    "minus_one_everywhere": lambda z, t: (probs(z) - 1) / len(t),
    "own_score": lambda z, t: probs(z) * (1 - probs(z)) / len(t),
    "through_softmax": _through_softmax,
    "logits": lambda z, t: (z - one_hot(z, t)) / len(t),
    "log_probs": lambda z, t: (np.log(probs(z)) - one_hot(z, t)) / len(t),
    "ids_subtracted": lambda z, t: (probs(z) - t[:, None]) / len(t),
}

# What learners compute instead, by the key of its cause, from z (logits) and t (targets).
FORMULAS = {
    "negative": lambda z, t: (one_hot(z, t) - probs(z)) / len(t),
    "negative_sum": lambda z, t: one_hot(z, t) - probs(z),
    "sum": lambda z, t: probs(z) - one_hot(z, t),
    "every_cell": lambda z, t: (probs(z) - one_hot(z, t)) / z.size,
    "vocabulary_only": lambda z, t: (probs(z) - one_hot(z, t)) / z.shape[1],
    "only_p_divided": lambda z, t: probs(z) / len(t) - one_hot(z, t),
    "only_y_divided": lambda z, t: probs(z) - one_hot(z, t) / len(t),
    "negative_only_p_divided": lambda z, t: one_hot(z, t) - probs(z) / len(t),
    "negative_only_y_divided": lambda z, t: one_hot(z, t) / len(t) - probs(z),
    "columns": lambda z, t: (probs(z, axis=0) - one_hot(z, t)) / len(t),
    "all_together": lambda z, t: (probs(z, axis=None) - one_hot(z, t)) / len(t),
    "every_target": _subtracting_at(lambda t: (slice(None), t)),
    "rows_by_target": _subtracting_at(lambda t: t),
    "return_in_loop": _subtracting_at(lambda t: (0, t[0])),
    "likeliest": lambda z, t: (probs(z) - one_hot(z, z.argmax(axis=-1))) / len(t),
    "squared_error": lambda z, t: 2 * (probs(z) - one_hot(z, t)) / len(t),
    "mean_over_rows": lambda z, t: (probs(z) - one_hot(z, t)).mean(axis=0),
    "sum_over_rows": lambda z, t: (probs(z) - one_hot(z, t)).sum(axis=0),
    "loss": lambda z, t: float(cross_entropy(z, t)),
    "absolute": lambda z, t: np.abs(probs(z) - one_hot(z, t)) / len(t),
    "target_probability": lambda z, t: probs(z)[np.arange(len(t)), t] - 1,
    "global_maximum": _global_maximum,
}

CROSS_ENTROPY_BACKWARD = Exercise(
    id="03.cross_entropy_backward",
    signature="cross_entropy_backward(logits, targets) -> dlogits",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        (np.array([[2.0, 1.0, 0.1]]), np.array([1])), np.array([[0.659001, -0.757567, 0.098566]])
    ),
    difficulty=3,
    importance=5,
    minutes=6,
    prerequisites=("cross_entropy", "chain_rule"),
    hints=tuple(_texts["hints"]),
    solution=cross_entropy_backward,
    alternative_solutions=(_by_one_hot, _by_rows, _by_comparing),
    properties=(
        Property(_descriptions["rows"], _cases((1, 2), (2, 3), (3, 3)), _rows_add_to_zero),
        Property(_descriptions["halves"], _halves),
        Property(_descriptions["random"], _cases((2, 2), (3, 4), (4, 3), (3, 3))),
        Property(_descriptions["measured"], _cases((1, 4), (3, 3), (5, 4)), _is_measured),
        Property(_descriptions["far_apart"], _far_apart),
    ),
    common_mistakes=(
        *(
            CommonMistake(key.replace("_", " "), formula, _mistakes[key])
            for key, formula in FORMULAS.items()
        ),
        *(
            CommonMistake(
                key.replace("_", " "),
                formula,
                _mistakes[key],
                matches=_matches_with_any_mean(formula),
            )
            for key, formula in WITH_ANY_MEAN.items()
        ),
        CommonMistake(
            "not exact",
            lambda z, t: cross_entropy_backward(z, t).round(4),
            _mistakes["not_exact"],
            matches=_is_near,
        ),
        CommonMistake(
            "no maximum",
            lambda z, t: (naive_probs(z) - one_hot(z, t)) / len(t),
            _mistakes["overflow"],
            matches=lambda result, z, t: overflows(result, z),
        ),
        CommonMistake(
            "clipped",
            lambda z, t: (floored_probs(z) - one_hot(z, t)) / len(t),
            _mistakes["clipped"],
            matches=lambda result, z, t: was_clipped(result * len(t) + one_hot(z, t), z),
        ),
    ),
)
