"""`XRayState`: what the X-ray shows, which cell is chosen, and how the choice moves."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

import numpy as np

from microgpt.viz.xray import Broadcast, Product
from microgpt.widgets.xray_numbers import (
    FIRST_SIZES,
    BroadcastNumbers,
    ProductNumbers,
    broadcast,
    multiply,
)

Index = tuple[int, ...]
Shape = tuple[int, ...]

FIRST_SHAPES = ((4, 3), (3,))
# Tab -> the arrays whose cells can be chosen forward, and backward; the first is chosen at first.
GRIDS = {
    "product": (("y",), ("dx", "dw")),
    "broadcast": (("y",), ("db", "da")),
}
FIRST_CELLS = {
    ("product", "y"): (0, 2),
    ("product", "dx"): (0, 2),
    ("broadcast", "y"): (2, 1),
    ("broadcast", "db"): (1,),
}


@dataclass(frozen=True)
class XRayState:
    """A matrix product of `sizes` (B, I, O), and two arrays of `shapes`; `tab` shows one of them.

    `backward_grids` has the array chosen backward in each tab, `cells` the index chosen in each
    array of each tab. An index outside its array stands for the nearest one inside.
    """

    tab: str = "product"
    is_backward: bool = False
    sizes: tuple[int, int, int] = FIRST_SIZES
    shapes: tuple[Shape, Shape] = FIRST_SHAPES
    sign: str = "+"
    decimals: bool = False
    seed: int = 0
    backward_grids: dict[str, str] = field(default_factory=dict)
    cells: dict[tuple[str, str], Index] = field(default_factory=lambda: dict(FIRST_CELLS))

    @cached_property
    def numbers(self) -> ProductNumbers | BroadcastNumbers:
        """The arrays of this tab, by the library's tensors."""
        if self.tab == "product":
            return multiply(self.sizes, self.decimals, self.seed)
        return broadcast(self.shapes, self.sign, self.decimals, self.seed)

    @cached_property
    def view(self) -> Product | Broadcast:
        """All that is shown, as plain data."""
        if isinstance(self.numbers, ProductNumbers):
            return Product(*self.numbers, self.is_backward, self.grid, self.index)
        return Broadcast(*self.numbers, self.sign, self.is_backward, self.grid, self.index)

    @property
    def grids(self) -> tuple[str, ...]:
        """The arrays whose cells can be chosen."""
        return GRIDS[self.tab][self.is_backward]

    @property
    def grid(self) -> str:
        """The array of the chosen cell."""
        return self.backward_grids.get(self.tab, self.grids[0]) if self.is_backward else "y"

    @property
    def index(self) -> Index:
        """The index of the chosen cell; () if there is no such array, as the shapes clash."""
        return self._index_in(self.grid)

    def _shape(self, grid: str) -> Shape:
        array = getattr(self.numbers, grid)
        return () if array is None else array.shape

    def _index_in(self, grid: str) -> Index:
        shape, index = self._shape(grid), self.cells.get((self.tab, grid), ())
        padded = ((0,) * len(shape) + index)[len(index) :] if shape else ()
        return tuple(min(i, size - 1) for i, size in zip(padded, shape, strict=True))

    def with_tab(self, tab: str) -> "XRayState":
        """Show the product or the broadcast."""
        return replace(self, tab=tab)

    def with_backward(self, is_backward: bool) -> "XRayState":
        """Show the gradients, or the numbers."""
        return replace(self, is_backward=is_backward)

    def with_size(self, axis: int, size: int) -> "XRayState":
        """Change B, I or O (`axis` 0, 1 or 2); the chosen cell stays if it still exists."""
        B, I, O = (size if i == axis else old for i, old in enumerate(self.sizes))  # noqa: E741
        return replace(self, sizes=(B, I, O))

    def with_shape(self, operand: int, shape: Shape) -> "XRayState":
        """Change the shape of a or b (`operand` 0 or 1)."""
        a, b = (shape if i == operand else old for i, old in enumerate(self.shapes))
        return replace(self, shapes=(a, b))

    def with_operands(self, shapes: tuple[Shape, Shape], sign: str) -> "XRayState":
        """Change both shapes and the sign between them."""
        return replace(self, shapes=shapes, sign=sign)

    def with_sign(self, sign: str) -> "XRayState":
        """Add ("+") or subtract ("−")."""
        return replace(self, sign=sign)

    def with_decimals(self, decimals: bool) -> "XRayState":
        """Show numbers with one decimal, or integers."""
        return replace(self, decimals=decimals)

    def with_grid(self, grid: str) -> "XRayState":
        """Choose a cell in another array of the backward pass."""
        return replace(self, backward_grids=self.backward_grids | {self.tab: grid})

    def with_cell(self, grid: str, index: Index) -> "XRayState":
        """Choose a cell."""
        chosen = replace(self, cells=self.cells | {(self.tab, grid): index})
        return chosen.with_grid(grid) if self.is_backward else chosen

    def moved(self, rows: int, columns: int) -> "XRayState":
        """Choose the cell so many rows down and columns to the right, or stay at the edge.

        An array of three axes is one list of rows, an array of one axis a single row.
        """
        shape, index = self._shape(self.grid), self.index
        if not shape:  # a single number, or no array at all
            return self
        table = (prod(shape[:-1]), shape[-1])
        row, column = divmod(int(np.ravel_multi_index(index, shape)), shape[-1])
        row, column = row + rows, column + columns
        if not (0 <= row < table[0] and 0 <= column < table[1]):
            return self
        return self.with_cell(self.grid, _unravel(row * shape[-1] + column, shape))

    def next_cell(self) -> "XRayState":
        """Choose the next cell, row by row; after the last of an array, the first of the next."""
        if self.numbers.y is None:
            return self
        shape = self._shape(self.grid)
        position = (int(np.ravel_multi_index(self.index, shape)) if shape else 0) + 1
        if position < prod(shape):
            return self.with_cell(self.grid, _unravel(position, shape))
        grid = self.grids[(self.grids.index(self.grid) + 1) % len(self.grids)]
        return self.with_cell(grid, (0,) * len(self._shape(grid)))


def _unravel(position: int, shape: Shape) -> Index:
    return tuple(int(i) for i in np.unravel_index(position, shape))
