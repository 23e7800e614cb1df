"""How weights start."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from microgpt import backends
from microgpt.autograd.tensor import Tensor
from microgpt.nn.flat_parameters import Store


@dataclass(frozen=True)
class Init:
    """Normal weights with standard deviation `std`, and where and in which dtype they live.

    With `shapes`, those of all weights to come, these live in one `Store`. Without `rng`, nothing
    is drawn and all are zero: they are about to be read from a file.
    """

    rng: np.random.Generator | None
    std: float = 0.02
    dtype: str = "float32"
    backend: str | None = None
    shapes: Iterable[tuple[int, ...]] | None = None
    store: Store | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.shapes is not None:
            kernels = backends.current() if self.backend is None else backends.get(self.backend)
            object.__setattr__(self, "store", Store(kernels, self.dtype, self.shapes))

    def normal(self, *shape: int) -> Tensor:
        if self.rng is None:
            return self.zeros(*shape)
        return self._leaf(shape, self.rng.normal(0.0, self.std, shape))

    def ones(self, *shape: int) -> Tensor:
        return self._leaf(shape, np.ones(shape))

    def zeros(self, *shape: int) -> Tensor:
        return self._leaf(shape)

    def _leaf(self, shape: tuple[int, ...], numbers: np.ndarray | None = None) -> Tensor:
        """A weight; a store is zero where nothing was written, which then costs no memory yet."""
        if self.store is None:
            start = np.zeros(shape) if numbers is None else numbers
            return Tensor(start, requires_grad=True, dtype=self.dtype, backend=self.backend)
        data, grad = self.store.place(shape)
        if numbers is not None:
            data[...] = numbers
        leaf = Tensor(0.0, dtype=self.dtype, backend=self.backend).detached(data)
        leaf.requires_grad = True
        leaf.move(data, grad)
        return leaf
