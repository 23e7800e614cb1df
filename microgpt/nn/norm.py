"""`LayerNorm` and `RMSNorm`: normalise each feature vector."""

from microgpt import ops
from microgpt.autograd.tensor import Tensor
from microgpt.config import GPTConfig
from microgpt.nn.module import Module
from microgpt.nn.parameter_factory import ParameterFactory


class LayerNorm(Module):
    """Normalise to mean 0 and variance 1, multiply by a weight (C,), and add a bias (C,).

    The weight starts at 1, the bias at 0.
    """

    def __init__(self, n_embd: int, factory: ParameterFactory, bias: bool = True):
        self.weight = factory.ones(n_embd)
        self.bias = factory.zeros(n_embd) if bias else None

    def __call__(self, x: Tensor) -> Tensor:
        return ops.layer_norm(x, self.weight, self.bias)


class RMSNorm(Module):
    """Scale to a mean square of 1; has no parameters."""

    def __call__(self, x: Tensor) -> Tensor:
        return ops.rms_norm(x)


def make_norm(config: GPTConfig, factory: ParameterFactory) -> LayerNorm | RMSNorm:
    """Make the norm that the configuration names."""
    if config.norm == "layernorm":
        return LayerNorm(config.n_embd, factory, config.bias)
    return RMSNorm()
