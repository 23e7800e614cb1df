"""Bars for numbers that differ a thousandfold: each line of the scale is ten times the last."""

import math
from collections.abc import Sequence

from microgpt.errors import ShapeError
from microgpt.viz.drawing import Drawing, Line, Rect, Text

Row = tuple[str, float, str, bool]  # label, number, the number as text, whether it is ours
WIDTH, LEFT, RIGHT, BAR, GAP, TICKS = 900, 330, 150, 16, 6, 18
# A file that is opened by itself has no style sheet around it.
FONT = "<style>text{font:13px system-ui,sans-serif}.mg-strong{font-weight:700}</style>"


def benchmark_bars(groups: Sequence[tuple[str, Sequence[Row]]], caption: str = "") -> Drawing:
    """One group of bars for each (heading, rows); a row is (label, number, its text, ours).

    A bar's length is the logarithm of its number, from the power of ten below the least one of
    its group. Bars that are not ours are grey.
    """
    rows = [row for _, group in groups for row in group]
    if not rows or not all(0 < row[1] < math.inf for row in rows):
        raise ShapeError("bars need at least one number, and each above 0 and finite")
    height = sum(50 + TICKS + len(group) * (BAR + GAP) for _, group in groups if group) + 10
    drawing = Drawing(WIDTH, height, caption or "Benchmark", "mg-bench")
    top = 24.0
    for heading, group in groups:
        if group:
            top = _group(drawing, heading, group, top)
    return drawing


def standalone(drawing: Drawing) -> str:
    """The picture as the text of an SVG file, with its font and its ground."""
    start, end = drawing.svg().split(">", 1)
    return f'{start}>{FONT}<rect width="100%" height="100%" fill="white"/>{end}\n'


def _group(drawing: Drawing, heading: str, rows: Sequence[Row], top: float) -> float:
    least = math.floor(math.log10(min(row[1] for row in rows)))
    most = max(least + 1, math.ceil(math.log10(max(row[1] for row in rows))))
    scale = (WIDTH - LEFT - RIGHT) / (most - least)
    bottom = top + 10 + len(rows) * (BAR + GAP)
    drawing.add(Text(8, top, heading, strong=True))
    for power in range(least, most + 1):
        x = LEFT + (power - least) * scale
        drawing.add(Line(x, top + 8, x, bottom, thick=0.5))
        drawing.add(Text(x, bottom + 14, _power(power), anchor="middle"))
    for place, (label, number, shown, ours) in enumerate(rows):
        y = top + 12 + place * (BAR + GAP)
        length = max(2.0, (math.log10(number) - least) * scale)
        drawing.add(
            Text(LEFT - 8, y + 12, label, anchor="end"),
            Rect(LEFT, y, length, BAR, fill="blue" if ours else "line"),
            Text(LEFT + length + 6, y + 12, shown),
        )
    return bottom + 40 + TICKS


def _power(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
