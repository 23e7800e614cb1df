"""`CausalSelfAttention`: positions look back at each other, in several heads at once."""

from typing import Any

from microgpt import ops
from microgpt.config import GPTConfig
from microgpt.nn.init import Init
from microgpt.nn.linear import Linear
from microgpt.nn.module import Module
from microgpt.tensor import Tensor


class CausalSelfAttention(Module):
    """Queries, keys and values from one matrix `c_attn`, attention per head, then `c_proj`."""

    def __init__(self, config: GPTConfig, init: Init):
        C = config.n_embd
        self.n_head = config.n_head
        self.c_attn = Linear(C, 3 * C, init, config.bias)
        self.c_proj = Linear(C, C, init, config.bias)

    def __call__(self, x: Tensor, cache: Any = None) -> Tensor:
        """x (B, T, C) -> y (B, T, C); `cache` is this layer's part of a `KVCache`."""
        qkv = self.c_attn(x)  # (B, T, 3C)
        q, k, v = (ops.split_heads(qkv, self.n_head, part, 3) for part in range(3))  # (B, H, T, D)
        if cache is not None and cache.extend(k, v):
            y = ops.decode_attention(q, cache.keys, cache.values, cache.position, self.named)
        else:
            y = ops.causal_attention(q, k, v, self.named)
        return self.c_proj(ops.merge_heads(y))
