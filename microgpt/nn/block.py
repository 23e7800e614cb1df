"""`Block`: attention, then the MLP, each added to what came in."""

from typing import Any

from microgpt import ops
from microgpt.config import GPTConfig
from microgpt.nn.attention import CausalSelfAttention
from microgpt.nn.init import Init
from microgpt.nn.mlp import MLP
from microgpt.nn.module import Module
from microgpt.tensor import Tensor


class Block(Module):
    """x + attn(norm(x)), then x + mlp(norm(x)): the residual stream is never overwritten."""

    def __init__(self, config: GPTConfig, init: Init):
        self.attn = CausalSelfAttention(config, init)
        self.mlp = MLP(config, init)

    def __call__(self, x: Tensor, cache: Any = None) -> Tensor:
        x = x + self.named("attn.out", self.attn(ops.rms_norm(x), cache))
        x = x + self.named("mlp.out", self.mlp(ops.rms_norm(x)))
        return self.named("out", x)
