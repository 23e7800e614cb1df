"""How weights start."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from microgpt import backends
from microgpt.nn.store import Store
from microgpt.tensor import Tensor


@dataclass(frozen=True)
class Init:
    """Normal weights with standard deviation `std`, and where and in which dtype they live.

    With `shapes`, those of all weights to come, these live in one `Store`.
    """

    rng: np.random.Generator
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
        return self._leaf(self.rng.normal(0.0, self.std, shape))

    def ones(self, *shape: int) -> Tensor:
        return self._leaf(np.ones(shape))

    def zeros(self, *shape: int) -> Tensor:
        return self._leaf(np.zeros(shape))

    def _leaf(self, numbers: np.ndarray) -> Tensor:
        if self.store is None:
            return Tensor(numbers, requires_grad=True, dtype=self.dtype, backend=self.backend)
        data, grad = self.store.place(numbers.shape)
        data[...] = numbers
        leaf = Tensor(0.0, dtype=self.dtype, backend=self.backend).detached(data)
        leaf.requires_grad = True
        leaf.move(data, grad)
        return leaf
