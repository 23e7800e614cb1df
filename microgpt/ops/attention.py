"""Causal attention: composed of matrix products and a softmax, or fused over all heads."""

from microgpt.autograd.engine import context
from microgpt.errors import SettingError, ShapeError
from microgpt.ops.dropout import dropout_args
from microgpt.ops.matmul import matmul, matmul_transposed
from microgpt.ops.op_hooks import fused, overridable
from microgpt.ops.softmax import causal_softmax, softmax
from microgpt.ops.token_ids import check_position_array


@overridable
def causal_attention(q, k, v, hook=lambda label, node: node):
    """Each position takes a weighted mean of the values at and before it.

        weights = softmax(q · kᵀ / sqrt(D)), with the future left out;  y = weights · v

    q, k, v (…, T, D) -> y (…, T, D). `hook` is offered "scores" (before scaling) and "weights"; in
    a model also "scaled_scores".                                           Vaswani et al. 2017
    """
    if not q.shape == k.shape == v.shape or q.ndim < 2 or not q.shape[-1]:
        raise ShapeError(
            f"attention needs q, k, v of one shape (…, T, D); got {q.shape}, {k.shape}, {v.shape}"
        )
    scores = hook("scores", matmul_transposed(q, k))  # (…, T, T)
    scale = q.shape[-1] ** -0.5
    if context.activation_hook is not None:  # a hook can change them: scale before the softmax
        scores, scale = hook("scaled_scores", scores * scale), 1.0
    weights = hook("weights", causal_softmax(scores, scale))  # (…, T, T)
    return matmul(weights, v)  # (…, T, D)


@fused
def self_attention(qkv, n_head, hook=None):
    """Causal attention of all heads at once, from queries, keys and values side by side.

    qkv (B, T, 3 · C) -> y (B, T, C), with C = n_head · D. The weights (T, T) are never stored:
    backward computes them again from each row's log-sum-exp.                Dao et al. 2022
    """
    B, T, C = _qkv_dims(qkv, n_head)
    backend = qkv.backend
    y, lse = backend.empty((B, T, C), qkv.dtype), backend.empty((B, n_head, T), qkv.dtype)
    backend.launch("self_attention_forward", y, lse, qkv.array, n_head)

    def backward(dy):
        dqkv = backend.empty(qkv.shape, qkv.dtype)
        backend.launch("self_attention_backward", dqkv, dy, y, lse, qkv.array, n_head)
        return (dqkv,)

    return qkv.from_op(y, (qkv,), backward, "self_attention")


@fused
def dropout_attention(qkv, n_head, p, rng_state, layer_id=0, hook=None):
    """`self_attention` with dropout on the weights of every head.

    qkv (B, T, 3 · C) -> y (B, T, C). Neither weights nor masks are stored. `p`, `rng_state` and
    `layer_id` are those of `dropout`, for the weights as an array (B, H, T, T).
    """
    B, T, C = _qkv_dims(qkv, n_head)
    mask_args = dropout_args(qkv.backend, p, rng_state, layer_id)
    if mask_args is None:
        return self_attention(qkv, n_head)
    backend = qkv.backend
    y, lse = backend.empty((B, T, C), qkv.dtype), backend.empty((B, n_head, T), qkv.dtype)
    backend.launch("dropout_attention_forward", y, lse, qkv.array, n_head, *mask_args)

    def backward(dy):
        dqkv = backend.empty(qkv.shape, qkv.dtype)
        backend.launch(
            "dropout_attention_backward", dqkv, dy, y, lse, qkv.array, n_head, *mask_args
        )
        return (dqkv,)

    return qkv.from_op(y, (qkv,), backward, "dropout_attention")


@fused
def decode_self_attention(qkv, keys, values, position, n_head, hook=None):
    """One new token per row: write its key and value into the cache, and attend to all in it.

    qkv (B, 1, 3 · C), keys and values (B, H, S, D) arrays, position (1,) int32 -> y (B, 1, C). No
    gradient flows through a cache.
    """
    B, T, C = _qkv_dims(qkv, n_head)
    check_cache_shapes((B, n_head, T, C // n_head), keys, values, position)
    backend = qkv.backend
    y = backend.empty((B, C), qkv.dtype)
    backend.launch("check_position", position, 1, keys.shape[2])
    backend.launch("decode_self_attention_", y, keys, values, qkv.as_2d(), position, n_head)
    return qkv.from_array(y.reshape(B, 1, C))


def _qkv_dims(qkv, n_head):
    """Return B, T and C of qkv (B, T, 3 · C); raise if it does not split into `n_head` heads."""
    shape = qkv.array.shape
    if not isinstance(n_head, int) or n_head < 1:
        raise SettingError("n_head", "a positive integer", n_head)
    if len(shape) != 3 or not shape[2] or shape[2] % (3 * n_head):
        raise ShapeError(f"attention of {n_head} heads needs qkv (B, T, 3 · H · D); got {shape}")
    return shape[0], shape[1], shape[2] // 3


def check_cache_shapes(shape, keys, values, position):
    """Raise ShapeError unless a query of `shape` (B, H, T, D) is one token that fits the cache."""
    B, H, T, D = shape
    wanted = keys.shape[2] if keys.ndim == 4 else "S"
    if T != 1 or keys.shape != values.shape or keys.shape != (B, H, wanted, D):
        raise ShapeError(
            f"one more token (B, H, 1, D) needs keys and values (B, H, S, D); got {shape}, "
            f"{keys.shape} and {values.shape}"
        )
    check_position_array(position)


@overridable
def decode_attention(q, keys, values, position, hook=lambda label, node: node):
    """Attention of one new token over a cache; no gradient flows through a cache.

    q (B, H, 1, D), keys and values (B, H, S, D) arrays, position (1,) int32 -> y (B, H, 1, D).
    Under `hook_activations` or `decomposed` it is composed of smaller operations, and `hook` is
    offered "scores", "scaled_scores" and "weights".
    """
    backend = q.backend
    if q.ndim != 4 or not q.shape[3]:
        raise ShapeError(f"attention of one more token needs q (B, H, 1, D); got {q.shape}")
    check_cache_shapes(q.shape, keys, values, position)
    backend.launch("check_position", position, 1, keys.shape[2])
    if context.activation_hook is not None or context.decomposed:
        seen = position.item() + 1
        past, held = (q.from_array(a)[:, :, :seen] for a in (keys, values))
        scores = hook("scores", matmul_transposed(q, past))  # (B, H, 1, seen)
        scaled = hook("scaled_scores", scores * q.shape[-1] ** -0.5)
        return matmul(hook("weights", softmax(scaled)), held)
    B, H, _, D = q.shape
    y, weights = backend.empty((B, H, D), q.dtype), backend.empty((B, H, keys.shape[2]), q.dtype)
    query = q.array.reshape(B, H, D)
    backend.launch("decode_attention_forward", y, weights, query, keys, values, position)
    return q.from_array(y.reshape(B, H, 1, D))
