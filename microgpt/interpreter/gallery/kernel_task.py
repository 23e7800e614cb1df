"""`KernelTask`: what a kernel is to compute. `GalleryKernel`: one way to do it, right or wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Sizes = tuple[int, ...]
Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class KernelTask:
    """What the kernels of one task compute, from inputs of any sizes.

    `sizes` are the default sizes of the inputs, each called by its name in `size_names`, and
    `block` the default threads of a block along each axis. `grid(sizes, block)` gives the blocks
    that these need. `make_inputs(sizes, rng)` gives float32 arrays, and `expected(inputs, block)`
    the right result as NumPy computes it.
    """

    name: str
    title: str
    size_names: tuple[str, ...]
    sizes: Sizes
    block: Sizes
    grid: Callable[[Sizes, Sizes], Sizes]
    make_inputs: Callable[[Sizes, np.random.Generator], Arrays]
    expected: Callable[[Arrays, Sizes], np.ndarray]

    def arguments(
        self, sizes: Sizes | None = None, block: Sizes | None = None, seed: int = 0
    ) -> Arrays:
        """Return a kernel's arguments: an output of zeros, then the inputs drawn from a seed."""
        inputs = self.make_inputs(sizes or self.sizes, np.random.default_rng(seed))
        return self.with_output(inputs, block)

    def with_output(self, inputs: Arrays, block: Sizes | None = None) -> Arrays:
        """Return a kernel's arguments: an output of zeros, then these inputs."""
        return np.zeros_like(self.expected(inputs, block or self.block)), *inputs


@dataclass(frozen=True)
class GalleryKernel:
    """One way to do a task; `is_right` is whether the exercise of that name accepts it."""

    name: str
    title: str
    kernel: Callable[..., Any]
    task: KernelTask
    is_right: bool = False


def number_inputs(*shapes: Callable[[Sizes], Sizes]) -> Callable[..., Arrays]:
    """Return a `make_inputs`: arrays of integers from -9 to 9, of shapes that follow the sizes."""

    def make_inputs(sizes: Sizes, rng: np.random.Generator) -> Arrays:
        return tuple(rng.integers(-9, 10, size=shape(sizes)).astype(np.float32) for shape in shapes)

    return make_inputs


def num_blocks(size: int, threads: int) -> int:
    """Return how many blocks of so many threads cover a size."""
    return -(-size // threads)
