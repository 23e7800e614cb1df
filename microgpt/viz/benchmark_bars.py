"""Horizontal bars on a logarithmic scale, for numbers that differ a thousandfold."""

import math
from collections.abc import Sequence
from html import escape

from microgpt.errors import ShapeError
from microgpt.viz.drawing import MARGIN, Drawing, Line, Rect, Shape, Text
from microgpt.viz.looks import light_theme_colour

Bar = tuple[str, float, str, bool]  # label, value, the value as text, whether it is ours
WIDTH, LEFT, RIGHT, BAR_HEIGHT, BAR_GAP, TICK_HEIGHT = 900, 330, 150, 16, 6, 18
FONT = '-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,system-ui,sans-serif'


def benchmark_bars(groups: Sequence[tuple[str, Sequence[Bar]]], caption: str = "") -> Drawing:
    """Draw one bar chart for each (heading, bars); a bar is (label, value, value_text, is_ours).

    The scale is logarithmic and begins at the power of ten below the smallest value of the group.
    Bars that are not ours are grey.
    """
    values = [bar[1] for _, bars in groups for bar in bars]
    if not values or not all(0 < value < math.inf for value in values):
        raise ShapeError("bars need at least one number, and each above 0 and finite")
    height = MARGIN + sum(
        50 + TICK_HEIGHT + len(bars) * (BAR_HEIGHT + BAR_GAP) for _, bars in groups if bars
    )
    drawing = Drawing(WIDTH, height, caption or "Benchmark")
    y = MARGIN + 14.0
    for heading, bars in groups:
        if bars:
            y = _draw_group(drawing, heading, bars, y)
    return drawing


def standalone_svg(drawing: Drawing) -> str:
    """Return a drawing of rectangles, lines and texts as an SVG file, in the light theme."""
    card = Rect(0.5, 0.5, drawing.width - 1, drawing.height - 1, "card", "hair", radius=10)
    shapes = "".join(_svg_element(shape) for shape in (card, *drawing.shapes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width:g}" '
        f'height="{drawing.height:g}" role="img" aria-label="{escape(drawing.caption)}" '
        f"font-family='{FONT}'>{shapes}</svg>\n"
    )


def _draw_group(drawing: Drawing, heading: str, bars: Sequence[Bar], top: float) -> float:
    """Draw one chart below y = top; return where the next one begins."""
    min_exponent = math.floor(math.log10(min(bar[1] for bar in bars)))
    max_exponent = max(min_exponent + 1, math.ceil(math.log10(max(bar[1] for bar in bars))))
    pixels_per_decade = (WIDTH - LEFT - RIGHT) / (max_exponent - min_exponent)
    bottom = top + 10 + len(bars) * (BAR_HEIGHT + BAR_GAP)
    drawing.add(Text(MARGIN, top, heading, size=14, weight="bold"))
    for exponent in range(min_exponent, max_exponent + 1):
        x = LEFT + (exponent - min_exponent) * pixels_per_decade
        drawing.add(Line(((x, top + 8), (x, bottom))))
        drawing.add(Text(x, bottom + 14, _power_of_ten(exponent), "middle", fill="ink2"))
    for i, (label, value, value_text, is_ours) in enumerate(bars):
        y = top + 12 + i * (BAR_HEIGHT + BAR_GAP)
        length = max(2.0, (math.log10(value) - min_exponent) * pixels_per_decade)
        drawing.add(
            Text(LEFT - 8, y + 12, label, "end", fill="ink" if is_ours else "ink2"),
            Rect(LEFT, y, length, BAR_HEIGHT, "data" if is_ours else "ink3", radius=3),
            Text(LEFT + length + 6, y + 12, value_text),
        )
    return bottom + 40 + TICK_HEIGHT


def _svg_element(shape: Shape) -> str:
    if isinstance(shape, Rect):
        return (
            f'<rect x="{shape.x:g}" y="{shape.y:g}" width="{shape.width:.2f}" '
            f'height="{shape.height:g}" rx="{shape.radius:g}" '
            f'fill="{light_theme_colour(shape.fill)}" stroke="{light_theme_colour(shape.stroke)}"/>'
        )
    if isinstance(shape, Line):
        points = " ".join(f"{x:.2f},{y:g}" for x, y in shape.points)
        stroke = light_theme_colour(shape.stroke)
        return f'<polyline points="{points}" fill="none" stroke="{stroke}"/>'
    if isinstance(shape, Text):
        return (
            f'<text x="{shape.x:.2f}" y="{shape.y:g}" font-size="{shape.size:g}" '
            f'font-weight="{shape.weight}" text-anchor="{shape.anchor}" '
            f'fill="{light_theme_colour(shape.fill)}">{escape(shape.text)}</text>'
        )
    raise ShapeError(f"benchmark bars have no {type(shape).__name__.lower()}")


def _power_of_ten(exponent: int) -> str:
    return f"{10**exponent:,}" if exponent >= 0 else f"{10.0**exponent:g}"
