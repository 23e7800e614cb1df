"""Bars of counts, or of ratios, under one axis: a row for each, with its name and its value."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from microgpt.viz.axis import value_ticks
from microgpt.viz.drawing import MARGIN, Drawing, Line, Rect, Text
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.table import html_table

WIDTH, LEFT, RIGHT, ROW_HEIGHT = 720, 264, 516, 48  # of the still picture, its bars and its rows


@dataclass(frozen=True)
class BarRow:
    """A bar of length `value`, between its name and its value in words, each with a note.

    `low` and `high` are the ends of the line that shows its range; both None: it has none. A bar
    that `is_reference` is grey.
    """

    name: str
    note: str
    value: float
    text: str
    text_note: str = ""
    low: float | None = None
    high: float | None = None
    is_reference: bool = False


@dataclass(frozen=True)
class BarsState:
    """The rows under their question; `figure` is the one large number, `figure_label` its unit.

    `unit` is that of the axis; `header` and `table` are the numbers that unfold.
    """

    question: str
    figure: str
    figure_label: str
    unit: str
    rows: tuple[BarRow, ...]
    caption: str
    header: tuple[str, ...] = ()
    table: tuple[Sequence[str], ...] = ()


def axis_of(state: BarsState) -> tuple[float, tuple[float, ...]]:
    """Return where the axis ends, at a round number, and its ticks."""
    reach = max(max(row.value, row.high or 0.0) for row in state.rows)
    ticks = value_ticks(0.0, reach)
    step = ticks[1] - ticks[0]
    end = step * ceil(reach / step - 1e-9)
    return end, tuple(value_ticks(0.0, end))


def render_bars(state: BarsState, before: BarsState | None = None) -> Rendered:
    """Return the rows and the caption; nothing moves."""
    end, ticks = axis_of(state)
    labels = [f"{tick:,g}" for tick in ticks]
    labels[-1] += f" {state.unit}"
    axis = [tag("span", label, style=f"left:{percent(tick / end)}")
            for tick, label in zip(ticks, labels, strict=True)]  # fmt: skip
    figure = (
        tag("span", state.figure, css_class="fig"),
        tag("span", state.figure_label, css_class="lab"),
    )
    html = join(
        tag("h3", state.question, css_class="q"),
        tag("p", *figure, css_class="ratio"),
        tag(
            "div",
            *(_bar(row, end, ticks) for row in state.rows),
            tag("div", tag("div", *axis), css_class="axis", aria_hidden="true"),
            css_class="bars",
        ),
    )
    return Rendered(html, state.caption)


def bars_table(state: BarsState) -> str:
    """Return the numbers as an HTML table."""
    return html_table(state.header, state.table)


def _bar(row: BarRow, end: float, ticks: Sequence[float]) -> Markup:
    grid = [tag("s", style=f"left:{percent(tick / end)}") for tick in ticks]
    css_class = "quiet" if row.is_reference else ""
    parts = [*grid, tag("u", style=f"width:{percent(row.value / end)}", css_class=css_class)]
    if row.low is not None and row.high is not None:
        width = percent((row.high - row.low) / end)
        parts.append(tag("i", style=f"left:{percent(row.low / end)};width:{width}"))
    label = f"{row.name}: {row.text}, {row.text_note}".rstrip(", ")
    track = tag("div", *parts, css_class="track", role="img", aria_label=label)
    name = tag("div", tag("b", row.name), tag("span", row.note, css_class="lab"), css_class="name")
    value = tag("div", tag("b", row.text), tag("span", row.text_note, css_class="lab"),
                css_class="value")  # fmt: skip
    return tag("div", name, track, value, css_class="way")


def draw_bars(state: BarsState) -> Drawing:
    """Draw the same rows as a still picture."""
    end, ticks = axis_of(state)
    top = 86
    bottom = top + ROW_HEIGHT * len(state.rows)
    drawing = Drawing(WIDTH, bottom + 36)
    drawing.add_question(state.question)
    drawing.add(Text(MARGIN, 62, f"{state.figure} {state.figure_label}", fill="ink2"))
    for tick in ticks:
        x = LEFT + (RIGHT - LEFT) * tick / end
        label = f"{tick:,g}" + (f" {state.unit}" if tick == ticks[-1] else "")
        drawing.add(
            Line(((x, top - 4), (x, bottom))), Text(x, bottom + 18, label, "middle", fill="ink2")
        )
    for number, row in enumerate(state.rows):
        y = top + 4 + ROW_HEIGHT * number
        fill = "ink3" if row.is_reference else "data"
        drawing.add(
            Text(MARGIN, y + 14, row.name, size=14, weight="bold"),
            Text(MARGIN, y + 31, row.note, fill="ink2"),
            Rect(LEFT, y + 8, (RIGHT - LEFT) * row.value / end, 18, fill, radius=3),
            Text(RIGHT + 14, y + 14, row.text, size=14, weight="bold"),
            Text(RIGHT + 14, y + 31, row.text_note, fill="ink2"),
        )
        if row.low is not None and row.high is not None:
            low, high = (LEFT + (RIGHT - LEFT) * x / end for x in (row.low, row.high))
            drawing.add(Line(((low, y + 17), (high, y + 17)), "ink", 1.5))
    return drawing
