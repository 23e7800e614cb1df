"""The common mistakes of 03.softmax: the wrong sum, no maximum, and what is no softmax at all."""

import numpy as np

from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section

LARGEST_FLOAT32_EXPONENT = 88.7  # above it, np.exp overflows in float32
LOWEST_LOGIT = -100.0


def _along(axis):
    """Return softmax along another axis; None: over all numbers together."""

    def mistake(x):
        e = np.exp(x - x.max(axis=axis, keepdims=True))
        return e / e.sum(axis=axis, keepdims=True)

    return mistake


def _one_global_sum(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum()


def _global_maximum(x):
    e = np.exp(x - x.max())
    return e / e.sum(axis=-1, keepdims=True)


def _no_maximum(x):
    e = np.exp(x)
    return e / e.sum(axis=-1, keepdims=True)


def overflows(result, x):
    """Whether large logits, and nothing smaller, gave an error or a result that is not finite."""
    is_large = np.abs(x[np.isfinite(x)]).max() > LARGEST_FLOAT32_EXPONENT
    return is_large and (result is None or not np.isfinite(result).all())


def floored_probs(x):
    """Return softmax of logits that were raised to LOWEST_LOGIT, a common kind of clipping."""
    x = np.maximum(x, LOWEST_LOGIT)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def was_clipped(result, x):
    """Whether a row of unequal logits gave equal numbers, or nothing finite, as if clipped."""
    if overflows(result, x):
        return True
    rows = zip(x.reshape(-1, x.shape[-1]), result.reshape(-1, x.shape[-1]), strict=True)
    return any(np.ptp(row) > 0 and np.ptp(p) < 1e-9 for row, p in rows if np.isfinite(row).all())


def _sum_without_its_axis(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1)


def _sum_without_its_axis_nor_maximum(x):
    return np.exp(x) / np.exp(x).sum(axis=-1)


def _maximum_without_its_axis(x):
    e = np.exp(x - x.max(axis=-1))
    return e / e.sum(axis=-1, keepdims=True)


def _both_without_their_axis(x):
    e = np.exp(x - x.max(axis=-1))
    return e / e.sum(axis=-1)


def _one_row_only(x):
    if x.ndim > 1:
        raise TypeError
    return _along(-1)(x)


def _one_row_only_maximum(x):
    if x.ndim > 1:
        raise ValueError
    return _along(-1)(x)


def _table_only(x):
    if x.ndim < 2:
        raise IndexError
    return _along(-1)(x) if x.ndim == 2 else np.zeros_like(x)


def _is_no_table(result, x):
    """Whether x has another number of axes than two, and an error came, or some wrong result."""
    return x.ndim > 2 or (x.ndim == 1 and result is None)


def _rows_of_rows(x):
    return np.array([_along(None)(np.asarray(row)) for row in x])


def _minimum(x):
    e = np.exp(x - x.min(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _shifted(x):
    return x - x.max(axis=-1, keepdims=True)


def _normalised(x):
    return x / x.sum(axis=-1, keepdims=True)


def _one_hot(x):
    return np.eye(x.shape[-1])[x.argmax(axis=-1)]


def common_mistakes(softmax):
    """Return the mistakes; the first of those that explain an answer equally well is named.

    `softmax` is the solution.
    """
    texts = message_section("03.softmax")
    mistakes = {
        "axis_0": _along(0),
        "axis_1": _along(1),
        "all_together": _along(None),
        "one_global_sum": _one_global_sum,
        "global_maximum": _global_maximum,
        "sum_without_its_axis": _sum_without_its_axis,
        "sum_without_its_axis_nor_maximum": _sum_without_its_axis_nor_maximum,
        "maximum_without_its_axis": _maximum_without_its_axis,
        "both_without_their_axis": _both_without_their_axis,
        "one_row_only": _one_row_only,
        "one_row_only_maximum": _one_row_only_maximum,
        "rows_of_rows": _rows_of_rows,
        "minimum": _minimum,
        "no_exponential": _normalised,
        "no_exponential_columns": lambda x: x / x.sum(axis=0),
        "no_exponential_together": lambda x: x / x.sum(),
        "no_exponential_but_maximum": lambda x: _normalised(_shifted(x)),
        "shares_of_the_range": lambda x: _normalised(x - x.min(axis=-1, keepdims=True)),
        "absolute": lambda x: _normalised(np.abs(x)),
        "squares": lambda x: _normalised(x * x),
        "not_normalised": np.exp,
        "not_normalised_but_maximum": lambda x: np.exp(_shifted(x)),
        "mean": lambda x: softmax(x) * x.shape[-1],
        "logarithms": lambda x: np.log(softmax(x)),
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "negative_exponent": lambda x: softmax(-x),
        "base_2": lambda x: softmax(x * np.log(2)),
        "base_10": lambda x: softmax(x * np.log(10)),
        "twice": lambda x: softmax(softmax(x)),
        "sum_in_the_exponent": lambda x: np.exp(_normalised(x)),
        "scores_over_exponentials": lambda x: x / np.exp(x).sum(axis=-1, keepdims=True),
        "exponential_of_the_sum": lambda x: np.exp(x) / np.exp(x.sum(axis=-1, keepdims=True)),
        "one_hot": _one_hot,
        "likeliest": lambda x: x.argmax(axis=-1),
        "sorted": lambda x: np.sort(softmax(x), axis=-1)[..., ::-1],
    }
    rounded = (
        CommonMistake(
            f"rounded to {digits} digits",
            lambda x, digits=digits: softmax(x).round(digits),
            texts["mistakes"]["rounded"].format(digits=digits),
        )
        for digits in (2, 3, 4)
    )
    return (
        *(
            CommonMistake(key.replace("_", " "), function, texts["mistakes"][key])
            for key, function in mistakes.items()
        ),
        *rounded,
        CommonMistake(
            "table only", _table_only, texts["mistakes"]["table_only"], matches=_is_no_table
        ),
        CommonMistake("no maximum", _no_maximum, texts["mistakes"]["overflow"], matches=overflows),
        CommonMistake("clipped", floored_probs, texts["mistakes"]["clipped"], matches=was_clipped),
    )
