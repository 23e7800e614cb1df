"""A matrix product placed as in a schoolbook: x left of y, and w above y."""

import numpy as np

from microgpt.viz.xray.arrays import Index, Product
from microgpt.viz.xray.numbers import format_element
from microgpt.viz.xray.scene import Box, Cell, Label, Lit, Scene, Target
from microgpt.viz.xray.sentences import product_formula, product_sentence

CELL_WIDTH, CELL_HEIGHT, TALL_CELL = 52, 34, 44
GUTTER, GAP, LINE = 28, 34, 18  # left of x; between the arrays; a line of labels
MIN_WIDTH = 340
LABEL_WIDTH = 176  # of "x, and below it dx (2, 3)", with a gap


def product_scene(product: Product) -> Scene:
    """Return the three arrays, and with each cell that can be chosen what it is made of."""
    boxes = _Boxes(product)
    cells: list[Cell] = []
    if product.is_backward:
        cells += boxes.cells("x", (product.x, product.dx), "dx")
        cells += boxes.cells("w", (product.w, product.dw), "dw")
        cells += boxes.cells("y", (product.dy,), "dy")
    else:
        cells += boxes.cells("x", (product.x,), "x")
        cells += boxes.cells("w", (product.w,), "w")
        cells += boxes.cells("y", (product.y,), "y")
    return Scene(boxes.width, boxes.height, tuple(cells), boxes.labels())


class _Boxes:
    """Where the cells of x, w and y stand."""

    def __init__(self, product: Product):
        self.product = product
        self.B, self.I = product.x.shape
        self.O = product.w.shape[1]
        self.cell_height = TALL_CELL if product.is_backward else CELL_HEIGHT
        left, top = GUTTER + CELL_WIDTH * self.I + GAP, LINE + 20
        if product.is_backward:
            left = max(left, GUTTER + LABEL_WIDTH)
        middle = top + self.cell_height * self.I + 24
        self.corners = {"x": (GUTTER, middle), "w": (left, top), "y": (left, middle)}
        self.width = max(left + CELL_WIDTH * self.O, MIN_WIDTH)
        self.height = middle + self.cell_height * self.B + LINE + 6

    def box(self, name: str, row: int, column: int) -> Box:
        x, y = self.corners[name]
        return Box(
            x + CELL_WIDTH * column, y + self.cell_height * row, CELL_WIDTH, self.cell_height
        )

    def row(self, name: str, row: int, role: str) -> list[Lit]:
        """Return what lights of a row; in x and w only the number, which is above its gradient."""
        return [
            Lit(self._lit_box(name, row, column), role)
            for column in range({"x": self.I, "w": self.O, "y": self.O}[name])
        ]

    def column(self, name: str, column: int, role: str) -> list[Lit]:
        return [
            Lit(self._lit_box(name, row, column), role)
            for row in range({"x": self.B, "w": self.I, "y": self.B}[name])
        ]

    def _lit_box(self, name: str, row: int, column: int) -> Box:
        box = self.box(name, row, column)
        return box.upper_half() if self.product.is_backward and name != "y" else box

    def row_mark(self, name: str, row: int) -> Label:
        box = self.box(name, row, 0)
        x, (_, y) = box.x, box.centre
        if self.product.is_backward and name == "w":
            y -= self.cell_height / 4
        return Label(x - 4, y - 9, f"{row} ▸", "end", "mark")

    def column_mark(self, name: str, column: int) -> Label:
        box = self.box(name, 0, column)
        return Label(box.centre[0], box.y - 20, f"{column} ▾", "middle", "mark")

    def cells(self, name: str, arrays: tuple[np.ndarray, ...], grid: str) -> list[Cell]:
        """Return the cells of an array, whose numbers are those of one or two arrays."""
        role = "grad" if grid == "dy" else "value"
        return [
            Cell(
                self.box(name, *index),
                tuple(format_element(array[index].item()) for array in arrays),
                role,
                self._target(grid, index) if grid in ("y", "dx", "dw") else None,
            )
            for index in np.ndindex(arrays[0].shape)
        ]

    def _target(self, grid: str, index: Index) -> Target:
        i, j = index
        if grid == "y":
            lit = self.row("x", i, "value") + self.column("w", j, "value")
            marks = (self.row_mark("x", i), self.column_mark("w", j))
        elif grid == "dx":
            lit = self.row("y", i, "grad") + self.row("w", j, "value")
            marks = (self.row_mark("y", i), self.row_mark("w", j))
        else:
            lit = self.column("x", i, "value") + self.column("y", j, "grad")
            marks = (self.column_mark("x", i), self.column_mark("y", j))
        return Target(
            product_sentence(self.product, grid, index),
            f"{grid}[{i}, {j}] = {product_formula(self.product, grid, index)}",
            tuple(lit),
            marks,
            is_chosen=(grid, index) == (self.product.grid, self.product.index),
        )

    def labels(self) -> tuple[Label, ...]:
        """Return the name and the shape of each array."""
        product = self.product
        names = ("x", "w", "y = x @ w")
        if product.is_backward:
            names = ("x, and below it dx", "w, and below it dw", "dy")
        x, left = self.corners["x"][0], self.corners["y"][0]
        below = self.height - LINE
        return (
            Label(x, below, f"{names[0]} {product.x.shape}"),
            Label(left, 0, f"{names[1]} {product.w.shape}"),
            Label(left, below, f"{names[2]} {product.y.shape}"),
        )
