"""Horizontal bars on a logarithmic scale, for numbers that differ a thousandfold."""

import math
from collections.abc import Sequence

from microgpt.errors import ShapeError
from microgpt.viz.drawing import Drawing, Line, Rect, Text

Bar = tuple[str, float, str, bool]  # label, value, the value as text, whether it is ours
WIDTH, LEFT, RIGHT, BAR_HEIGHT, BAR_GAP, TICK_HEIGHT = 900, 330, 150, 16, 6, 18
# A standalone SVG file has no style sheet around it.
FONT = "<style>text{font:13px system-ui,sans-serif}.mg-bold{font-weight:700}</style>"


def benchmark_bars(groups: Sequence[tuple[str, Sequence[Bar]]], caption: str = "") -> Drawing:
    """Draw one bar chart for each (heading, bars); a bar is (label, value, value_text, is_ours).

    The scale is logarithmic and begins at the power of ten below the smallest value of the group.
    Bars that are not ours are grey.
    """
    values = [bar[1] for _, bars in groups for bar in bars]
    if not values or not all(0 < value < math.inf for value in values):
        raise ShapeError("bars need at least one number, and each above 0 and finite")
    height = 10 + sum(
        50 + TICK_HEIGHT + len(bars) * (BAR_HEIGHT + BAR_GAP) for _, bars in groups if bars
    )
    drawing = Drawing(WIDTH, height, caption or "Benchmark", "mg-bench")
    y = 24.0
    for heading, bars in groups:
        if bars:
            y = _draw_group(drawing, heading, bars, y)
    return drawing


def standalone_svg(drawing: Drawing) -> str:
    """Return the drawing as the text of an SVG file, with its own font on a white background."""
    start, end = drawing.svg().split(">", 1)
    return f'{start}>{FONT}<rect width="100%" height="100%" fill="white"/>{end}\n'


def _draw_group(drawing: Drawing, heading: str, bars: Sequence[Bar], top: float) -> float:
    """Draw one chart below y = top; return where the next one begins."""
    min_exponent = math.floor(math.log10(min(bar[1] for bar in bars)))
    max_exponent = max(min_exponent + 1, math.ceil(math.log10(max(bar[1] for bar in bars))))
    pixels_per_decade = (WIDTH - LEFT - RIGHT) / (max_exponent - min_exponent)
    bottom = top + 10 + len(bars) * (BAR_HEIGHT + BAR_GAP)
    drawing.add(Text(8, top, heading, bold=True))
    for exponent in range(min_exponent, max_exponent + 1):
        x = LEFT + (exponent - min_exponent) * pixels_per_decade
        drawing.add(Line(x, top + 8, x, bottom, stroke_width=0.5))
        drawing.add(Text(x, bottom + 14, _power_of_ten(exponent), anchor="middle"))
    for i, (label, value, value_text, is_ours) in enumerate(bars):
        y = top + 12 + i * (BAR_HEIGHT + BAR_GAP)
        length = max(2.0, (math.log10(value) - min_exponent) * pixels_per_decade)
        drawing.add(
            Text(LEFT - 8, y + 12, label, anchor="end"),
            Rect(LEFT, y, length, BAR_HEIGHT, fill="blue" if is_ours else "line"),
            Text(LEFT + length + 6, y + 12, value_text),
        )
    return bottom + 40 + TICK_HEIGHT


def _power_of_ten(exponent: int) -> str:
    return f"{10**exponent:,}" if exponent >= 0 else f"{10.0**exponent:g}"
