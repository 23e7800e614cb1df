"""Causal attention, composed of products and a softmax."""

from microgpt.engine import state
from microgpt.errors import ShapeError
from microgpt.ops.matmul import matmul, matmul_transposed
from microgpt.ops.softmax import causal_softmax, softmax


def causal_attention(q, k, v, name=lambda label, node: node):
    """Each position takes a weighted mean of the values at and before it.

        weights = softmax(q · kᵀ / sqrt(D)), with the future left out;  y = weights · v

    q, k, v (…, T, D) -> y (…, T, D). `name` is offered "scores" (before scaling) and "weights".
    Vaswani et al. 2017
    """
    if not q.shape == k.shape == v.shape or q.ndim < 2 or not q.shape[-1]:
        raise ShapeError(
            f"attention needs q, k, v of one shape (…, T, D); got {q.shape}, {k.shape}, {v.shape}"
        )
    scores = name("scores", matmul_transposed(q, k))  # (…, T, T)
    weights = name("weights", causal_softmax(scores, q.shape[-1] ** -0.5))  # (…, T, T)
    return matmul(weights, v)  # (…, T, D)


def decode_attention(q, keys, values, position, name=lambda label, node: node):
    """Attention of one new token over a cache; no gradient flows through a cache.

    q (B, H, 1, D), keys and values (B, H, S, D) arrays, position (1,) int32 -> y (B, H, 1, D).
    Where a hook wants to see or change "scores" and "weights", it runs as their composition.
    """
    k = q.kernels
    if state.name_hook is not None or state.composed:
        seen = int(position[0]) + 1
        past, held = (q.detached(a[:, :, :seen].copy()) for a in (keys, values))
        scores = name("scores", matmul_transposed(q, past))  # (B, H, 1, seen)
        return matmul(name("weights", softmax(scores * q.shape[-1] ** -0.5)), held)
    B, H, _, D = q.shape
    y, weights = k.empty((B, H, D), q.dtype), k.empty((B, H, keys.shape[2]), q.dtype)
    query = q.array.reshape(B, H, D)
    k.launch("decode_attention_forward", y, weights, query, keys, values, position)
    return q.detached(y.reshape(B, H, 1, D))
