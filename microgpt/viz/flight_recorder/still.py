"""The still picture of the flight recorder, for readers without a kernel."""

import textwrap

from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.flight_recorder.chart import (
    HEADERS,
    HEIGHT,
    ROWS,
    FlightChart,
    flight_chart,
)
from microgpt.viz.flight_recorder.flight import Flight
from microgpt.viz.flight_recorder.render import (
    EMPTY,
    NEAR_END,
    QUESTION,
    SAMPLE_LENGTH,
    feels_like,
    headers,
    legend,
    position_line,
    reason_sentence,
    short_group,
    snapshot_losses,
    status_line,
)
from microgpt.viz.flight_recorder.scales import Curve
from microgpt.viz.formatting import visible, width_in_em

WIDTH, TOP = 720, 112
LEFT, RIGHT = MARGIN + 84.0, 460.0  # of the plot
SIDE = 484.0  # where the snapshot stands
LETTER_WIDTH = 7.2  # pixels of a letter, on average
LABEL_SIZE = 13  # pixels of an em
SAMPLE_EM = 18.0  # what fits a line of a sample, as `width_in_em` guesses: 28 plain letters do
SIDE_LETTERS, BOLD_LETTERS = 34, 27  # of a line there
# Colour, width and pattern of each group of weights, as in the live view.
SOLID, DASHED, DOTTED = "solid", "dashed", "dotted"
RATIO_STROKES = (
    ("data", 2.0, SOLID), ("good", 1.75, DASHED), ("ink", 1.75, DOTTED), ("ink2", 1.25, SOLID),
)  # fmt: skip
LEGEND_COLOURS = {
    "raw-line": "data3", "line": "data", "diamond": "data", "dot": "data", "ref-line": "ink3",
    "other-line": "ink2",
}  # fmt: skip


def draw_flight_still(flight: Flight) -> Drawing:
    """Draw the same parts as the live view."""
    drawing = Drawing(WIDTH, TOP + HEIGHT + 20)
    drawing.add_question(QUESTION)
    status = f"{flight.text_name}, {flight.run_name}; {status_line(flight)}"
    drawing.add(Text(MARGIN, 58, status, fill="ink2"))
    chart = flight_chart(flight)
    x, y = float(MARGIN), 76.0
    for mark, name in legend(flight, chart.cuts):
        width = 18 + LETTER_WIDTH * len(name)
        if x + width > WIDTH - MARGIN:
            x, y = float(MARGIN), y + 18
        drawing.add(_legend_mark(mark, x, y))
        drawing.add(Text(x + 18, y + 4.5, name, fill="ink2"))
        x += width + 14
    _draw_chart(drawing, flight, chart)
    _draw_snapshot(drawing, flight)
    return drawing


def _legend_mark(mark: str, x: float, y: float) -> Line | Circle:
    if mark == "diamond":
        return _diamond(x + 6, y)
    if mark == "dot":
        return Circle(x + 6, y, 3.0, "data")
    if mark in ("cut-up", "cut-down"):
        is_above = mark == "cut-up"
        return _cut(x + 6, y - 4 if is_above else y + 4, is_above)
    is_dashed = mark in ("ref-line", "other-line")
    return Line(((x, y), (x + 12, y)), LEGEND_COLOURS[mark], 2.0, is_dashed)


def _line(points: Curve, colour: str, width: float, pattern: str) -> Line:
    return Line(points, colour, width, pattern == DASHED, dotted=pattern == DOTTED)


def _cut(x: float, y: float, is_above: bool) -> Line:
    """Return the triangle for values beyond the edge of a row at `y`."""
    height = 6.0 if is_above else -6.0
    return Line(((x - 4, y + height), (x + 4, y + height), (x, y)), "ink", 0.5, fill="ink")


def _diamond(x: float, y: float, size: float = 4.5) -> Line:
    points = ((x, y - size), (x + size, y), (x, y + size), (x - size, y))
    return Line(points, "data", 1.5, fill="card")


