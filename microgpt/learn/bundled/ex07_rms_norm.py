"""07.rms_norm: scale each feature vector to a mean square of 1."""

import math

import numpy as np

from microgpt.learn.bundled.norm_cases import (
    EPS,
    OTHER_EPS,
    QUANTITIES,
    cases,
    has_shape,
    rows_are_independent,
)
from microgpt.learn.bundled.tensor_gradients import has_gradients
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section


def rms_norm(x, eps=1e-5):
    mean_square = (x * x).mean(axis=-1, keepdims=True)
    return x * (mean_square + eps) ** -0.5


def _by_norms(x, eps=EPS):
    length = np.linalg.norm(x, axis=-1)[..., None]
    return x / np.sqrt(length**2 / x.shape[-1] + eps)


def _row_by_row(x, eps=EPS):
    y = np.zeros_like(x)
    for index in np.ndindex(x.shape[:-1]):
        row = x[index]
        y[index] = row / math.sqrt(sum(number * number for number in row) / len(row) + eps)
    return y


def _by_transposing(x, eps=EPS):
    return (x.T / np.sqrt(np.square(x.T).mean(axis=0) + eps)).T


def _has_mean_square_1(answer, x, eps):
    got = np.mean(answer(x, eps) ** 2, axis=-1)
    if np.allclose(got, 1, rtol=0, atol=1e-3):
        return None
    return Mismatch(got, np.ones(got.shape), quantity=QUANTITIES["mean_squares"])


def _ignores_size(answer, x, eps):
    got, expected = answer(x, eps), answer(x / 10, eps)
    return None if np.allclose(got, expected, rtol=0, atol=1e-4) else Mismatch(got, expected)


def _away_from_zero(scale=1.0):
    """Return inputs next to whose mean square eps is nothing, with further axes."""

    def inputs(rng):
        for shape in ((2,), (1, 3), (2, 3), (3, 3), (2, 2, 4)):
            yield scale * rng.choice([-3.0, -2.0, 2.0, 3.0, 5.0], shape), EPS

    return inputs


_texts = message_section("07.rms_norm")
_descriptions, _mistakes = _texts["properties"], _texts["mistakes"]


def _mean_square(x, axis=-1, keepdims=True):
    return (x * x).mean(axis=axis, keepdims=keepdims)


def _one_row_only(x, eps):
    if x.ndim > 1:
        raise TypeError
    return rms_norm(x, eps)


def _one_row_only_value(x, eps):
    if x.ndim > 1:
        raise ValueError
    return rms_norm(x, eps)


def _zero_left_out(x, eps):
    """Divide by the root without eps, and leave rows of zeros as they are."""
    return x / np.where(_mean_square(x) == 0, 1.0, np.sqrt(_mean_square(x)))


def _rows_one_by_one(x, eps):
    return np.array([row / np.sqrt(np.mean(row * row) + eps) for row in x])


def _layer_norm(x, eps):
    d = x - x.mean(axis=-1, keepdims=True)
    return d / np.sqrt(_mean_square(d) + eps)


