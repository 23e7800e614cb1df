"""The numbers of an X-ray as plain data: a matrix product, or two arrays that are broadcast."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

Index = tuple[int, ...]


@dataclass(frozen=True)
class Product:
    """y = x · w, its gradients, and the chosen cell: `index` of the array named `grid`.

    x and dx (B, I), w and dw (I, O), y and dy (B, O). Cells of y can be chosen forward, those of
    dx and dw backward.
    """

    x: np.ndarray
    w: np.ndarray
    y: np.ndarray
    dy: np.ndarray
    dx: np.ndarray
    dw: np.ndarray
    is_backward: bool
    grid: str
    index: Index

    def factors(self, grid: str, index: Index) -> list[tuple[float, float]]:
        """Return the pairs whose products add up to a cell."""
        i, j = index
        left, right = {
            "y": lambda: (self.x[i], self.w[:, j]),
            "dx": lambda: (self.dy[i], self.w[j]),
            "dw": lambda: (self.x[:, i], self.dy[:, j]),
        }[grid]()
        return list(zip(left.tolist(), right.tolist(), strict=True))


@dataclass(frozen=True)
class Broadcast:
    """y = a + b or a − b, its gradients, and the chosen cell: `index` of the array named `grid`.

    The others are `None` if their shapes clash. Cells of y can be chosen forward, those of da and
    db backward.
    """

    a: np.ndarray
    b: np.ndarray
    y: np.ndarray | None
    dy: np.ndarray | None
    da: np.ndarray | None
    db: np.ndarray | None
    sign: str
    is_backward: bool
    grid: str
    index: Index

    @property
    def fits(self) -> bool:
        """Whether the two shapes can be broadcast."""
        return self.y is not None

    @cached_property
    def origins(self) -> dict[str, dict[Index, Index]]:
        """For "a" and "b": the index of each cell of y -> that of the cell that was copied to it.

        Empty for shapes that clash.
        """
        return {name: _origins(source, self.y) for name, source in (("a", self.a), ("b", self.b))}

    def copies(self, name: str, index: Index) -> list[Index]:
        """Return the cells of y that took part of the cell `index` of "a" or "b"."""
        return [cell for cell, origin in self.origins[name].items() if origin == index]


def _origins(source: np.ndarray, y: np.ndarray | None) -> dict[Index, Index]:
    if y is None:
        return {}
    numbers = np.broadcast_to(np.arange(source.size).reshape(source.shape), y.shape)
    return {
        cell: tuple(int(i) for i in np.unravel_index(numbers[cell], source.shape))
        for cell in np.ndindex(y.shape)
    }
