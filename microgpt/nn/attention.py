"""`CausalSelfAttention`: each position attends to itself and earlier ones, in several heads."""

from typing import Any

from microgpt import ops
from microgpt.autograd.engine import context
from microgpt.autograd.tensor import Tensor
from microgpt.config import GPTConfig
from microgpt.nn.dropout import Dropout
from microgpt.nn.linear import Linear
from microgpt.nn.module import Module
from microgpt.nn.parameter_factory import ParameterFactory


class CausalSelfAttention(Module):
    """Queries, keys and values from one matrix `c_attn`, attention per head, then `c_proj`."""

    def __init__(self, config: GPTConfig, factory: ParameterFactory):
        C = config.n_embd
        self.n_head = config.n_head
        self.c_attn = Linear(C, 3 * C, factory, config.has_qkv_bias)
        self.c_proj = Linear(C, C, factory, config.bias)
        self.attn_dropout = Dropout(config.dropout) if config.dropout else None
        self.resid_dropout = Dropout(config.dropout) if config.dropout else None

    def __call__(self, x: Tensor, residual: Tensor, cache: Any = None) -> Tensor:
        """x and residual (B, T, C) -> residual + y (B, T, C).

        `cache` is this layer's part of a `KVCache`; `cache.decoding` says whether x is one new
        token after the cached ones (decode) or a prompt (prefill). `override_ops` can replace this
        whole function too, under the name "attention".
        """
        if context.op_override is not None:
            args = (self, x, residual, cache)
            return context.op_override("attention", CausalSelfAttention._forward, args, {})
        return self._forward(x, residual, cache)

    def _forward(self, x: Tensor, residual: Tensor, cache: Any) -> Tensor:
        qkv = self.c_attn(x)  # (B, T, 3C)
        if cache is None:
            y = self._attention(qkv)
        elif cache.decoding:
            y = ops.decode_self_attention(
                qkv,
                cache.keys,
                cache.values,
                cache.position,
                self.n_head,
                hook=self.offer_activation,
            )
        else:
            y = self._prefill(qkv, cache)
        return self.c_proj.residual_forward(residual, y, self.offer_activation, self.resid_dropout)

    def _prefill(self, qkv: Tensor, cache: Any) -> Tensor:
        """Write a prompt's keys and values into the cache, and attend: qkv (B, T, 3C) -> y."""

        def hook(label: str, node: Tensor) -> Tensor:
            node = self.offer_activation(label, node)
            if label in ("k", "v"):  # later tokens attend to what the hook made of them
                cache.write(label, node)
            return node

        cache.write_prompt(qkv, self.n_head)
        return ops.self_attention(qkv, self.n_head, hook=hook)

    def _attention(self, qkv: Tensor) -> Tensor:
        """Attend in every head: qkv (B, T, 3C) -> y (B, T, C); in training with dropout."""
        dropout = self.attn_dropout
        rng_state = None if dropout is None else dropout.pass_rng_state(qkv)
        if dropout is None or rng_state is None:
            return ops.self_attention(qkv, self.n_head, hook=self.offer_activation)
        return ops.dropout_attention(
            qkv, self.n_head, dropout.p, rng_state, dropout.layer_id, hook=self.offer_activation
        )
