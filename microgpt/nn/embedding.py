"""`Embedding`: a table with one vector per token id."""

from typing import Any

from microgpt import ops
from microgpt.autograd.tensor import Tensor
from microgpt.nn.module import Module
from microgpt.nn.parameter_factory import ParameterFactory


class Embedding(Module):
    """y = weight[tokens], with weight (n_rows, n_embd)."""

    def __init__(self, n_rows: int, n_embd: int, factory: ParameterFactory):
        self.weight = factory.normal(n_rows, n_embd)

    def __call__(self, tokens: Any) -> Tensor:
        return ops.embedding(tokens, self.weight)
