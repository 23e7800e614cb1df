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
        self.n_head, self.head_dim = config.n_head, config.head_dim
        self.c_attn = Linear(C, 3 * C, init, config.bias)
        self.c_proj = Linear(C, C, init, config.bias)

    def __call__(self, x: Tensor, cache: Any = None) -> Tensor:
        """x (B, T, C) -> y (B, T, C); `cache` is this layer's part of a `KVCache`."""
        B, T, C = x.shape
        qkv = self.c_attn(x).reshape(B, T, 3, self.n_head, self.head_dim)
        qkv = qkv.transpose(2, 0, 3, 1, 4)  # (3, B, H, T, D)
        q, k, v = qkv[0], qkv[1], qkv[2]  # (B, H, T, D)
        if cache is not None and cache.extend(k, v):
            y, weights = ops.decode_attention(q, cache.keys, cache.values, cache.position)
            self.named("weights", weights)  # (B, H, S), for looking only
        else:
            y = ops.causal_attention(q, k, v, self.named)
        y = y.transpose(0, 2, 1, 3).reshape(B, T, C)
        return self.c_proj(y)
