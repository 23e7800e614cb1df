"""Look up rows of a table by token id."""

import numpy as np

from microgpt.errors import ShapeError
from microgpt.ops.op_hooks import fused, overridable
from microgpt.ops.quantized import (
    QuantizedMatrix,
    quantized_embedding,
    quantized_token_position_embedding,
)
from microgpt.ops.token_ids import as_token_ids, check_position_array


@overridable
def embedding(tokens, weight):
    """The row of each token: y[n] = weight[tokens[n]].

    tokens (…) integers, weight (V, C) -> y (…, C)
    """
    if weight.ndim != 2:
        raise ShapeError(f"embedding needs weight (V, C); got {weight.shape}")
    if isinstance(weight, QuantizedMatrix):
        return quantized_embedding(tokens, weight)
    backend, ids = weight.backend, as_token_ids(tokens, copy_ids=True)
    flat = ids.reshape(-1)
    y = backend.empty((flat.size, weight.shape[1]), weight.dtype)
    backend.launch("check_tokens", flat, weight.shape[0])
    flat = backend.from_host(flat)
    backend.launch("embedding_forward", y, weight.array, flat)

    def backward(dy):
        dweight = weight.grad_buffer()
        backend.launch("embedding_backward", dweight, dy.reshape(y.shape), flat)
        return (dweight,)

    return weight.from_op(y.reshape(*ids.shape, weight.shape[1]), (weight,), backward, "embedding")


@fused
def token_position_embedding(tokens, wte, wpe, position=None, hook=None):
    """The row of each token plus the row of its position: wte[tokens] + wpe[position + t].

    tokens (B, T), wte (V, C), wpe (S, C), position (1,) int32 (default: 0) -> y (B, T, C)
    """
    is_quantized = isinstance(wte, QuantizedMatrix)
    if not is_quantized:
        wte.check_compatible(wpe)
    backend, ids = wte.backend, as_token_ids(tokens, copy_ids=True)
    if wte.ndim != 2 or wpe.ndim != 2 or wte.shape[1] != wpe.shape[1] or ids.ndim != 2:
        raise ShapeError(
            "token_position_embedding needs tokens (B, T), wte (V, C) and wpe (S, C); got "
            f"{ids.shape}, {wte.shape}, {wpe.shape}"
        )
    if ids.shape[1] > len(wpe.array):
        raise ShapeError(
            f"there are {len(wpe.array)} positions; got {ids.shape[1]} tokens in a row"
        )
    start = backend.constant(_FIRST)
    if position is not None:
        check_position_array(position)
        backend.launch("check_position", position, ids.shape[1], len(wpe.array))
        start = backend.from_host(position)
    backend.launch("check_tokens", ids.reshape(-1), wte.shape[0])
    ids = backend.from_host(ids)
    if is_quantized:
        return quantized_token_position_embedding(ids, wte, wpe, start)
    y = backend.empty((ids.size, wte.shape[1]), wte.dtype)
    backend.launch("token_position_embedding_forward", y, wte.array, wpe.array, ids, start)

    def backward(dy):
        dwte, dwpe = wte.grad_buffer(), wpe.grad_buffer()
        backend.launch(
            "token_position_embedding_backward", dwte, dwpe, dy.reshape(y.shape), ids, start
        )
        return dwte, dwpe

    return wte.from_op(
        y.reshape(*ids.shape, wte.shape[1]), (wte, wpe), backward, "token_position_embedding"
    )


_FIRST = np.zeros(1, np.int32)
