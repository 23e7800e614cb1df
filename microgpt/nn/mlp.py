"""`MLP`: two linear layers with an activation in between, applied to each position by itself."""

from microgpt import ops
from microgpt.autograd.tensor import Tensor
from microgpt.config import GPTConfig
from microgpt.nn.dropout import Dropout
from microgpt.nn.linear import Linear
from microgpt.nn.module import Module
from microgpt.nn.parameter_factory import ParameterFactory


class MLP(Module):
    """c_proj(activation(c_fc(x))) with a hidden layer of size 4C, and dropout in training."""

    def __init__(self, config: GPTConfig, factory: ParameterFactory):
        C = config.n_embd
        self.c_fc = Linear(C, 4 * C, factory, config.bias)
        self.c_proj = Linear(4 * C, C, factory, config.bias)
        self.activation = config.activation
        self.dropout = Dropout(config.dropout) if config.dropout else None

    def __call__(self, x: Tensor, residual: Tensor) -> Tensor:
        """x and residual (B, T, C) -> residual + y (B, T, C)."""
        hidden = self._hidden(x)  # (B, T, 4C)
        hidden = self.offer_activation("hidden", hidden)
        return self.c_proj.residual_forward(residual, hidden, self.offer_activation, self.dropout)

    def _hidden(self, x: Tensor) -> Tensor:
        c_fc = self.c_fc
        if self.activation == "gelu":
            return ops.linear_gelu(x, c_fc.weight, c_fc.bias, hook=self.offer_activation)
        if self.activation == "relu":
            return ops.linear_relu(x, c_fc.weight, c_fc.bias, hook=self.offer_activation)
        return getattr(ops, self.activation)(self.offer_activation("c_fc", c_fc(x)))
