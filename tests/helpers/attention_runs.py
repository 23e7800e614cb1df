"""Launches of self-attention for the tests, on the back end in use."""

import numpy as np

import microgpt as mg
from microgpt import backends

TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def make_inputs(num_texts, T, n_head, D, dtype="float64"):
    """qkv and dy of random numbers."""
    rng = np.random.default_rng(0)
    qkv = rng.standard_normal((num_texts, T, 3 * n_head * D))
    return qkv.astype(dtype), rng.standard_normal((num_texts, T, n_head * D)).astype(dtype)


def forward(qkv, n_head):
    """y and lse."""
    B, T, C3 = qkv.shape
    backend = backends.current()
    y, lse = backend.empty((B, T, C3 // 3), qkv.dtype), backend.empty((B, n_head, T), qkv.dtype)
    backend.launch("self_attention_forward", y, lse, qkv, n_head)
    return y, lse


def backward(dy, y, lse, qkv, n_head):
    """dqkv."""
    backend = backends.current()
    dqkv = backend.empty(qkv.shape, qkv.dtype)
    backend.launch("self_attention_backward", dqkv, dy, y, lse, qkv, n_head)
    return dqkv


def decode_inputs(heads=2, places=4, size=3, rows=1):
    """Queries, keys and values of one more token, and what they are attended with."""
    keys = np.zeros((rows, heads, places, size), np.float32)
    qkv = mg.Tensor(np.ones((rows, 1, 3 * heads * size), np.float32))
    return qkv, keys, keys.copy(), np.zeros(1, np.int32)
