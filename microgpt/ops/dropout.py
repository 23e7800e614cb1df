"""Dropout with counter-based masks, which are drawn again in backward."""

from numbers import Integral, Real

import numpy as np

from microgpt.backends import is_array
from microgpt.errors import Described, SettingError, ShapeError
from microgpt.ops.op_hooks import fused

RANDOM_RANGE = 2**32  # a 32-bit random number below p times this drops an element


def dropout(x, p, rng_state, layer_id=0):
    """Zero a random share `p` of the elements and scale up the others, so that the mean stays.

        y = x · m / (1 − p), where m is 0 with probability p, else 1

    x (…, C) -> y (…, C). The mask depends only on `rng_state` (2,), int64 seed and counter, on the
    integer `layer_id`, and on each element's index. No mask is stored: backward draws it again,
    so `rng_state` must not change in between.
                                                         Srivastava et al. 2014; Salmon et al. 2011
    """
    mask_args = dropout_args(x.backend, p, rng_state, layer_id)
    if mask_args is None:
        return x
    backend, rows = x.backend, _rows(x)
    y = backend.empty(rows.shape, x.dtype)
    backend.launch("dropout_forward", y, rows, *mask_args)

    def backward(dy):
        return (_dropout_backward(backend, dy, rows, mask_args),)

    return x.from_op(y.reshape(x.shape), (x,), backward, "dropout")


@fused
def dropout_residual(x, residual, p, rng_state, layer_id=0):
    """`residual + dropout(x, p, rng_state, layer_id)` in one operation."""
    x.check_compatible(residual)
    if x.shape != residual.shape:
        raise ShapeError(
            f"x and the residual it is added to must have one shape; got {x.shape} and "
            f"{residual.shape}"
        )
    mask_args = dropout_args(x.backend, p, rng_state, layer_id)
    if mask_args is None:
        return residual + x
    backend, rows = x.backend, _rows(x)
    y = backend.empty(rows.shape, x.dtype)
    backend.launch("dropout_residual_forward", y, rows, _rows(residual), *mask_args)

    def backward(dy):
        return _dropout_backward(backend, dy, rows, mask_args), dy

    return x.from_op(y.reshape(x.shape), (x, residual), backward, "dropout_residual")


def dropout_args(backend, p, rng_state, layer_id):
    """Return the kernels' rng_state, layer_id, threshold and scale; None if nothing is dropped."""
    if not isinstance(p, Real) or isinstance(p, bool) or not 0 <= p < 1:
        raise SettingError("p", "at least 0 and below 1", p)
    if p == 0:
        return None
    if not isinstance(layer_id, Integral) or not 0 <= layer_id < RANDOM_RANGE:
        raise SettingError("layer_id", f"an integer from 0 to {RANDOM_RANGE - 1:,}", layer_id)
    rng_state = rng_state if is_array(rng_state) else np.asarray(rng_state)
    if rng_state.shape != (2,) or rng_state.dtype != np.int64:
        raise SettingError(
            "rng_state",
            "an int64 array of two numbers, seed and counter",
            Described(f"{rng_state.dtype} of shape {rng_state.shape}"),
        )
    threshold = min(round(p * RANDOM_RANGE), RANDOM_RANGE - 1)
    return backend.from_host(rng_state), int(layer_id), threshold, 1 / (1 - float(p))


def _dropout_backward(backend, dy, rows, mask_args):
    """Return dx: dy times the same mask, drawn again."""
    dx = backend.empty(rows.shape, rows.dtype)
    backend.launch("dropout_forward", dx, dy.reshape(rows.shape), *mask_args)
    return dx.reshape(dy.shape)


def _rows(x):
    return x.as_2d() if x.ndim else x.array.reshape(1, 1)
