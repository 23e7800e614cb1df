"""`MLP`: each position by itself, four times as wide in between."""

from microgpt import ops
from microgpt.config import GPTConfig
from microgpt.nn.init import Init
from microgpt.nn.linear import Linear
from microgpt.nn.module import Module
from microgpt.tensor import Tensor

ACTIVATIONS = {"relu": ops.relu, "tanh": ops.tanh, "sigmoid": ops.sigmoid}


class MLP(Module):
    """c_proj(activation(c_fc(x)))."""

    def __init__(self, config: GPTConfig, init: Init):
        C = config.n_embd
        self.c_fc = Linear(C, 4 * C, init, config.bias)
        self.c_proj = Linear(4 * C, C, init, config.bias)
        self.activation = ACTIVATIONS[config.activation]

    def __call__(self, x: Tensor) -> Tensor:
        hidden = self.activation(self.named("c_fc", self.c_fc(x)))  # (B, T, 4C)
        return self.c_proj(self.named("hidden", hidden))  # (B, T, C)
