"""Slow, obvious references in NumPy and plain Python, all in one place."""

import math
from functools import cache

import numpy as np

from microgpt.backends.shared_rules import MASK, philox


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True)) if x.size else x
    return e / e.sum(axis=-1, keepdims=True) if x.size else x


def causal_softmax(scores, scale):
    T = scores.shape[-1]
    allowed = np.tril(np.ones((T, T), bool))
    return softmax(np.where(allowed, scores * scale, -np.inf)) if T else scores


def attention(q, k, v, dropped=(0.0, 0)):
    weights = causal_softmax(q @ np.swapaxes(k, -1, -2), q.shape[-1] ** -0.5)
    return weights * dropout_mask(weights.shape, *dropped) @ v


RNG_STATE = np.array([2**40 + 7, 2**32 - 1])  # a seed and a counter that need all their bits


@cache
def dropout_mask(shape, p, layer_id):
    """0 or 1 / (1 - p) for each element, one by one: Philox in plain Python."""
    if p == 0:
        return np.ones(1)
    *outer, C = shape
    N, (seed, counter) = math.prod(outer), RNG_STATE.tolist()
    out = np.zeros((N, C))
    for n in range(N):
        for c in range(C):
            if c % 4 == 0:
                bits = philox((c // 4, n, counter, layer_id), (seed & MASK, seed >> 32))
            out[n, c] = (bits[c % 4] >= p * 2**32) / (1 - p)
    return out.reshape(shape)


def layer_norm(x, weight, bias=0.0):
    centered = x - x.mean(axis=-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean(axis=-1, keepdims=True) + 1e-5) * weight + bias


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def self_attention(qkv, n_head, dropped=(0.0, 0)):
    B, T, C = qkv.shape
    q, k, v = np.moveaxis(qkv.reshape(B, T, 3, n_head, C // 3 // n_head), (2, 3), (0, 2))
    return np.swapaxes(attention(q, k, v, dropped), 1, 2).reshape(B, T, C // 3)


def rms_norm(x):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5)


def cross_entropy_per_token(logits, targets):
    probs = softmax(logits)[np.arange(len(targets)), np.maximum(targets, 0)]
    return np.where(targets >= 0, -np.log(probs), 0)


def cross_entropy(logits, targets):
    return cross_entropy_per_token(logits, targets).sum() / (targets >= 0).sum()


def attention_forward_backward(qkv, dy, n_head):
    """y (B, T, C), lse (B, H, T) and dqkv (B, T, 3C) in float64, one query after the other."""

    def split(x):  # (B, T, C) -> (B, H, T, D)
        B, T, C = x.shape
        return x.reshape(B, T, n_head, C // n_head).transpose(0, 2, 1, 3).astype(np.float64)

    def merge(x):
        B, H, T, D = x.shape
        return x.transpose(0, 2, 1, 3).reshape(B, T, H * D)

    q, k, v = (split(part) for part in np.split(qkv, 3, axis=2))
    D = q.shape[3]
    dout = split(dy)
    y, lse = np.zeros_like(q), np.zeros(q.shape[:3])
    dq, dk, dv = np.zeros_like(q), np.zeros_like(q), np.zeros_like(q)
    for t in range(q.shape[2]):
        past = slice(0, t + 1)
        scores = np.einsum("bhd,bhsd->bhs", q[:, :, t], k[:, :, past]) / np.sqrt(D)
        lse[:, :, t] = np.log(np.exp(scores).sum(axis=2))
        probs = np.exp(scores - lse[:, :, t, None])
        y[:, :, t] = np.einsum("bhs,bhsd->bhd", probs, v[:, :, past])
        dprobs = np.einsum("bhd,bhsd->bhs", dout[:, :, t], v[:, :, past])
        dscores = probs * (dprobs - (probs * dprobs).sum(axis=2, keepdims=True)) / np.sqrt(D)
        dq[:, :, t] = np.einsum("bhs,bhsd->bhd", dscores, k[:, :, past])
        dk[:, :, past] += dscores[..., None] * q[:, :, t, None]
        dv[:, :, past] += probs[..., None] * dout[:, :, t, None]
    return merge(y), lse, np.concatenate([merge(dq), merge(dk), merge(dv)], axis=2)
