"""The matrix products of a linear layer's training step: by our kernels and by NumPy's BLAS."""

from collections.abc import Callable
from typing import Any

import numpy as np

import microgpt as mg
from microgpt.backends.memory import zeros_from_cache_line
from microgpt.benchmark.peers.layer_arrays import layer_arrays
from microgpt.benchmark.peers.worker_protocol import Job


class LayerStep:
    """One layer's arrays, and the three products: y = x·Wᵀ, dx = dy·W and dweight from dyᵀ·x."""

    def __init__(self, shape: list[int]):
        self.x, self.weight, self.dy = map(_aligned, layer_arrays(shape))
        self.y, self.dx, self.dweight = (
            _aligned(np.zeros_like(array)) for array in (self.dy, self.x, self.weight)
        )

    def by_kernels(self, repeats: int) -> Callable[[], Any]:
        """Return our kernels' launches, recorded as in a training step.

        dx and dweight are one kernel, which overwrites dweight, as in the recording of a step.
        """
        backend = mg.backends.current()
        no_bias = backend.empty_optional(1, np.float32)

        def products() -> None:
            for _ in range(repeats):
                backend.launch("linear_forward", self.y, self.x, self.weight, no_bias)
                backend.launch(
                    "linear_backward",
                    *(self.dx, self.dweight, no_bias, self.dy, self.x, self.weight, 0),
                )

        return mg.capture(products)

    def by_numpy(self, repeats: int) -> Callable[[], Any]:
        """Return three calls of `np.matmul`, whose results overwrite the last ones."""

        def products() -> None:
            for _ in range(repeats):
                np.matmul(self.x, self.weight.T, out=self.y)
                np.matmul(self.dy, self.weight, out=self.dx)
                np.matmul(self.dy.T, self.x, out=self.dweight)

        return products


def linear_products(task: dict[str, Any]) -> Job:
    """Return a job of `repeats` times the three products, on NumPy or recorded on our kernels."""
    mg.use(task["backend"])
    step, repeats = LayerStep(task["shape"]), task["repeats"]
    by_numpy = task["backend"] == "numpy"
    run = step.by_numpy(repeats) if by_numpy else step.by_kernels(repeats)
    # A recording's first two calls record, and the next two time their launches one by one.
    warmup_units = 1 if by_numpy else 4
    count, metadata = repeats * task["flops"], {"unit": "GFLOP/s"}
    return Job(run, count, warmup_units=warmup_units, metadata=metadata)


def _aligned(array: np.ndarray) -> np.ndarray:
    """Copy an array to where a cache line begins, as the package's parameters lie."""
    copy = zeros_from_cache_line(array.size, array.dtype).reshape(array.shape)
    copy[...] = array
    return copy
