"""`Drawing`: rectangles, lines and texts, rendered as SVG or, without a browser, as PNG.

A live view uses SVG, which follows the colours of the theme; a notebook that is read without a
kernel needs a PNG. Both are rendered from one list of shapes.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from microgpt.viz.style import STYLE, css_colour, light_theme_colour

MATPLOTLIB_ALIGN = {"start": "left", "middle": "center", "end": "right"}


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    fill: str = "none"
    stroke: str = "none"
    stroke_width: float = 1.0
    hatch: bool = False
    css_class: str = ""


@dataclass(frozen=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    stroke: str = "line"
    stroke_width: float = 1.0
    dashed: bool = False
    css_class: str = ""


@dataclass(frozen=True)
class Text:
    x: float
    y: float
    text: str
    anchor: str = "start"
    bold: bool = False
    fill: str = "text"
    css_class: str = ""


Shape = Rect | Line | Text


@dataclass
class Group:
    """Shapes that share a layout: "fixed", "fluid" or "shifted".

    Positions are in pixels, or for "fluid" in per cent of the width. "shifted" moves the group
    right by `offset` pixels; in a panel, CSS does so only where the controls stand beside the
    picture.
    """

    layout: str
    offset: float
    shapes: list[Shape]


class Drawing:
    """A picture of `width` × `height` pixels, whose caption is its alternative text.

    `id_prefix` makes its SVG ids unique among the drawings on a page.
    """

    def __init__(self, width: float, height: float, caption: str = "", id_prefix: str = "mg"):
        self.width, self.height, self.caption, self.id_prefix = width, height, caption, id_prefix
        self.details_html = ""  # a folded table of numbers, for a picture outside a panel
        self.groups: list[Group] = []
        self.begin_group()

    def begin_group(self, layout: str = "fixed", offset: float = 0.0) -> None:
        """Start a group with a layout ("fixed", "fluid" or "shifted") for the shapes added next."""
        self.groups.append(Group(layout, offset, []))

    def add(self, *shapes: Shape) -> None:
        """Add shapes to the current group."""
        self.groups[-1].shapes.extend(shapes)

    def svg(self) -> str:
        """Return the picture as SVG text."""
        body = "".join(self._group_svg(group) for group in self.groups if group.shapes)
        shapes = [shape for group in self.groups for shape in group.shapes]
        hatch = (
            f'<defs><pattern id="{self.id_prefix}-hatch" width="6" height="6" '
            f'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            f'<line x1="0" y1="0" x2="0" y2="6" stroke="{css_colour("outline")}" '
            'stroke-width="2"/></pattern></defs>'
            if any(isinstance(shape, Rect) and shape.hatch for shape in shapes)
            else ""
        )
        is_fluid = any(group.layout == "fluid" for group in self.groups)
        # Front ends would shrink a wide picture, letters included; without max-width it scrolls.
        width = '100%"' if is_fluid else f'{self.width:g}" style="max-width:none"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width} '
            f'height="{self.height:g}" aria-label="{escape(self.caption)}">{hatch}{body}</svg>'
        )

    def _group_svg(self, group: Group) -> str:
        format_x = self._percent_of_width if group.layout == "fluid" else _format_number
        body = "".join(_shape_svg(shape, format_x, self.id_prefix) for shape in group.shapes)
        if group.layout == "shifted":
            return f'<g class="mg-shifted" style="--mg-x:{group.offset:g}px">{body}</g>'
        return body

    def _percent_of_width(self, x: float) -> str:
        return f"{100 * x / self.width:.3f}%"

    def png(self) -> bytes:
        """Return the picture as a PNG in the colours of the light theme."""
        from microgpt.viz.figure import CaptionedFigure

        figure = CaptionedFigure(figsize=(self.width / 100, self.height / 100), dpi=100)
        figure.caption = self.caption
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.set_axis_off()
        for group in self.groups:
            for shape in group.shapes:
                _plot_shape(axes, shape, group.offset if group.layout == "shifted" else 0.0)
        return figure.png(110)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        html = (
            f'{STYLE}<figure class="mg-view" style="margin:0">'
            '<div class="mg-scroll-x" tabindex="0" role="group" aria-label="figure">'
            f"{self.svg()}</div><figcaption>{escape(self.caption)}</figcaption>"
            f"{self.details_html}</figure>"
        )
        png = base64.b64encode(self.png()).decode()
        return {"text/html": html, "image/png": png, "text/plain": self.caption}

    def __repr__(self) -> str:
        return self.caption


def _format_number(x: float) -> str:
    return f"{x:.2f}".rstrip("0").rstrip(".")


def _shape_svg(shape: Shape, format_x: Callable[[float], str], id_prefix: str) -> str:
    class_attribute = f' class="mg-{shape.css_class}"' if shape.css_class else ""
    if isinstance(shape, Rect):
        fill = f"url(#{id_prefix}-hatch)" if shape.hatch else css_colour(shape.fill)
        stroke = f' stroke="{css_colour(shape.stroke)}" stroke-width="{shape.stroke_width:g}"'
        return (
            f'<rect{class_attribute} x="{format_x(shape.x)}" y="{_format_number(shape.y)}" '
            f'width="{format_x(max(0.0, shape.width))}" height="{_format_number(shape.height)}" '
            f'fill="{fill}"{stroke if shape.stroke != "none" else ""}/>'
        )
    if isinstance(shape, Line):
        dashes = ' stroke-dasharray="4 3"' if shape.dashed else ""
        return (
            f'<line{class_attribute} x1="{format_x(shape.x1)}" y1="{_format_number(shape.y1)}" '
            f'x2="{format_x(shape.x2)}" y2="{_format_number(shape.y2)}" '
            f'stroke="{css_colour(shape.stroke)}" stroke-width="{shape.stroke_width:g}"{dashes}/>'
        )
    classes = [f"mg-{shape.css_class}"] * bool(shape.css_class) + ["mg-bold"] * shape.bold
    class_attribute = f' class="{" ".join(classes)}"' if classes else ""
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    fill = "" if shape.fill == "text" else f' style="fill:{css_colour(shape.fill)}"'
    return (
        f'<text{class_attribute} x="{format_x(shape.x)}" y="{_format_number(shape.y)}"'
        f"{anchor}{fill}>{escape(shape.text)}</text>"
    )


def _plot_shape(axes: Any, shape: Shape, offset: float) -> None:
    from matplotlib.patches import Rectangle

    if isinstance(shape, Rect):
        has_no_edge = shape.hatch or shape.stroke == "none"
        axes.add_patch(
            Rectangle(
                (shape.x + offset, shape.y), max(0.0, shape.width), shape.height,
                facecolor=light_theme_colour(shape.fill),
                edgecolor=light_theme_colour("outline" if shape.hatch else shape.stroke),
                linewidth=0.0 if has_no_edge else shape.stroke_width * 0.72,
                hatch="/////" if shape.hatch else None,
            )
        )  # fmt: skip
    elif isinstance(shape, Line):
        axes.plot(
            [shape.x1 + offset, shape.x2 + offset], [shape.y1, shape.y2],
            color=light_theme_colour(shape.stroke), linewidth=shape.stroke_width * 0.72,
            linestyle="--" if shape.dashed else "-",
        )  # fmt: skip
    else:
        axes.text(
            shape.x + offset, shape.y, shape.text, fontsize=13 * 0.72,
            color=light_theme_colour(shape.fill), ha=MATPLOTLIB_ALIGN[shape.anchor], va="baseline",
            parse_math=False, fontweight="bold" if shape.bold else "normal",
        )  # fmt: skip
