"""`Block`: attention, then the MLP, each added to what came in."""

from typing import Any

from microgpt.autograd.tensor import Tensor
from microgpt.config import GPTConfig
from microgpt.nn.attention import CausalSelfAttention
from microgpt.nn.mlp import MLP
from microgpt.nn.module import Module
from microgpt.nn.norm import make_norm
from microgpt.nn.parameter_factory import Init


class Block(Module):
    """x + attn(norm(x)), then x + mlp(norm(x)): the residual stream is never overwritten."""

    def __init__(self, config: GPTConfig, init: Init):
        self.ln_1 = make_norm(config, init)
        self.attn = CausalSelfAttention(config, init)
        self.ln_2 = make_norm(config, init)
        self.mlp = MLP(config, init)

    def __call__(self, x: Tensor, cache: Any = None) -> Tensor:
        x = self.attn(self.ln_1(x), x, cache)
        x = self.mlp(self.ln_2(x), x)
        return self.named("out", x)
