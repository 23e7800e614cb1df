"""The common mistakes of 07.layer_norm: another variance, another order, another axis."""

import numpy as np

from microgpt.learn.bundled.norm_cases import OTHER_EPS
from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def _centred(x, axis=-1, keepdims=True):
    return x - x.mean(axis=axis, keepdims=keepdims)


def _normalised(variance):
    """Return a mistake that divides centred rows by the root of `variance(x, eps)`."""
    return lambda x, weight, bias, eps: _centred(x) / np.sqrt(variance(x, eps)) * weight + bias


def _along(axis):
    """Return the norm along another axis; None: of all numbers together."""

    def mistake(x, weight, bias, eps):
        variance = x.var(axis=axis, keepdims=True)
        return _centred(x, axis) / np.sqrt(variance + eps) * weight + bias

    return mistake


def _var(x, ddof=0):
    return x.var(axis=-1, keepdims=True, ddof=ddof)


def _unbiased_deviation(x, weight, bias, eps):
    return _centred(x) / (np.sqrt(_var(x, 1)) + eps) * weight + bias


def _squares_minus_square(x, eps):
    return (x * x).mean(-1, keepdims=True) - x.mean(-1, keepdims=True) ** 2 + eps


def _mean_without_its_axis(x, weight, bias, eps):
    return _centred(x, keepdims=False) / np.sqrt(_var(x) + eps) * weight + bias


def _variance_without_its_axis(x, weight, bias, eps):
    return _centred(x) / np.sqrt(x.var(axis=-1) + eps) * weight + bias


def _both_without_their_axis(x, weight, bias, eps):
    return _centred(x, keepdims=False) / np.sqrt(x.var(axis=-1) + eps) * weight + bias


def _lost_axes(x, weight, bias, eps):
    centred = _centred(x, keepdims=False)
    return centred / np.sqrt((centred * centred).mean(axis=-1) + eps) * weight + bias


def _mean_subtracted_last(x, weight, bias, eps):
    y = x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
    return (y - x.mean(-1, keepdims=True)) * weight + bias


def _weight_first(x, weight, bias, eps):
    y = x * weight + bias
    return _centred(y) / np.sqrt(_var(y) + eps)


def _weight_of_rows(x, weight, bias, eps):
    y = _normalised(lambda x, eps: _var(x) + eps)(x, 1.0, 0.0, eps)
    return y * weight[:, None] + bias[:, None]


def _rows_one_by_one(x, weight, bias, eps):
    rows = [(row - row.mean()) / np.sqrt(row.var() + eps) for row in x]
    return np.array(rows) * weight + bias


def _one_row_only(x, weight, bias, eps):
    if x.ndim > 1:
        raise TypeError
    return _along(-1)(x, weight, bias, eps)


