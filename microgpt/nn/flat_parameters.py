"""All weights in one flat array, all gradients in another.

`zero_grad` is then one fill and an optimiser's step one launch, and nothing moves between steps.
"""

from collections.abc import Iterable
from itertools import pairwise
from math import prod

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.backends import Backend
from microgpt.backends.dispatch import data_ptr
from microgpt.errors import ShapeError


class Store:
    """Room for weights of these shapes, matrices (which may decay) before vectors."""

    def __init__(self, kernels: Backend, dtype: str, shapes: Iterable[tuple[int, ...]]):
        shapes = list(shapes)
        total = sum(map(prod, shapes))
        matrices = sum(prod(shape) for shape in shapes if len(shape) > 1)
        try:
            self.data, self.grad = kernels.zeros_aligned(total, dtype), kernels.zeros_aligned(total, dtype)
        except ValueError:  # more than NumPy can count
            raise MemoryError(f"{total:,} numbers") from None
        self._next = {False: 0, True: matrices}

    def place(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Where the next weight of that shape and its gradient live."""
        is_vector = len(shape) < 2
        start = self._next[is_vector]
        end = self._next[is_vector] = start + prod(shape)
        return self.data[start:end].reshape(shape), self.grad[start:end].reshape(shape)


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
    places = sorted((data_ptr(array), array.nbytes) for array in arrays)
    if any(first + size != second for (first, size), (second, _) in pairwise(places)):
        return None
    start = (places[0][0] - data_ptr(store)) // store.itemsize
    return store[start : start + sum(array.size for array in arrays)]
