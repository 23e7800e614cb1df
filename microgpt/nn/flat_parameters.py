"""All parameters in one flat array, all gradients in another.

`zero_grad` is then one fill and an optimiser step one launch; the arrays never move in memory.
"""

from collections.abc import Iterable
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK, Backend, is_array, to_host
from microgpt.backends.memory import data_ptr
from microgpt.errors import ShapeError


class FlatParameters:
    """Flat arrays for the data and the gradients of parameters with these shapes.

    Matrices (which weight decay may apply to) come before vectors.
    """

    def __init__(self, backend: Backend, dtype: str, shapes: Iterable[tuple[int, ...]]):
        shapes = list(shapes)
        total = sum(map(prod, shapes))
        matrices = sum(prod(shape) for shape in shapes if len(shape) > 1)
        try:
            self.data = backend.zeros_aligned(total, dtype)
            self.grad = backend.zeros_aligned(total, dtype)
        except ValueError:  # the size exceeds NumPy's index type
            raise MemoryError(f"{total:,} numbers") from None
        self.backend = backend
        self._next = {False: 0, True: matrices}

    def allocate(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Return views (data, grad) for the next parameter of that shape."""
        is_vector = len(shape) < 2
        start = self._next[is_vector]
        self._next[is_vector] = start + prod(shape)
        return self.views(start, shape)

    def views(self, offset: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Return views (data, grad) of that shape, from `offset` on."""
        part = slice(offset, offset + prod(shape))
        return self.data[part].reshape(shape), self.grad[part].reshape(shape)

    def offset(self, data: np.ndarray) -> int:
        """Return where in the flat array the data of a parameter begins."""
        return (data_ptr(data) - data_ptr(self.data)) // self.data.itemsize

    def __getstate__(self) -> dict[str, Any]:
        with LOCK:  # another thread may be training
            grad = to_host(self.grad)
            return vars(self) | {"data": to_host(self.data), "grad": grad if grad.any() else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        data, grad = state["data"], state["grad"]
        self.data = self.backend.zeros_aligned(data.size, data.dtype)
        self.grad = self.backend.zeros_aligned(data.size, data.dtype)
        self.data[:] = data
        if grad is not None:
            self.grad[:] = grad


def flat_segments(parameters: list[Tensor]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs (data, grad) of flat arrays that cover the parameters.

    There is one pair if all parameters are adjacent, otherwise one per parameter.
    """
    if len({id(parameter) for parameter in parameters}) < len(parameters):
        raise ShapeError("a parameter is listed twice; list each one once")
    data = _as_one_view([parameter.array for parameter in parameters])
    grad = _as_one_view([parameter.grad_buffer() for parameter in parameters])
    if data is not None and grad is not None:
        return [(data, grad)]
    return [(p.array.reshape(-1), p.grad_buffer().reshape(-1)) for p in parameters]


def _as_one_view(arrays: list[np.ndarray]) -> np.ndarray | None:
    """Return one flat view of arrays that are adjacent in one base, in any order, else None."""
    base = arrays[0].base if arrays else None
    if not is_array(base) or any(array.base is not base for array in arrays):
        return None
    spans = sorted((data_ptr(array), array.nbytes) for array in arrays)
    if any(first + size != second for (first, size), (second, _) in pairwise(spans)):
        return None
    start = (spans[0][0] - data_ptr(base)) // base.itemsize
    return base[start : start + sum(array.size for array in arrays)]