def common_mistakes(layer_norm):
    """Return the mistakes; the first of those that explain an answer equally well is named.

    `layer_norm` is the solution.
    """
    texts = message_section("07.layer_norm")["mistakes"]

    def plain(x, eps):
        return layer_norm(x, 1.0, 0.0, eps)

    mistakes = {
        "unbiased": _normalised(lambda x, eps: _var(x, 1) + eps),
        "unbiased_eps_outside": _unbiased_deviation,
        "eps_outside": lambda x, weight, bias, eps: (
            _centred(x) / (np.sqrt(_var(x)) + eps) * weight + bias
        ),
        "no_eps": _normalised(lambda x, eps: _var(x)),
        "zero_left_out": _normalised(lambda x, eps: np.where(_var(x) == 0, 1.0, _var(x))),
        "fixed_eps": lambda x, weight, bias, eps: layer_norm(x, weight, bias),
        "bias_before_weight": lambda x, weight, bias, eps: (plain(x, eps) + bias) * weight,
        "squares_minus_square": _normalised(_squares_minus_square),
        "not_centred": lambda x, weight, bias, eps: (
            x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight + bias
        ),
        "not_centred_above": lambda x, weight, bias, eps: (
            x / np.sqrt(_var(x) + eps) * weight + bias
        ),
        "not_centred_below": _normalised(lambda x, eps: (x * x).mean(-1, keepdims=True) + eps),
        "no_brackets": lambda x, weight, bias, eps: (
            x - x.mean(-1, keepdims=True) / np.sqrt(_var(x) + eps) * weight + bias
        ),
        "not_scaled": lambda x, weight, bias, eps: _centred(x) * weight + bias,
        "length": _normalised(lambda x, eps: (_centred(x) ** 2).sum(-1, keepdims=True) + eps),
        "no_root": lambda x, weight, bias, eps: _centred(x) / (_var(x) + eps) * weight + bias,
        "no_square": _normalised(lambda x, eps: _centred(x).mean(-1, keepdims=True) + eps),
        "absolute": lambda x, weight, bias, eps: (
            _centred(x) / (np.abs(_centred(x)).mean(-1, keepdims=True) + eps) * weight + bias
        ),
        "multiplied": lambda x, weight, bias, eps: (
            _centred(x) * np.sqrt(_var(x) + eps) * weight + bias
        ),
        "everything": _along(None),
        "everything_no_eps": lambda x, weight, bias, eps: (x - x.mean()) / x.std() * weight + bias,
        "everything_eps_outside": lambda x, weight, bias, eps: (
            (x - x.mean()) / (x.std() + eps) * weight + bias
        ),
        "everything_variance": _normalised(lambda x, eps: x.var() + eps),
        "everything_mean": lambda x, weight, bias, eps: (
            (x - x.mean()) / np.sqrt(_var(x) + eps) * weight + bias
        ),
        "axis_0": _along(0),
        "axis_1": _along(1),
        "mean_without_its_axis": _mean_without_its_axis,
        "variance_without_its_axis": _variance_without_its_axis,
        "both_without_their_axis": _both_without_their_axis,
        "lost_axes": _lost_axes,
        "no_weight": lambda x, weight, bias, eps: plain(x, eps) + bias,
        "no_bias": lambda x, weight, bias, eps: plain(x, eps) * weight,
        "neither_weight_nor_bias": lambda x, weight, bias, eps: plain(x, eps),
        "weight_and_bias_exchanged": lambda x, weight, bias, eps: plain(x, eps) * bias + weight,
        "bias_subtracted": lambda x, weight, bias, eps: plain(x, eps) * weight - bias,
        "weight_plus_bias": lambda x, weight, bias, eps: plain(x, eps) * (weight + bias),
        "mean_subtracted_last": _mean_subtracted_last,
        "divided_by_weight": lambda x, weight, bias, eps: plain(x, eps) / weight + bias,
        "weight_plus_1": lambda x, weight, bias, eps: plain(x, eps) * (1 + weight) + bias,
        "matrix_product": lambda x, weight, bias, eps: plain(x, eps) @ weight + bias,
        "weight_first": _weight_first,
        "weight_of_rows": _weight_of_rows,
        "first_weight_only": lambda x, weight, bias, eps: plain(x, eps) * weight[0] + bias[0],
        "rows_one_by_one": _rows_one_by_one,
        "one_row_only": _one_row_only,
        "residual": lambda x, weight, bias, eps: x + layer_norm(x, weight, bias, eps),
        "whole_numbers": lambda x, weight, bias, eps: np.trunc(layer_norm(x, weight, bias, eps)),
    }
    fixed = (
        CommonMistake(
            f"an eps of {label}",
            lambda x, weight, bias, eps, label=label: layer_norm(x, weight, bias, float(label)),
            texts["fixed_number"].format(eps=label),
        )
        for label in OTHER_EPS
    )
    return (
        *(
            CommonMistake(key.replace("_", " "), function, texts[key])
            for key, function in mistakes.items()
        ),
        *fixed,
    )
