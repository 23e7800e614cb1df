"""`Block`: attention, then the MLP, each added to its input."""

from typing import Any

from microgpt.autograd.tensor import Tensor
from microgpt.config import GPTConfig
from microgpt.nn.attention import CausalSelfAttention
from microgpt.nn.mlp import MLP
from microgpt.nn.module import Module
from microgpt.nn.norm import make_norm
from microgpt.nn.parameter_factory import ParameterFactory


class Block(Module):
    """x + attn(norm(x)), then x + mlp(norm(x)): the residual stream is never overwritten."""

    def __init__(self, config: GPTConfig, factory: ParameterFactory):
        self.ln_1 = make_norm(config, factory)
        self.attn = CausalSelfAttention(config, factory)
        self.ln_2 = make_norm(config, factory)
        self.mlp = MLP(config, factory)

    def __call__(self, x: Tensor, cache: Any = None) -> Tensor:
        offer = self.offer_activation
        x = offer("resid_mid", self.attn(offer("ln_1", self.ln_1(x)), x, cache))
        return offer("out", self.mlp(offer("ln_2", self.ln_2(x)), x))
