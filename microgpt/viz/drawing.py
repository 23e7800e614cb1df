"""`Drawing`: the still picture of a view, for notebooks that are read without a kernel.

A live view is HTML. GitHub, and JupyterLab before a notebook is run, show none of it, so each view
can also be drawn as a PNG, in the light theme, from rectangles, lines and texts.
"""

from dataclasses import dataclass
from typing import Any

from microgpt.viz.looks import light_theme_colour

MARGIN = 20  # pixels between the edge of the card and what stands in it
MATPLOTLIB_ALIGN = {"start": "left", "middle": "center", "end": "right"}
POINTS_PER_PIXEL = 0.72


@dataclass(frozen=True)
class Rect:
    """A rectangle; `radius` rounds its corners."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "none"
    stroke: str = "none"
    stroke_width: float = 1.0
    radius: float = 0.0
    hatch: bool = False


@dataclass(frozen=True)
class Line:
    """A line through two or more points; with `fill`, the closed area inside them."""

    points: tuple[tuple[float, float], ...]
    stroke: str = "grid"
    stroke_width: float = 1.0
    dashed: bool = False
    fill: str = "none"
    dotted: bool = False


@dataclass(frozen=True)
class Circle:
    """A circle around (x, y)."""

    x: float
    y: float
    radius: float
    fill: str = "none"
    stroke: str = "none"
    stroke_width: float = 1.0


@dataclass(frozen=True)
class Text:
    """A text whose baseline is at y; `weight` is "light", "normal" or "bold"."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    size: float = 13.0
    weight: str = "normal"
    fill: str = "ink"


Shape = Rect | Line | Circle | Text


class Drawing:
    """A still picture of `width` × `height` pixels on a card; its caption is its alternative text.

    Colours are the roles of `viz.looks`, positions are pixels from the top left corner.
    """

    def __init__(self, width: float = 720, height: float = 300, caption: str = ""):
        self.width, self.height, self.caption = width, height, caption
        self.shapes: list[Shape] = []

    def add(self, *shapes: Shape) -> None:
        """Add shapes, each above those before it."""
        self.shapes.extend(shapes)

    def add_question(self, question: str) -> None:
        """Add the title line, which asks the view's question, at the top of the card."""
        self.add(Text(MARGIN, 36, question, size=18, weight="bold"))

    def texts(self) -> list[str]:
        """Return all texts in the picture, in the order in which they were added."""
        return [shape.text for shape in self.shapes if isinstance(shape, Text)]

    def png(self) -> bytes:
        """Return the picture as a PNG in the colours of the light theme."""
        from microgpt.viz.figure import CaptionedFigure

        figure = CaptionedFigure(figsize=(self.width / 100, self.height / 100), dpi=100)
        figure.caption = self.caption
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.set_axis_off()
        card = Rect(1, 1, self.width - 2, self.height - 2, "card", "hair", radius=10)
        for order, shape in enumerate([card, *self.shapes]):
            _plot_shape(axes, shape, order)
        return figure.png(150)


def _plot_shape(axes: Any, shape: Shape, order: int) -> None:
    if isinstance(shape, Text):
        axes.text(
            shape.x, shape.y, shape.text, fontsize=shape.size * POINTS_PER_PIXEL,
            color=light_theme_colour(shape.fill), ha=MATPLOTLIB_ALIGN[shape.anchor], va="baseline",
            parse_math=False, fontweight=shape.weight, zorder=order,
        )  # fmt: skip
    else:
        axes.add_patch(_patch(shape, order))


def _patch(shape: Rect | Line | Circle, order: int) -> Any:
    from matplotlib.patches import Circle as CirclePatch
    from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle

    style: dict[str, Any] = {
        "facecolor": light_theme_colour(shape.fill),
        "edgecolor": light_theme_colour(shape.stroke),
        "linewidth": shape.stroke_width * POINTS_PER_PIXEL if shape.stroke != "none" else 0.0,
        "zorder": order,
    }
    if isinstance(shape, Circle):
        return CirclePatch((shape.x, shape.y), shape.radius, **style)
    if isinstance(shape, Line):
        is_area = shape.fill != "none"
        linestyle = ":" if shape.dotted else "--" if shape.dashed else "-"
        style |= {"linestyle": linestyle, "capstyle": "butt"}
        return Polygon(shape.points, closed=is_area, fill=is_area, **style)
    if shape.hatch:
        style |= {"hatch": "/////", "edgecolor": light_theme_colour("hair"), "linewidth": 0.0}
    width, height = max(0.0, shape.width), max(0.0, shape.height)
    radius = min(shape.radius, width / 2, height / 2)
    if not radius:
        return Rectangle((shape.x, shape.y), width, height, **style)
    box = f"round,pad=0,rounding_size={radius}"
    return FancyBboxPatch((shape.x, shape.y), width, height, boxstyle=box, **style)
