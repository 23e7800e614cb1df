"""Two arrays broadcast: a above b, each stretched to the shape of the result on their right."""

from collections.abc import Sequence

import numpy as np

from microgpt.viz.xray.arrays import Broadcast, Index
from microgpt.viz.xray.numbers import format_element, format_index
from microgpt.viz.xray.scene import Box, Cell, Label, Lit, Point, Scene, Target
from microgpt.viz.xray.sentences import broadcast_formula, broadcast_sentence
from microgpt.viz.xray.shape_clash import first_clash

CELL_WIDTH, SMALL_CELL, CELL_HEIGHT = 46, 36, 30
BLOCK_GAP, ARRAY_GAP, GAP, LINE = 12, 16, 72, 20
MIN_WIDTH = 340
MAX_ARROWS = 16

Shape = tuple[int, ...]


class _Array:
    """Where the cells of an array stand: matrices side by side, `per_row` of them in a row."""

    def __init__(self, shape: Shape, per_row: int):
        self.shape, self.per_row = shape, per_row
        blocks, self.rows, self.columns = (1, 1, 1, *shape)[-3:]
        self.has_blocks = len(shape) == 3
        self.cell_width = SMALL_CELL if self.has_blocks else CELL_WIDTH
        self.block_width = self.columns * self.cell_width + BLOCK_GAP
        self.block_height = self.rows * CELL_HEIGHT + (LINE + 4 if self.has_blocks else 0)
        across, down = min(per_row, blocks), -(-blocks // per_row)
        self.width = across * self.block_width - BLOCK_GAP
        self.height = down * self.block_height

    def box(self, corner: Point, index: Index) -> Box:
        block, row, column = (0, 0, 0, *index)[-3:]
        x, y = self._block_corner(corner, block)
        top = y + (LINE if self.has_blocks else 0)
        return Box(
            x + column * self.cell_width, top + row * CELL_HEIGHT, self.cell_width, CELL_HEIGHT
        )

    def _block_corner(self, corner: Point, block: int) -> Point:
        down, across = divmod(block, self.per_row)
        return corner[0] + across * self.block_width, corner[1] + down * self.block_height

    def labels(self, corner: Point) -> list[Label]:
        """Return "[0]", "[1]", … above the matrices of three axes."""
        if not self.has_blocks:
            return []
        corners = [self._block_corner(corner, block) for block in range(self.shape[0])]
        return [Label(x, y, f"[{block}]") for block, (x, y) in enumerate(corners)]


def broadcast_scene(data: Broadcast, per_row: int) -> Scene:
    """Return both arrays and the result; matrices of three axes stand `per_row` in a row."""
    if data.y is None:
        return _clash_scene(data, per_row)
    return _Stretched(data, data.y.shape, per_row).scene()


class _Stretched:
    """The scene of two arrays that fit."""

    def __init__(self, data: Broadcast, shape: Shape, per_row: int):
        self.data, self.array = data, _Array(shape, per_row)
        top = self.array.height + ARRAY_GAP + LINE
        right, middle = self.array.width + GAP, (top + LINE) / 2
        self.corners: dict[str, Point] = {
            "a": (0, LINE),
            "b": (0, top + LINE),
            "y": (right, middle),
        }
        self.width = max(right + self.array.width, MIN_WIDTH)
        self.height = top + LINE + self.array.height

    def box(self, name: str, cell: Index) -> Box:
        return self.array.box(self.corners[name], cell)

    def scene(self) -> Scene:
        cells = [*self._sources("a", self.data.a), *self._sources("b", self.data.b)]
        numbers = self.data.dy if self.data.is_backward else self.data.y
        assert numbers is not None
        for index in np.ndindex(numbers.shape):
            target = None if self.data.is_backward else self._forward_target(index)
            role = "grad" if self.data.is_backward else "value"
            text = format_element(numbers[index].item())
            cells.append(Cell(self.box("y", index), (text,), role, target))
        return Scene(self.width, self.height, tuple(cells), tuple(self._labels()))

    def _labels(self) -> list[Label]:
        data, d = self.data, "d" if self.data.is_backward else ""
        sign = f"{data.sign} " if not data.is_backward else ""
        result = "dy" if data.is_backward else f"y = a {data.sign} b"
        names = {
            "a": f"{d}a {data.a.shape}",
            "b": f"{sign}{d}b {data.b.shape}",
            "y": f"{result} {self.array.shape}",
        }
        labels = []
        for name, text in names.items():
            x, y = self.corners[name]
            labels += [Label(x, y - LINE, text, role="name"), *self.array.labels((x, y))]
        return labels

    def _sources(self, name: str, source: np.ndarray) -> list[Cell]:
        """Return the cells of a or b: each once with its number, then its copies.

        A copy shows the same number; backward it is empty, as the gradient belongs to the original.
        """
        seen: set[Index] = set()
        numbers = {"a": self.data.da, "b": self.data.db}[name] if self.data.is_backward else source
        assert numbers is not None
        cells = []
        for cell, origin in self.data.origins[name].items():
            box, text = self.box(name, cell), format_element(numbers[origin].item())
            if origin in seen:
                cells.append(Cell(box, ("" if self.data.is_backward else text,), "copy"))
                continue
            seen.add(origin)
            target = self._backward_target(name, origin) if self.data.is_backward else None
            role = "grad" if self.data.is_backward else "value"
            cells.append(Cell(box, (text,), role, target))
        return cells

    def _first_box(self, name: str, origin: Index) -> Box:
        """Return the box where a cell of a or b shows its number."""
        return self.box(name, self.data.copies(name, origin)[0])

    def _forward_target(self, index: Index) -> Target:
        lit, arrows = [], []
        target = self.box("y", index)
        for name in "ab":
            first = self._first_box(name, self.data.origins[name][index])
            own = self.box(name, index)
            lit += [Lit(box, "value") for box in dict.fromkeys((first, own))]
            arrows.append(self._line(name, first, target))
        return self._target("y", index, lit, arrows)

    def _backward_target(self, name: str, origin: Index) -> Target:
        copies = self.data.copies(name, origin)
        target = self._first_box(name, origin)
        fed = [self.box("y", cell) for cell in copies]
        lit = [Lit(box, "grad") for box in fed]
        lit += [Lit(self.box(name, cell), "value") for cell in copies[1:]]
        arrows = [self._line(name, target, box)[::-1] for box in fed]
        if len(fed) > MAX_ARROWS:
            arrows = []
        return self._target(f"d{name}", origin, lit, arrows)

    def _line(self, name: str, source: Box, result: Box) -> tuple[Point, ...]:
        """Return a line from a cell of a or b to one of y, beside all numbers.

        It follows the lower edges of their rows, and crosses only the gap between the arrays.
        """
        left = self.corners[name][0] + self.array.width
        return (
            (source.right, source.bottom), (left, source.bottom),
            (self.corners["y"][0], result.bottom), (result.x, result.bottom),
        )  # fmt: skip

    def _target(
        self, grid: str, index: Index, lit: Sequence[Lit], arrows: Sequence[tuple[Point, ...]]
    ) -> Target:
        formula = broadcast_formula(self.data, grid, index)
        return Target(
            broadcast_sentence(self.data, grid, index),
            f"{grid}{format_index(index)} = {formula}",
            tuple(lit),
            arrows=tuple(arrows),
            is_chosen=(grid, index) == (self.data.grid, self.data.index),
        )


def _clash_scene(data: Broadcast, per_row: int) -> Scene:
    """Return both arrays as they are, and their sizes aligned at the last axis."""
    axis = first_clash(data.a.shape, data.b.shape)
    assert axis is not None
    cells, labels, top, width = [], [], LINE, 0.0
    for name, source in (("a", data.a), ("b", data.b)):
        array = _Array(source.shape, per_row)
        name = name if name == "a" else f"{data.sign} b"
        labels += [Label(0, top - LINE, f"{name} {source.shape}", role="name")]
        labels += array.labels((0, top))
        cells += [
            Cell(array.box((0, top), index), (format_element(source[index].item()),))
            for index in np.ndindex(source.shape)
        ]
        top += array.height + ARRAY_GAP + LINE
        width = max(width, array.width)
    height, axes = top - ARRAY_GAP - LINE, max(data.a.ndim, data.b.ndim)
    left, middle = width + GAP, height / 2
    labels.append(Label(left - 30, middle - CELL_HEIGHT - 26, "sizes, last axis on the right"))
    for row, (name, source) in enumerate((("a", data.a), ("b", data.b))):
        y = middle + (row - 1) * (CELL_HEIGHT + 4)
        labels.append(Label(left - 8, y + 6, name, "end"))
        for from_right, size in enumerate(reversed(source.shape)):
            box = Box(left + (axes - 1 - from_right) * (SMALL_CELL + 4), y, SMALL_CELL, CELL_HEIGHT)
            cells.append(Cell(box, (str(size),), "clash" if from_right == axis else "size"))
    x = left + (axes - 1 - axis) * (SMALL_CELL + 4) + SMALL_CELL / 2
    labels.append(Label(x, middle + CELL_HEIGHT + 8, "✗", "middle", "mark"))
    return Scene(max(left + 200, MIN_WIDTH), height, tuple(cells), tuple(labels))
