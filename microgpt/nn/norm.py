"""`LayerNorm` and `RMSNorm`: every feature vector on one scale."""

from microgpt import ops
from microgpt.autograd.tensor import Tensor
from microgpt.config import GPTConfig
from microgpt.nn.module import Module
from microgpt.nn.parameter_factory import ParameterFactory


class LayerNorm(Module):
    """Mean 0 and variance 1, then times a weight (C,), which starts at 1, plus a bias (C,)."""

    def __init__(self, n_embd: int, factory: ParameterFactory, bias: bool = True):
        self.weight = factory.ones(n_embd)
        self.bias = factory.zeros(n_embd) if bias else None

    def __call__(self, x: Tensor) -> Tensor:
        return ops.layer_norm(x, self.weight, self.bias)


class RMSNorm(Module):
    """A mean square of 1; without weights."""

    def __call__(self, x: Tensor) -> Tensor:
        return ops.rms_norm(x)


def make_norm(config: GPTConfig, factory: ParameterFactory) -> LayerNorm | RMSNorm:
    """The norm that the configuration names."""
    if config.norm == "layernorm":
        return LayerNorm(config.n_embd, factory, config.bias)
    return RMSNorm()
