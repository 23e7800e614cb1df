"""Dropout: while a model trains, a random share of its numbers is left out."""

from numbers import Integral, Real

import numpy as np

from microgpt.errors import SettingError, ShapeError

WORDS = 2**32  # a random number decides: below this times p, an element is dropped


def dropout(x, p, turn, site=0):
    """Set a random share `p` of the numbers to 0 and scale the others up, so that the mean stays.

        y = x · m / (1 − p), where m is 0 with chance p, else 1

    x (…, C) -> y (…, C). `turn`, an int64 array of a seed and a count, `site`, a whole number, and
    an element's place decide alone. No mask is stored: the way back draws it again from `turn`,
    which must not change meanwhile.                     Srivastava et al. 2014; Salmon et al. 2011
    """
    drawn = drawing(p, turn, site)
    if drawn is None:
        return x
    k, rows = x.kernels, _rows(x)
    y = k.empty(rows.shape, x.dtype)
    k.launch("dropout_forward", y, rows, *drawn)

    def backward(dy):
        return (_dropped(k, dy, rows, drawn),)

    return x.from_op(y.reshape(x.shape), (x,), backward, "dropout")


def dropout_residual(x, residual, p, turn, site=0):
    """`residual + dropout(x, p, turn, site)` in one operation."""
    x.require_same(residual)
    if x.shape != residual.shape:
        raise ShapeError(
            f"x and the residual it is added to must have one shape; got {x.shape} and "
            f"{residual.shape}"
        )
    drawn = drawing(p, turn, site)
    if drawn is None:
        return residual + x
    k, rows = x.kernels, _rows(x)
    y = k.empty(rows.shape, x.dtype)
    k.launch("dropout_residual_forward", y, rows, _rows(residual), *drawn)

    def backward(dy):
        return _dropped(k, dy, rows, drawn), dy

    return x.from_op(y.reshape(x.shape), (x, residual), backward, "dropout_residual")


def drawing(p, turn, site):
    """What kernels draw masks from: turn, site, threshold and scale; None if nothing is dropped."""
    if not isinstance(p, Real) or isinstance(p, bool) or not 0 <= p < 1:
        raise SettingError(f"the share p that is dropped must be in [0, 1); got {p!r}")
    if p == 0:
        return None
    if not isinstance(site, Integral) or not 0 <= site < WORDS:
        raise SettingError(f"site must be a whole number from 0 to 2**32 - 1; got {site!r}")
    turn = np.asarray(turn)
    if turn.shape != (2,) or turn.dtype != np.int64:
        raise SettingError(
            "turn must be an int64 array of two numbers, seed and count; got "
            f"{turn.dtype} of shape {turn.shape}"
        )
    threshold = min(round(p * WORDS), WORDS - 1)
    return turn, int(site), threshold, 1 / (1 - float(p))


def _dropped(k, dy, rows, drawn):
    """The same factors once more, for the gradient."""
    dx = k.empty(rows.shape, rows.dtype)
    k.launch("dropout_forward", dx, dy.reshape(rows.shape), *drawn)
    return dx.reshape(dy.shape)


def _rows(x):
    return x.rows() if x.ndim else x.array.reshape(1, 1)
