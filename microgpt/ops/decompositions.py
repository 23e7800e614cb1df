"""The decomposition of each fused operation: the same values and gradients from smaller ones.

They run under `hook_activations` and `decomposed`; `hook` is offered the activations that a fused
operation never stores. They call operations as `ops.…`, so that overrides apply to these.
"""

from typing import Any

import numpy as np

import microgpt.ops as ops
from microgpt.autograd.engine import context
from microgpt.ops.attention import check_cache_shapes
from microgpt.ops.op_hooks import decomposition
from microgpt.ops.token_ids import check_position_array


def _no_hook(label: str, node: Any) -> Any:
    return node


@decomposition
def self_attention(qkv, n_head, hook=_no_hook):
    q, k, v = (
        hook(label, ops.split_heads(qkv, n_head, part, 3)) for part, label in enumerate("qkv")
    )  # (B, H, T, D)
    return ops.merge_heads(hook("head_out", ops.causal_attention(q, k, v, hook)))


@decomposition
def dropout_attention(qkv, n_head, p, rng_state, layer_id=0, hook=_no_hook):
    def drop_weights(label, node):
        node = hook(label, node)
        return ops.dropout(node, p, rng_state, layer_id) if label == "weights" else node

    return self_attention(qkv, n_head, drop_weights)


@decomposition
def dropout_residual(x, residual, p, rng_state, layer_id=0):
    return residual + ops.dropout(x, p, rng_state, layer_id)


@decomposition
def decode_self_attention(qkv, keys, values, position, n_head, hook=_no_hook):
    q, k, v = (
        hook(label, ops.split_heads(qkv, n_head, part, 3)) for part, label in enumerate("qkv")
    )  # (B, H, 1, D)
    check_cache_shapes(q.shape, keys, values, position)
    q.backend.launch("check_position", position, 1, keys.shape[2])
    for cache, new in ((keys, k), (values, v)):
        new.backend.launch("kv_cache_write_", cache, new.array, position)
    return ops.merge_heads(hook("head_out", ops.decode_attention(q, keys, values, position, hook)))


@decomposition
def linear_residual(x, weight, bias, residual, hook=_no_hook):
    return residual + hook("out", ops.linear(x, weight, bias))


@decomposition
def linear_gelu(x, weight, bias=None, hook=_no_hook):
    return ops.gelu(hook("c_fc", ops.linear(x, weight, bias)))


@decomposition
def linear_relu(x, weight, bias=None, hook=_no_hook):
    return ops.relu(hook("c_fc", ops.linear(x, weight, bias)))


@decomposition
def token_position_embedding(tokens, wte, wpe, position=None, hook=_no_hook):
    x = hook("token_embedding", ops.embedding(tokens, wte))
    T = x.shape[1]
    if position is None:
        positions = wpe[None, :T]
    else:
        check_position_array(position)
        x.backend.launch("check_position", position, T, wpe.shape[0])
        positions = ops.embedding(position.item() + np.arange(T, dtype=np.int32)[None], wpe)
    if context.activation_hook is not None:  # a hook can change those of one row
        positions = ops.broadcast_to(positions, x.shape)
    return x + hook("position_embedding", positions)


@decomposition
def linear_cross_entropy(h, weight, targets, hook=_no_hook):
    return ops.cross_entropy(hook("logits", ops.linear(h, weight)), targets)
