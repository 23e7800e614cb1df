"""`ParameterFactory`: makes and initialises the parameters of a model, in one flat array."""

from collections.abc import Iterable

import numpy as np

from microgpt import backends
from microgpt.autograd.tensor import Tensor
from microgpt.nn.flat_parameters import FlatParameters


class ParameterFactory:
    """Make parameters drawn from N(0, std²), of ones, or of zeros.

    With `shapes`, those of all parameters to come, the parameters share one flat array. Without
    `rng`, `normal` makes zeros: the values are about to be loaded from a file.
    """

    def __init__(
        self,
        rng: np.random.Generator | None,
        std: float = 0.02,
        dtype: str = "float32",
        backend: str | None = None,
        shapes: Iterable[tuple[int, ...]] | None = None,
    ):
        self.rng, self.std, self.dtype = rng, std, dtype
        self.backend = backends.current() if backend is None else backends.get(backend)
        self.flat = None if shapes is None else FlatParameters(self.backend, dtype, shapes)

    def normal(self, *shape: int) -> Tensor:
        """Make a parameter drawn from N(0, std²)."""
        if self.rng is None:
            return self.zeros(*shape)
        return self._parameter(shape, self.rng.normal(0.0, self.std, shape))

    def ones(self, *shape: int) -> Tensor:
        """Make a parameter of ones."""
        return self._parameter(shape, np.ones(shape))

    def zeros(self, *shape: int) -> Tensor:
        """Make a parameter of zeros."""
        return self._parameter(shape)

    def _parameter(self, shape: tuple[int, ...], initial: np.ndarray | None = None) -> Tensor:
        """Make a leaf; flat memory is zero already, so without `initial` none of it is touched."""
        if self.flat is None:
            data = np.zeros(shape) if initial is None else initial
            return Tensor(data, requires_grad=True, dtype=self.dtype, backend=self.backend.name)
        data, grad = self.flat.allocate(shape)
        if initial is not None:
            data[...] = initial
        leaf = Tensor(0.0, dtype=self.dtype, backend=self.backend.name).from_array(data)
        leaf.requires_grad = True
        leaf.set_storage(data, grad, self.flat)
        return leaf
