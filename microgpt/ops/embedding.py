"""Looking up rows of a table by token id."""

import numpy as np

from microgpt.backends import current_tracer
from microgpt.errors import DtypeError, ShapeError, TokenError


def embedding(weight, tokens):
    """The row of each token: y[n] = weight[tokens[n]].

    weight (V, C), tokens (…) whole numbers -> y (…, C)
    """
    if weight.ndim != 2:
        raise ShapeError(f"embedding needs weight (V, C); got {weight.shape}")
    k, ids = weight.kernels, as_tokens(tokens, keep=True)
    flat = ids.reshape(-1)
    y = k.empty((flat.size, weight.shape[1]), weight.dtype)
    k.launch("check_tokens", flat, weight.shape[0])
    k.launch("embedding_forward", y, weight.array, flat)

    def backward(dy):
        dweight = weight.gradient()
        k.launch("embedding_backward", dweight, dy.reshape(y.shape), flat)
        return (dweight,)

    return weight.from_op(y.reshape(*ids.shape, weight.shape[1]), (weight,), backward, "embedding")


def embed(wte, wpe, tokens, position=None):
    """The row of each token plus the row of its place: wte[tokens] + wpe[position + t].

    wte (V, C), wpe (S, C), tokens (B, T), position (1,) int32 (default: 0) -> y (B, T, C)
    """
    wte.require_same(wpe)
    k, ids = wte.kernels, as_tokens(tokens, keep=True)
    if wte.ndim != 2 or wpe.ndim != 2 or wte.shape[1] != wpe.shape[1] or ids.ndim != 2:
        raise ShapeError(
            f"embed needs wte (V, C), wpe (S, C) and tokens (B, T); got {wte.shape}, {wpe.shape}, "
            f"{ids.shape}"
        )
    if ids.shape[1] > len(wpe.array):
        raise ShapeError(f"there are {len(wpe.array)} places; got {ids.shape[1]} tokens in a row")
    start = _FIRST
    if position is not None:
        require_place(position)
        start = position
        k.launch("check_position", start, ids.shape[1], len(wpe.array))
    y = k.empty((ids.size, wte.shape[1]), wte.dtype)
    k.launch("check_tokens", ids.reshape(-1), wte.shape[0])
    k.launch("embed_forward", y, wte.array, wpe.array, ids, start)

    def backward(dy):
        dwte, dwpe = wte.gradient(), wpe.gradient()
        k.launch("embed_backward", dwte, dwpe, dy.reshape(y.shape), ids, start)
        return dwte, dwpe

    return wte.from_op(y.reshape(*ids.shape, wte.shape[1]), (wte, wpe), backward, "embed")


_FIRST = np.zeros(1, np.int32)


def require_place(position):
    """Refuse what kernels cannot read a place from."""
    if not isinstance(position, np.ndarray) or position.shape != (1,) or position.dtype != np.int32:
        raise ShapeError(f"position must be an int32 array (1,); got {position!r:.60}")


def as_tokens(tokens, keep=False):
    """Token ids as a C-contiguous int32 array; anything but whole numbers is refused.

    With `keep`, a copy: what an operation needs again on the way back must not change meanwhile.
    The arrays of a recording are never copied, they are what a replay fills.
    """
    if isinstance(tokens, np.ndarray) and tokens.dtype == np.int32 and tokens.flags.c_contiguous:
        return tokens.copy() if keep and current_tracer() is None else tokens
    try:
        array = np.asarray(tokens)
    except ValueError:
        raise ShapeError("rows of token ids must all have one length; pad them") from None
    if array.size == 0:
        return array.astype(np.int32)
    if array.dtype.kind not in "iu":
        raise DtypeError(
            f"token ids must be whole numbers; got {array.dtype} from a {type(tokens).__name__}"
        )
    if array.min() < -(2**31) or array.max() >= 2**31:
        raise TokenError(f"token ids must fit into 32 bits; got {array.min()} to {array.max()}")
    return array.astype(np.int32, order="C")
