"""How weights start."""

from dataclasses import dataclass

import numpy as np

from microgpt.tensor import Tensor


@dataclass(frozen=True)
class Init:
    """Normal weights with standard deviation `std`, and where and in which dtype they live."""

    rng: np.random.Generator
    std: float = 0.02
    dtype: str = "float32"
    backend: str | None = None

    def normal(self, *shape: int) -> Tensor:
        return self._leaf(self.rng.normal(0.0, self.std, shape))

    def ones(self, *shape: int) -> Tensor:
        return self._leaf(np.ones(shape))

    def zeros(self, *shape: int) -> Tensor:
        return self._leaf(np.zeros(shape))

    def _leaf(self, numbers: np.ndarray) -> Tensor:
        return Tensor(numbers, requires_grad=True, dtype=self.dtype, backend=self.backend)
