"""All weights in one flat array, all gradients in another.

`zero_grad` is then one fill and an optimiser's step one launch, and nothing moves between steps.
"""

import numpy as np

from microgpt.errors import ShapeError
from microgpt.nn.module import Module
from microgpt.tensor import Tensor


def pack(module: Module) -> None:
    """Move the module's weights into one array, matrices (which may decay) before vectors."""
    parameters = sorted(module.parameters(), key=lambda parameter: parameter.ndim < 2)
    kernels, dtype = parameters[0].kernels, parameters[0].dtype
    total = sum(parameter.size for parameter in parameters)
    data, grad = kernels.empty(total, dtype), kernels.full(total, dtype)
    start = 0
    for parameter in parameters:
        end = start + parameter.size
        data[start:end] = parameter.array.reshape(-1)
        shape = parameter.shape
        parameter.move(data[start:end].reshape(shape), grad[start:end].reshape(shape))
        start = end


def segments(parameters: list[Tensor]) -> list[tuple[np.ndarray, np.ndarray]]:
    """The parameters' numbers and gradients as flat arrays: one pair if they are a whole store."""
    if len({id(parameter) for parameter in parameters}) < len(parameters):
        raise ShapeError("a parameter is listed twice; list each one once")
    first = parameters[0].array.base if parameters else None
    if (
        isinstance(first, np.ndarray)
        and all(parameter.array.base is first for parameter in parameters)
        and sum(parameter.size for parameter in parameters) == first.size
    ):
        grad = parameters[0].gradient().base
        assert isinstance(grad, np.ndarray)
        return [(first, grad)]
    return [(p.array.reshape(-1), p.gradient().reshape(-1)) for p in parameters]
