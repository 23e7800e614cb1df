"""Attention of all heads over a text, and of one more token over a cache (B, H, S, D)."""

import numpy as np

from microgpt.backends.numpy_ref._dropout_mask import factors
from microgpt.backends.numpy_ref._product import product


def kv_cache_write_(cache, x, position):
    """Put x (B, H, T, D) into the cache from `position` (1,) on."""
    start = int(position[0])
    cache[:, :, start : start + x.shape[2]] = x


def increment_position_(position, count):
    position += count


def decode_attention_forward(y, weights, q, keys, values, position):
    """Attend with q (B, H, D) to the cached positions up to and including `position`."""
    seen = int(position[0]) + 1
    f = q.dtype.type
    scores = product(keys[:, :, :seen], q[..., None])[..., 0] * f(q.shape[2] ** -0.5)
    scores -= scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=2, keepdims=True)  # (B, H, seen)
    weights[...] = 0
    weights[:, :, :seen] = scores
    y[...] = product(scores[:, :, None, :], values[:, :, :seen])[:, :, 0, :]


def self_attention_forward(y, lse, qkv, n_head):
    """Causal attention of every head; lse (B, H, T) is each row's log(sum(exp(scores)))."""
    q, k, v = _heads(qkv, n_head, 3)
    _heads(y, n_head, 1)[0][...] = product(_weights(lse, q, k), v)


def self_attention_backward(dqkv, dy, y, lse, qkv, n_head):
    """The weights come again from `lse`; delta, the sum of dy · y, is their softmax's inner sum."""
    q, k, v = _heads(qkv, n_head, 3)
    dq, dk, dv = _heads(dqkv, n_head, 3)
    upstream, out = _heads(dy, n_head, 1)[0], _heads(y, n_head, 1)[0]  # (B, H, T, D)
    weights = np.exp(_causal_scores(q, k) - lse[..., None])  # (B, H, T, T)
    delta = (upstream * out).sum(axis=3, keepdims=True)
    scale = q.dtype.type(q.shape[3] ** -0.5)
    dscores = weights * (product(upstream, v.swapaxes(2, 3)) - delta) * scale
    dq[...] = product(dscores, k)
    dk[...] = product(dscores.swapaxes(2, 3), q)
    dv[...] = product(weights.swapaxes(2, 3), upstream)


def dropout_attention_forward(y, lse, qkv, n_head, turn, site, threshold, scale):
    """The same with dropout on the weights; lse is still that of all scores."""
    q, k, v = _heads(qkv, n_head, 3)
    weights = _weights(lse, q, k) * _factors(lse, turn, site, threshold, scale)
    _heads(y, n_head, 1)[0][...] = product(weights, v)


def dropout_attention_backward(dqkv, dy, y, lse, qkv, n_head, turn, site, threshold, scale):
    """The factors of the weights come again too; delta is still the sum of dy · y."""
    q, k, v = _heads(qkv, n_head, 3)
    dq, dk, dv = _heads(dqkv, n_head, 3)
    upstream, out = _heads(dy, n_head, 1)[0], _heads(y, n_head, 1)[0]  # (B, H, T, D)
    weights = np.exp(_causal_scores(q, k) - lse[..., None])  # (B, H, T, T)
    kept = _factors(lse, turn, site, threshold, scale)
    delta = (upstream * out).sum(axis=3, keepdims=True)
    root = q.dtype.type(q.shape[3] ** -0.5)
    dscores = weights * (product(upstream, v.swapaxes(2, 3)) * kept - delta) * root
    dq[...] = product(dscores, k)
    dk[...] = product(dscores.swapaxes(2, 3), q)
    dv[...] = product((weights * kept).swapaxes(2, 3), upstream)


def decode_self_attention_(y, keys, values, qkv, position, n_head):
    """One new token a row: its key and value go into the cache, then it attends to all in there."""
    q, k, v = _heads(qkv[:, None], n_head, 3)  # (B, H, 1, D)
    kv_cache_write_(keys, k, position)
    kv_cache_write_(values, v, position)
    seen = int(position[0]) + 1
    scores = product(q, keys[:, :, :seen].swapaxes(2, 3)) * q.dtype.type(q.shape[3] ** -0.5)
    weights = np.exp(scores - scores.max(axis=3, keepdims=True))
    weights /= weights.sum(axis=3, keepdims=True)
    _heads(y[:, None], n_head, 1)[0][...] = product(weights, values[:, :, :seen])


def _heads(x, n_head, parts):
    """Views of the features' equal parts, cut into heads: (B, T, parts · H · D) -> (B, H, T, D)."""
    B, T, features = x.shape
    view = x.reshape(B, T, parts, n_head, features // (parts * n_head))
    return view.transpose(2, 0, 3, 1, 4)


def _weights(lse, q, k):
    """The weights (B, H, T, T); lse is written."""
    scores = _causal_scores(q, k)
    greatest = scores.max(axis=3, keepdims=True, initial=-np.inf)
    lse[...] = np.log(np.exp(scores - greatest).sum(axis=3)) + greatest[..., 0]
    return np.exp(scores - lse[..., None])


def _factors(lse, turn, site, threshold, scale):
    """What dropout multiplies the weights (B, H, T, T) by, as if they were rows (B · H · T, T)."""
    B, H, T = lse.shape
    return factors((B * H * T, T), lse.dtype, turn, site, threshold, scale).reshape(B, H, T, T)


def _causal_scores(q, k):
    """Scores (B, H, T, T) over the square root of D, −inf where a key is later than its query."""
    scores = product(q, k.swapaxes(2, 3)) * q.dtype.type(q.shape[3] ** -0.5)
    T = q.shape[2]
    return np.where(np.tril(np.ones((T, T), bool)), scores, -np.inf).astype(q.dtype)
