"""Attention of all heads over a text, and of one more token over a cache (B, H, S, D)."""

import numpy as np

from microgpt.backends.numpy_ref._dropout_mask import dropout_mask
from microgpt.backends.numpy_ref._matmul import matmul


def self_attention_forward(y, lse, qkv, n_head):
    """y = softmax(q · kᵀ / √D over the past) · v in each head; lse = log(Σ exp(scores)).

    qkv (B, T, 3C) -> y (B, T, C), lse (B, H, T)
    """
    _forward(y, lse, qkv, n_head)


def self_attention_backward(dqkv, dy, y, lse, qkv, n_head):
    """dscores = probs · (dy · vᵀ − delta), with probs again from lse and delta = Σ_d dy · y."""
    _backward(dqkv, dy, y, lse, qkv, n_head)


def dropout_attention_forward(y, lse, qkv, n_head, rng_state, layer_id, threshold, scale):
    """`self_attention_forward` with dropout of the probabilities; lse is that of all scores."""
    _forward(y, lse, qkv, n_head, _mask(lse, rng_state, layer_id, threshold, scale))


def dropout_attention_backward(
    dqkv, dy, y, lse, qkv, n_head, rng_state, layer_id, threshold, scale
):
    """`self_attention_backward` with the same dropout, whose mask is drawn again."""
    _backward(dqkv, dy, y, lse, qkv, n_head, _mask(lse, rng_state, layer_id, threshold, scale))


def _forward(y, lse, qkv, n_head, mask=None):
    q, k, v = _heads(qkv, n_head, 3)
    scores = _causal_scores(q, k)
    row_max = scores.max(axis=3, keepdims=True, initial=-np.inf)
    lse[...] = np.log(np.exp(scores - row_max).sum(axis=3)) + row_max[..., 0]
    probs = np.exp(scores - lse[..., None])  # (B, H, T, T)
    _heads(y, n_head, 1)[0][...] = matmul(probs if mask is None else probs * mask, v)


def _backward(dqkv, dy, y, lse, qkv, n_head, mask=None):
    q, k, v = _heads(qkv, n_head, 3)
    dq, dk, dv = _heads(dqkv, n_head, 3)
    dout, out = _heads(dy, n_head, 1)[0], _heads(y, n_head, 1)[0]  # (B, H, T, D)
    probs = np.exp(_causal_scores(q, k) - lse[..., None])  # (B, H, T, T)
    delta = (dout * out).sum(axis=3, keepdims=True)
    dprobs = matmul(dout, v.swapaxes(2, 3))
    dscores = probs * ((dprobs if mask is None else dprobs * mask) - delta) * _scale(q)
    dq[...] = matmul(dscores, k)
    dk[...] = matmul(dscores.swapaxes(2, 3), q)
    dv[...] = matmul((probs if mask is None else probs * mask).swapaxes(2, 3), dout)


def decode_attention_forward(y, weights, q, keys, values, position):
    """y = softmax(q · keysᵀ / √D) · values over the cached positions up to `position`.

    q, y (B, H, D); weights (B, H, S) are the probabilities, 0 beyond `position`.
    """
    num_keys = int(position[0]) + 1
    probs = _decode_probs(q[:, :, None], keys[:, :, :num_keys])
    weights[...] = 0
    weights[:, :, :num_keys] = probs[:, :, 0]
    y[...] = matmul(probs, values[:, :, :num_keys])[:, :, 0]


def decode_self_attention_(y, keys, values, qkv, position, n_head):
    """Write a token's key and value, from qkv (B, 3C), to the cache, then attend up to it.

    y (B, C), keys and values (B, H, S, D) with C = H · D, position (1,).
    """
    q, k, v = _heads(qkv[:, None], n_head, 3)  # (B, H, 1, D)
    kv_cache_write_(keys, k, position)
    kv_cache_write_(values, v, position)
    num_keys = int(position[0]) + 1
    probs = _decode_probs(q, keys[:, :, :num_keys])
    _heads(y[:, None], n_head, 1)[0][...] = matmul(probs, values[:, :, :num_keys])


def kv_cache_write_(cache, x, position):
    """cache[:, :, position : position + T] = x (B, H, T, D)."""
    start = int(position[0])
    cache[:, :, start : start + x.shape[2]] = x


def increment_position_(position, count):
    """position (1,) += count."""
    position += count


def _heads(x, n_head, parts):
    """Views of the features' equal parts, cut into heads: (B, T, parts · H · D) -> (B, H, T, D)."""
    B, T, features = x.shape
    view = x.reshape(B, T, parts, n_head, features // (parts * n_head))
    return view.transpose(2, 0, 3, 1, 4)


def _scale(q):
    return q.dtype.type(q.shape[3] ** -0.5)


def _causal_scores(q, k):
    """q · kᵀ / √D (B, H, T, T), −inf where a key is later than its query."""
    scores = matmul(q, k.swapaxes(2, 3)) * _scale(q)
    T = q.shape[2]
    return np.where(np.tril(np.ones((T, T), bool)), scores, -np.inf).astype(q.dtype)


def _decode_probs(q, keys):
    """softmax(q · keysᵀ / √D): q (B, H, 1, D), keys (B, H, S, D) -> (B, H, 1, S)."""
    scores = matmul(q, keys.swapaxes(2, 3)) * _scale(q)
    probs = np.exp(scores - scores.max(axis=3, keepdims=True))
    return probs / probs.sum(axis=3, keepdims=True)


def _mask(lse, rng_state, layer_id, threshold, scale):
    """Dropout's factors of the probabilities (B, H, T, T), as of rows (B · H · T, T)."""
    B, H, T = lse.shape
    mask = dropout_mask((B * H * T, T), lse.dtype, rng_state, layer_id, threshold, scale)
    return mask.reshape(B, H, T, T)
