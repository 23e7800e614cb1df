"""`Drawing`: rectangles, lines and texts, drawn as SVG text and, for paper, by matplotlib.

A live view needs SVG, which is a string and takes its colours from the theme; a notebook that is
read without being run needs a PNG. Both come from one list of shapes.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from microgpt.viz.style import STYLE, colour, light

ANCHORS = {"start": "left", "middle": "center", "end": "right"}


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    fill: str = "none"
    stroke: str = "none"
    thick: float = 1.0
    hatch: bool = False
    role: str = ""


@dataclass(frozen=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    stroke: str = "line"
    thick: float = 1.0
    dashed: bool = False
    role: str = ""


@dataclass(frozen=True)
class Text:
    x: float
    y: float
    text: str
    anchor: str = "start"
    strong: bool = False
    fill: str = "text"
    role: str = ""


Shape = Rect | Line | Text


class Drawing:
    """A picture of `width` × `height` pixels with a caption that says what it shows.

    `name` keeps its parts apart from those of other drawings on the page. Shapes of a `fluid` part
    spread over whatever width there is; those of a `shifted` part have CSS class `mg-shifted`.
    """

    def __init__(self, width: float, height: float, caption: str = "", name: str = "mg"):
        self.width, self.height, self.caption, self.name = width, height, caption, name
        self.details = ""  # HTML with the numbers, folded, for a picture that stands alone
        self.parts: list[tuple[str, float, list[Shape]]] = []
        self.part()

    def part(self, kind: str = "", x: float = 0.0) -> None:
        """Begin a part: "", "fluid", or "shifted" by x pixels."""
        self.parts.append((kind, x, []))

    def add(self, *shapes: Shape) -> None:
        """Draw shapes in the present part."""
        self.parts[-1][2].extend(shapes)

    def svg(self) -> str:
        """The picture as SVG text."""
        body = "".join(self._part_svg(*part) for part in self.parts if part[2])
        hatch = (
            f'<defs><pattern id="{self.name}-hatch" width="6" height="6" '
            f'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            f'<line x1="0" y1="0" x2="0" y2="6" stroke="{colour("outline")}" stroke-width="2"/>'
            "</pattern></defs>"
            if any(
                getattr(shape, "hatch", False) for _, _, shapes in self.parts for shape in shapes
            )
            else ""
        )
        fluid = any(kind == "fluid" for kind, _, _ in self.parts)
        # Front ends shrink wide pictures, and their letters; a part that does not fit scrolls.
        width = '100%"' if fluid else f'{self.width:g}" style="max-width:none"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width} '
            f'height="{self.height:g}" aria-label="{escape(self.caption)}">{hatch}{body}</svg>'
        )

    def _part_svg(self, kind: str, x: float, shapes: list[Shape]) -> str:
        place: Callable[[float], str] = _number
        if kind == "fluid":
            place = self._per_cent
        inner = "".join(_svg(shape, place, self.name) for shape in shapes)
        if kind == "shifted":
            return f'<g class="mg-shifted" style="--mg-x:{x:g}px">{inner}</g>'
        return inner

    def _per_cent(self, x: float) -> str:
        return f"{100 * x / self.width:.3f}%"

    def png(self) -> bytes:
        """The picture as a PNG in the light colours."""
        from microgpt.viz.figure import Picture

        picture = Picture(figsize=(self.width / 100, self.height / 100), dpi=100)
        picture.caption = self.caption
        axes = picture.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.set_axis_off()
        for kind, x, shapes in self.parts:
            for shape in shapes:
                _paint(axes, shape, x if kind == "shifted" else 0.0)
        return picture.png(110)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        html = (
            f'{STYLE}<figure class="mg-view" style="margin:0">'
            f'<div class="mg-wide" tabindex="0" role="group" aria-label="figure">{self.svg()}</div>'
            f"<figcaption>{escape(self.caption)}</figcaption>{self.details}</figure>"
        )
        png = base64.b64encode(self.png()).decode()
        return {"text/html": html, "image/png": png, "text/plain": self.caption}

    def __repr__(self) -> str:
        return self.caption


def _number(x: float) -> str:
    return f"{x:.2f}".rstrip("0").rstrip(".")


def _svg(shape: Shape, place: Callable[[float], str], name: str) -> str:
    tag = f' class="mg-{shape.role}"' if shape.role else ""
    if isinstance(shape, Rect):
        fill = f"url(#{name}-hatch)" if shape.hatch else colour(shape.fill)
        stroke = f' stroke="{colour(shape.stroke)}" stroke-width="{shape.thick:g}"'
        return (
            f'<rect{tag} x="{place(shape.x)}" y="{_number(shape.y)}" '
            f'width="{place(max(0.0, shape.width))}" height="{_number(shape.height)}" '
            f'fill="{fill}"{stroke if shape.stroke != "none" else ""}/>'
        )
    if isinstance(shape, Line):
        dashes = ' stroke-dasharray="4 3"' if shape.dashed else ""
        return (
            f'<line{tag} x1="{place(shape.x1)}" y1="{_number(shape.y1)}" x2="{place(shape.x2)}" '
            f'y2="{_number(shape.y2)}" stroke="{colour(shape.stroke)}" '
            f'stroke-width="{shape.thick:g}"{dashes}/>'
        )
    classes = " ".join(
        part
        for part in (f"mg-{shape.role}" if shape.role else "", "mg-strong" * shape.strong)
        if part
    )
    tag = f' class="{classes}"' if classes else ""
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    fill = "" if shape.fill == "text" else f' style="fill:{colour(shape.fill)}"'
    return (
        f'<text{tag} x="{place(shape.x)}" y="{_number(shape.y)}"{anchor}{fill}>'
        f"{escape(shape.text)}</text>"
    )


def _paint(axes: Any, shape: Shape, shift: float) -> None:
    from matplotlib.patches import Rectangle

    if isinstance(shape, Rect):
        axes.add_patch(
            Rectangle(
                (shape.x + shift, shape.y), max(0.0, shape.width), shape.height,
                facecolor=light(shape.fill),
                edgecolor=light("outline" if shape.hatch else shape.stroke),
                linewidth=0.0 if shape.hatch or shape.stroke == "none" else shape.thick * 0.72,
                hatch="/////" if shape.hatch else None,
            )
        )  # fmt: skip
    elif isinstance(shape, Line):
        axes.plot(
            [shape.x1 + shift, shape.x2 + shift], [shape.y1, shape.y2], color=light(shape.stroke),
            linewidth=shape.thick * 0.72, linestyle="--" if shape.dashed else "-",
        )  # fmt: skip
    else:
        axes.text(
            shape.x + shift, shape.y, shape.text, fontsize=13 * 0.72, color=light(shape.fill),
            ha=ANCHORS[shape.anchor], va="baseline", parse_math=False,
            fontweight="bold" if shape.strong else "normal",
        )  # fmt: skip
