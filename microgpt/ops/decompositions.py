"""Every fused operation and its composed twin: the same values and gradients from smaller steps.

Where somebody looks inside a model (`naming`), puts in an operation of their own (`intercepting`)
or asks for it (`composed`), the twin runs; `name` is offered what a fused operation never stores.
The twins call public operations through the package, so that hooks see these too.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

import microgpt.ops as ops
from microgpt.autograd.engine import state
from microgpt.ops.attention import require_cache
from microgpt.ops.embedding import require_place


def _same(label: str, node: Any) -> Any:
    return node


def self_attention(qkv, n_head, name=_same):
    q, k, v = (ops.split_heads(qkv, n_head, part, 3) for part in range(3))  # (B, H, T, D)
    return ops.merge_heads(ops.causal_attention(q, k, v, name))


def dropout_attention(qkv, n_head, p, turn, site=0, name=_same):
    def dropped(label, node):
        node = name(label, node)
        return ops.dropout(node, p, turn, site) if label == "weights" else node

    return self_attention(qkv, n_head, dropped)


def dropout_residual(x, residual, p, turn, site=0):
    return residual + ops.dropout(x, p, turn, site)


def decode_self_attention(qkv, keys, values, position, n_head, name=_same):
    q, k, v = (ops.split_heads(qkv, n_head, part, 3) for part in range(3))  # (B, H, 1, D)
    require_cache(q.shape, keys, values, position)
    q.kernels.launch("check_position", position, 1, keys.shape[2])
    for cache, new in ((keys, k), (values, v)):
        new.kernels.launch("cache_write_", cache, new.array, position)
    return ops.merge_heads(ops.decode_attention(q, keys, values, position, name))


def linear_residual(x, weight, bias, residual, name=_same):
    return residual + name("out", ops.linear(x, weight, bias))


def linear_gelu(x, weight, bias=None, name=_same):
    return ops.gelu(name("c_fc", ops.linear(x, weight, bias)))


def linear_relu(x, weight, bias=None, name=_same):
    return ops.relu(name("c_fc", ops.linear(x, weight, bias)))


def embed(wte, wpe, tokens, position=None):
    x = ops.embedding(wte, tokens)
    T = x.shape[1]
    if position is None:
        return x + wpe[None, :T]
    require_place(position)
    x.kernels.launch("check_position", position, T, wpe.shape[0])
    return x + ops.embedding(wpe, position[None] + np.arange(T, dtype=np.int32))


def linear_cross_entropy(h, weight, targets):
    return ops.cross_entropy(ops.linear(h, weight), targets)


TWINS: dict[str, Callable] = {
    twin.__name__: twin
    for twin in (
        self_attention,
        dropout_attention,
        dropout_residual,
        decode_self_attention,
        linear_residual,
        linear_gelu,
        linear_relu,
        embed,
        linear_cross_entropy,
    )
}


def with_twin(fused: Callable, twin: Callable) -> Callable:
    """The fused operation, which gives way to its twin where its inside matters."""

    @wraps(fused)
    def either(*arguments: Any, **options: Any) -> Any:
        looked_inside = state.composed or state.name_hook is not None
        return (twin if looked_inside else fused)(*arguments, **options)

    return either
