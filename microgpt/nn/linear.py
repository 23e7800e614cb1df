"""`Linear`: a matrix, and a bias if wanted."""

from collections.abc import Callable
from typing import Any

from microgpt import ops
from microgpt.autograd.tensor import Tensor
from microgpt.nn.dropout import Dropout
from microgpt.nn.module import Module
from microgpt.nn.parameter_factory import Init


class Linear(Module):
    """y = x · weightᵀ + bias, with weight (n_out, n_in)."""

    def __init__(self, n_in: int, n_out: int, init: Init, bias: bool = False):
        self.weight = init.normal(n_out, n_in)
        self.bias = init.zeros(n_out) if bias else None

    def __call__(self, x: Tensor) -> Tensor:
        return ops.linear(x, self.weight, self.bias)

    def added_to(
        self,
        residual: Tensor,
        x: Tensor,
        name: Callable[[str, Tensor], Any],
        dropout: Dropout | None = None,
    ) -> Tensor:
        """residual + dropout(y); `name` is offered y as "out"."""
        turn = None if dropout is None else dropout.turn(x)
        if dropout is not None and turn is not None:
            y = name("out", self(x))
            return ops.dropout_residual(y, residual, dropout.p, turn, dropout.site)
        return ops.linear_residual(x, self.weight, self.bias, residual, name=name)
