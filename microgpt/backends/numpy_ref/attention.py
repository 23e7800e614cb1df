"""One more token's attention over a cache of keys and values (B, H, S, D)."""

import numpy as np


def cache_write_(cache, x, position):
    """Put x (B, H, T, D) into the cache from `position` (1,) on."""
    start = int(position[0])
    cache[:, :, start : start + x.shape[2]] = x


def advance_(position, count):
    position += count


def decode_attention_forward(y, weights, q, keys, values, position):
    """Attend with q (B, H, D) to the cached positions up to and including `position`."""
    seen = int(position[0]) + 1
    f = q.dtype.type
    scores = np.matmul(keys[:, :, :seen], q[..., None])[..., 0] * f(q.shape[2] ** -0.5)
    scores -= scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=2, keepdims=True)  # (B, H, seen)
    weights[...] = 0
    weights[:, :, :seen] = scores
    y[...] = np.matmul(scores[:, :, None, :], values[:, :, :seen])[:, :, 0, :]
