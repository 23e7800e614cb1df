"""`Linear`: a weight matrix and an optional bias."""

from collections.abc import Callable
from typing import Any

from microgpt import ops
from microgpt.autograd.tensor import Tensor
from microgpt.nn.dropout import Dropout
from microgpt.nn.module import Module
from microgpt.nn.parameter_factory import ParameterFactory


class Linear(Module):
    """y = x · weightᵀ + bias, with weight (n_out, n_in)."""

    def __init__(self, n_in: int, n_out: int, factory: ParameterFactory, bias: bool = False):
        self.weight = factory.normal(n_out, n_in)
        self.bias = factory.zeros(n_out) if bias else None

    def __call__(self, x: Tensor) -> Tensor:
        return ops.linear(x, self.weight, self.bias)

    def residual_forward(
        self,
        residual: Tensor,
        x: Tensor,
        hook: Callable[[str, Tensor], Any],
        dropout: Dropout | None = None,
    ) -> Tensor:
        """Return residual + dropout(y); `hook` is offered y under the name "out"."""
        rng_state = None if dropout is None else dropout.pass_rng_state(x)
        if dropout is not None and rng_state is not None:
            y = hook("out", self(x))
            return ops.dropout_residual(y, residual, dropout.p, rng_state, dropout.layer_id)
        return ops.linear_residual(x, self.weight, self.bias, residual, hook=hook)
