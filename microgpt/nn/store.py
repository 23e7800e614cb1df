"""All weights in one flat array, all gradients in another.

`zero_grad` is then one fill and an optimiser's step one launch, and nothing moves between steps.
"""

from itertools import pairwise

import numpy as np

from microgpt.backends.launching import address
from microgpt.errors import ShapeError
from microgpt.nn.module import Module
from microgpt.tensor import Tensor


def pack(module: Module) -> None:
    """Move the module's weights into one array, matrices (which may decay) before vectors."""
    parameters = sorted(module.parameters(), key=lambda parameter: parameter.ndim < 2)
    kernels, dtype = parameters[0].kernels, parameters[0].dtype
    total = sum(parameter.size for parameter in parameters)
    data, grad = kernels.store(total, dtype), kernels.store(total, dtype)
    start = 0
    for parameter in parameters:
        end = start + parameter.size
        data[start:end] = parameter.array.reshape(-1)
        shape = parameter.shape
        parameter.move(data[start:end].reshape(shape), grad[start:end].reshape(shape))
        start = end


def segments(parameters: list[Tensor]) -> list[tuple[np.ndarray, np.ndarray]]:
    """The parameters' numbers and gradients as flat arrays: one pair if they lie in one row."""
    if len({id(parameter) for parameter in parameters}) < len(parameters):
        raise ShapeError("a parameter is listed twice; list each one once")
    data = _joined([parameter.array for parameter in parameters])
    grad = _joined([parameter.gradient() for parameter in parameters])
    if data is not None and grad is not None:
        return [(data, grad)]
    return [(p.array.reshape(-1), p.gradient().reshape(-1)) for p in parameters]


def _joined(arrays: list[np.ndarray]) -> np.ndarray | None:
    """The arrays as one flat view, if they lie side by side in one store, in any order."""
    store = arrays[0].base if arrays else None
    if not isinstance(store, np.ndarray) or any(array.base is not store for array in arrays):
        return None
    places = sorted((address(array), array.nbytes) for array in arrays)
    if any(first + size != second for (first, size), (second, _) in pairwise(places)):
        return None
    start = (places[0][0] - address(store)) // store.itemsize
    return store[start : start + sum(array.size for array in arrays)]