# What learners compute instead, by the key of its cause.
FORMULAS = {
    "eps_outside": lambda x, eps: x / (np.sqrt(_mean_square(x)) + eps),
    "length": lambda x, eps: x / np.sqrt((x * x).sum(-1, keepdims=True) + eps),
    "length_without_eps": lambda x, eps: x / np.sqrt((x * x).sum(-1, keepdims=True)),
    "length_and_eps": lambda x, eps: x / (np.sqrt((x * x).sum(-1, keepdims=True)) + eps),
    "length_of_all": lambda x, eps: x / np.sqrt((x * x).sum()),
    "length_no_keepdims": lambda x, eps: x / np.sqrt((x * x).sum(-1)),
    "divided_by_rows": lambda x, eps: x / np.sqrt((x * x).sum(-1, keepdims=True) / len(x) + eps),
    "everything": lambda x, eps: x / np.sqrt(_mean_square(x, None) + eps),
    "everything_eps_outside": lambda x, eps: x / (np.sqrt(_mean_square(x, None)) + eps),
    "axis_0": lambda x, eps: x / np.sqrt(_mean_square(x, 0) + eps),
    "axis_1": lambda x, eps: x / np.sqrt(_mean_square(x, 1) + eps),
    "no_keepdims": lambda x, eps: x / np.sqrt(_mean_square(x, -1, False) + eps),
    "mean_subtracted": _layer_norm,
    "mean_subtracted_eps_outside": lambda x, eps: (
        (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + eps)
    ),
    "mean_subtracted_above": lambda x, eps: (
        (x - x.mean(-1, keepdims=True)) / np.sqrt(_mean_square(x) + eps)
    ),
    "mean_subtracted_first": lambda x, eps: rms_norm(x, eps) - x.mean(-1, keepdims=True),
    "standard_deviation": lambda x, eps: x / np.sqrt(x.var(-1, keepdims=True) + eps),
    "standard_deviation_eps_outside": lambda x, eps: x / (np.std(x, -1, keepdims=True) + eps),
    "no_eps": lambda x, eps: x / np.sqrt(_mean_square(x)),
    "zero_left_out": _zero_left_out,
    "maximum_of_eps": lambda x, eps: x / np.sqrt(np.maximum(_mean_square(x), eps)),
    "fixed_eps": lambda x, eps: rms_norm(x),
    "eps_last": lambda x, eps: x / np.sqrt(_mean_square(x)) + eps,
    "eps_in_the_sum": lambda x, eps: (
        x / np.sqrt(((x * x).sum(-1, keepdims=True) + eps) / x.shape[-1])
    ),
    "eps_in_x": lambda x, eps: x / np.sqrt(_mean_square(x + eps)),
    "eps_squared": lambda x, eps: x / np.sqrt(_mean_square(x) + eps * eps),
    "eps_root": lambda x, eps: x / (np.sqrt(_mean_square(x)) + np.sqrt(eps)),
    "eps_subtracted": lambda x, eps: x / np.sqrt(_mean_square(x) - eps),
    "no_root": lambda x, eps: x / (_mean_square(x) + eps),
    "multiplied": lambda x, eps: x * np.sqrt(_mean_square(x) + eps),
    "mean_then_square": lambda x, eps: x / np.sqrt(x.mean(-1, keepdims=True) ** 2 + eps),
    "no_square": lambda x, eps: x / np.sqrt(x.mean(-1, keepdims=True) + eps),
    "mean_absolute": lambda x, eps: x / (np.abs(x).mean(-1, keepdims=True) + eps),
    "sum_of_numbers": lambda x, eps: x / (x.sum(-1, keepdims=True) + eps),
    "largest": lambda x, eps: x / (np.abs(x).max(-1, keepdims=True) + eps),
    "squares": lambda x, eps: x * x / np.sqrt(_mean_square(x) + eps),
    "squares_over_mean": lambda x, eps: x * x / (_mean_square(x) + eps),
    "scale_alone": lambda x, eps: np.sqrt(_mean_square(x) + eps),
    "scale_alone_without_axis": lambda x, eps: np.sqrt(_mean_square(x, -1, False) + eps),
    "root_of_count": lambda x, eps: rms_norm(x, eps) * x.shape[-1] ** 0.5,
    "count_minus_one": lambda x, eps: (
        x / np.sqrt((x * x).sum(-1, keepdims=True) / max(1, x.shape[-1] - 1) + eps)
    ),
    "rows_one_by_one": _rows_one_by_one,
    "one_row_only": _one_row_only,
    "one_row_only_value": _one_row_only_value,
    "as_it_came": lambda x, eps: x.copy(),
    "whole_numbers": lambda x, eps: np.trunc(rms_norm(x, eps)),
    "whole_division": lambda x, eps: x // np.sqrt(_mean_square(x) + eps),
    "negative": lambda x, eps: -rms_norm(x, eps),
}

RMS_NORM = Exercise(
    id="07.rms_norm",
    signature="rms_norm(x, eps=1e-5) -> y",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((np.array([3.0, 4.0]), EPS), np.array([0.8485278, 1.1313704])),
    difficulty=1,
    importance=4,
    minutes=5,
    prerequisites=("mean", "axis"),
    hints=tuple(_texts["hints"]),
    solution=rms_norm,
    alternative_solutions=(_by_norms, _row_by_row, _by_transposing),
    properties=(
        Property(_descriptions["shape"], cases((3,), (2, 3), (2, 1, 2)), has_shape),
        Property(_descriptions["mean_square"], _away_from_zero(), _has_mean_square_1),
        Property(_descriptions["independent"], cases((2, 2), (3, 2)), rows_are_independent),
        Property(_descriptions["values"], cases((2,), (2, 3), (3, 3), (4, 2), (2, 3, 4))),
        Property(_descriptions["size"], _away_from_zero(10.0), _ignores_size),
        Property(
            _descriptions["zeros"],
            lambda rng: [(np.zeros(2), EPS), (np.array([[0.0, 0.0], [3.0, 4.0]]), EPS)],
        ),
        Property(_descriptions["small"], lambda rng: [(np.array([0.001, -0.001]), EPS)]),
        Property(_descriptions["eps"], lambda rng: [(np.array([[1.0, 2.0], [0.0, 1.0]]), 0.5)]),
        Property(
            _descriptions["gradients"],
            lambda rng: [(np.array([[1.0, 2.0, 4.0], [3.0, 0.0, -3.0]]), EPS)],
            has_gradients(rms_norm),
        ),
    ),
    common_mistakes=(
        *(
            CommonMistake(key.replace("_", " "), formula, _mistakes[key])
            for key, formula in FORMULAS.items()
        ),
        *(
            CommonMistake(
                f"an eps of {label}",
                lambda x, eps, label=label: rms_norm(x, float(label)),
                _mistakes["fixed_number"].format(eps=label),
            )
            for label in OTHER_EPS
        ),
    ),
)