def _draw_chart(drawing: Drawing, flight: Flight, chart: FlightChart) -> None:
    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + (RIGHT - LEFT) * x, TOP + y

    def draw(points: Curve, colour: str, width: float, pattern: str = SOLID) -> None:
        if len(points) > 1:
            drawing.add(_line(tuple(at(*point) for point in points), colour, width, pattern))

    for text, top in zip(headers(flight), HEADERS, strict=True):
        drawing.add(Text(MARGIN, TOP + top + 13, text, fill="ink2"))
    x = float(MARGIN + 112)
    for i, name in enumerate(flight.groups):
        y = float(TOP + HEADERS[-1] + 9)
        short = short_group(name)
        colour, width, pattern = RATIO_STROKES[i]
        drawing.add(_line(((x, y), (x + 12, y)), colour, width, pattern))
        drawing.add(Text(x + 16, y + 4, short, fill="ink2"))
        x += 16 + LABEL_SIZE * width_in_em(short) + 8
    for label in chart.labels:
        drawing.add(Text(LEFT - 12, TOP + label.y + 4.5, label.text, "end", fill="ink2"))
    for label_y, y in chart.leaders:
        drawing.add(Line(((LEFT - 10, TOP + label_y), (LEFT, TOP + y)), "ink3"))
    for y in chart.grid:
        drawing.add(Line((at(0, y), at(1, y))))
    for y in (*chart.baselines, *([] if chart.clip is None else [chart.clip])):
        drawing.add(Line((at(0, y), at(1, y)), "ink3", 1.2, dashed=True))
    draw(chart.raw, "data3", 1.0)
    draw(chart.norm, "data3", 1.0)
    draw(chart.other, "ink2", 1.5, DASHED)
    for points in (chart.smooth, chart.lr, chart.norm_smooth):
        draw(points, "data", 2.0)
    for i, points in enumerate(chart.ratios):
        colour, width, pattern = RATIO_STROKES[i]
        draw(points, colour, width, pattern)
    for x, y in chart.held_out:
        drawing.add(_diamond(*at(x, y), size=3.5))
    drawing.add(*(Circle(*at(x, y), 1.75, "data") for x, y in chart.training))
    drawing.add(*(_cut(*at(x, y), is_above) for x, y, is_above in chart.cuts))
    if chart.cursor is not None:
        for top, bottom in ROWS:
            drawing.add(Line((at(chart.cursor, top), at(chart.cursor, bottom)), "mark", 1.5))
        drawing.add(*(Circle(*at(chart.cursor, y), 4.0, "mark") for y in chart.cursor_points))
    for x, text in chart.step_labels:
        anchor = "end" if x > NEAR_END else "middle"
        drawing.add(Text(*at(x, HEIGHT - 6), text, anchor, fill="ink2"))


def _draw_snapshot(drawing: Drawing, flight: Flight) -> None:
    snapshot, y = flight.snapshot, TOP + 12.0
    if snapshot is None:
        for line in EMPTY:
            y = _draw_lines(drawing, line, y) + 4
        return
    drawing.add(Text(SIDE, y, f"at step {snapshot.step:,}", weight="bold", fill="mark"))
    drawing.add(Text(SIDE, y + 18, position_line(flight), fill="ink2"))
    y += 54
    for x, (loss, name, _) in zip((SIDE, SIDE + 118), snapshot_losses(snapshot), strict=False):
        number = Text(x, y, f"{loss:.2f}", size=24, weight="light")
        drawing.add(number, Text(x, y + 18, name, fill="ink2"))
    y = _draw_lines(drawing, feels_like(flight, snapshot.held_out), y + 42)
    drawing.add(Text(SIDE, y + 14, f"it writes, at T = {flight.temperature:g}:", fill="ink2"))
    drawing.add(Rect(SIDE - 8, y + 24, WIDTH - MARGIN - SIDE + 8, 106, "well", radius=6))
    for i, line in enumerate(flight.sample):
        drawing.add(Text(SIDE, y + 44 + 19 * i, _cut_to_width(line)))
    y += 160
    y = _draw_lines(drawing, f"verdict: {snapshot.verdict}", y, "bold")
    _draw_lines(drawing, reason_sentence(snapshot), y + 4)


def _cut_to_width(line: str) -> str:
    """Return a line of a sample, cut to what fits its box; signs such as ⏎ are wide."""
    length = SAMPLE_LENGTH
    while width_in_em(visible(line, length)) > SAMPLE_EM and length > 1:
        length -= 1
    return visible(line, length)


def _draw_lines(drawing: Drawing, text: str, y: float, weight: str = "normal") -> float:
    """Draw a text in lines; return the height of the next line."""
    width = BOLD_LETTERS if weight == "bold" else SIDE_LETTERS
    for line in textwrap.wrap(text, width):
        drawing.add(Text(SIDE, y, line, weight=weight, fill="ink" if weight == "bold" else "ink2"))
        y += 18
    return y
