"""What both pages of the X-ray are made of: cells at their positions, and what lights with each.

Positions are pixels in the scene's full width. The page shrinks them sideways where there is less
room, so nothing else may be measured.
"""

from typing import NamedTuple

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    def upper_half(self) -> "Box":
        return Box(self.x, self.y, self.width, self.height / 2)

    @property
    def centre(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


class Lit(NamedTuple):
    """A box that is filled while a cell is lit: as a number ("value") or as a gradient ("grad")."""

    box: Box
    role: str


class Label(NamedTuple):
    """A text; its line of 18 pixels begins at y. `anchor` is the side of the text that x is."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    role: str = ""


class Target(NamedTuple):
    """A cell that can be chosen: its sentence, its sum, and what lights up elsewhere.

    Each of `arrows` is the corners of a line; all of them end at the same point.
    """

    sentence: str
    formula: str
    lit: tuple[Lit, ...]
    marks: tuple[Label, ...] = ()  # ▸ before a row, ▾ above a column
    arrows: tuple[tuple[Point, ...], ...] = ()
    is_chosen: bool = False


class Cell(NamedTuple):
    """A cell of an array: its number, or its number above its gradient.

    `role` is "value", "grad", or "copy" of another cell.
    """

    box: Box
    texts: tuple[str, ...]
    role: str = "value"
    target: Target | None = None


class Scene(NamedTuple):
    """Cells and labels on `width` × `height` pixels; the sum is written below them."""

    width: float
    height: float
    cells: tuple[Cell, ...]
    labels: tuple[Label, ...]

    @property
    def chosen(self) -> Cell | None:
        """The chosen cell."""
        chosen = (cell for cell in self.cells if cell.target and cell.target.is_chosen)
        return next(chosen, None)
