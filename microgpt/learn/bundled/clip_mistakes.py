"""The common mistakes of 08.clip_grad_norm: in the length, in the factor, in what comes back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def _length(grads):
    return sum(float((g**2).sum()) for g in grads) ** 0.5


def _norms(grads):
    return [_length([g]) for g in grads]


def _factor(norm, max_norm):
    return max_norm / norm if norm > max_norm else 1.0


def _scaled(length=_length, factor=_factor) -> Callable[..., Any]:
    """Return a clipping with another length, or another factor."""

    def clip(grads, max_norm):
        norm = length(grads)
        return [g * factor(norm, max_norm) for g in grads], norm

    return clip


def _if_long(factor):
    """Return a clipping by `factor(norm, max_norm)` where the gradients are too long."""
    return _scaled(factor=lambda norm, limit: factor(norm, limit) if norm > limit else 1.0)


def _returning(result):
    """Return a right clipping that gives back `result(clipped, norm, max_norm)`."""

    def clip(grads, max_norm):
        return result(*_scaled()(grads, max_norm), max_norm)

    return clip


def _over(total):
    """Return a length: the root of `total(grads)`."""
    return lambda grads: float(total(grads)) ** 0.5


def _root_too_early(grads):
    total = 0.0
    for g in grads:
        total = (total + (g**2).sum()) ** 0.5
    return float(total)


def _each_array(grads, max_norm):
    clipped = [g * _factor(_length([g]), max_norm) for g in grads]
    return clipped, _length(grads)


def _only_long_arrays(grads, max_norm):
    norm = _length(grads)
    return [g * max_norm / norm if _length([g]) > max_norm else g for g in grads], norm


def _first_only(grads, max_norm):
    norm = _length(grads)
    return [grads[0] * _factor(norm, max_norm), *grads[1:]], norm


def _flat(grads, max_norm):
    clipped, norm = _scaled()(grads, max_norm)
    return np.concatenate([np.ravel(part) for part in clipped]), norm


def _by_numpy_quotient(norm, max_norm):
    """0 / 0, as NumPy has it."""
    return np.float64(min(norm, max_norm)) / np.float64(norm)


def _zero_divided(grads, max_norm):
    if not _length(grads):
        raise ZeroDivisionError
    return _scaled()(grads, max_norm)


# What learners compute instead, by the key of its cause.
FORMULAS = {
    # the length
    "no_root": _scaled(lambda grads: _length(grads) ** 2),
    "absolute": _scaled(lambda grads: sum(float(np.abs(g).sum()) for g in grads)),
    "sum": _scaled(lambda grads: sum(float(g.sum()) for g in grads)),
    "sum_of_norms": _scaled(lambda grads: sum(_norms(grads))),
    "largest": _scaled(lambda grads: max(float(np.abs(g).max()) for g in grads)),
    "largest_norm": _scaled(lambda grads: max(_norms(grads))),
    "squares_of_sums": _scaled(_over(lambda grads: sum(g.sum() ** 2 for g in grads))),
    "root_mean_square": _scaled(
        lambda grads: _length(grads) / sum(np.size(g) for g in grads) ** 0.5
    ),
    "mean_squares": _scaled(_over(lambda grads: sum((g**2).mean() for g in grads))),
    "mean_of_norms": _scaled(lambda grads: float(np.mean(_norms(grads)))),
    "last_array": _scaled(lambda grads: _length(grads[-1:])),
    "first_array": _scaled(lambda grads: _length(grads[:1])),
    "root_too_early": _scaled(_root_too_early),
    "concatenated": _scaled(lambda grads: float(np.linalg.norm(np.concatenate(grads)))),
    # the factor
    "each_array": _each_array,
    "each_array_own_norms": lambda grads, limit: (_each_array(grads, limit)[0], _norms(grads)[-1]),
    "each_number": lambda grads, limit: (
        [np.clip(g, -limit, limit) for g in grads], _length(grads)
    ),
    "each_number_above": lambda grads, limit: (
        [np.minimum(g, limit) for g in grads], _length(grads)
    ),
    "always": _scaled(factor=lambda norm, limit: np.float64(limit) / norm),
    "inverted": _scaled(factor=lambda norm, limit: limit / norm if 0 < norm < limit else 1.0),
    "factor_upside_down": _if_long(lambda norm, limit: norm / limit),
    "to_length_one": _if_long(lambda norm, limit: 1 / norm),
    "times_max_norm": _if_long(lambda norm, limit: limit),
    "factor_squared": _if_long(lambda norm, limit: (limit / norm) ** 2),
    "factor_root": _if_long(lambda norm, limit: (limit / norm) ** 0.5),
    "whole_factor": _if_long(lambda norm, limit: limit // norm),
    "only_long_arrays": _only_long_arrays,
    "first_only": _first_only,
    "nan": _scaled(factor=_by_numpy_quotient),
    "division_by_zero": _zero_divided,
    # what comes back
    "not_clipped": lambda grads, limit: (grads, _length(grads)),
    "norm_after": _returning(lambda clipped, norm, limit: (clipped, _length(clipped))),
    "factor_returned": _returning(lambda clipped, norm, limit: (clipped, _factor(norm, limit))),
    "squared_norm_returned": _returning(lambda clipped, norm, limit: (clipped, norm**2)),
    "flat": _flat,
    "only_clipped": lambda grads, limit: _scaled()(grads, limit)[0],
    "return_in_loop": _returning(lambda clipped, norm, limit: (clipped[:1], norm)),
    "norm_first": _returning(lambda clipped, norm, limit: (norm, clipped)),
}  # fmt: skip


def common_mistakes() -> tuple[CommonMistake, ...]:
    """Return the mistakes, each with its cause from messages.toml."""
    causes = message_section("08.clip_grad_norm")["mistakes"]
    return tuple(
        CommonMistake(key.replace("_", " "), formula, causes[key])
        for key, formula in FORMULAS.items()
    )
