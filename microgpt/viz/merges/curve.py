"""Bytes per token against the number of merges: a line for the text, a dashed one for the story."""

from dataclasses import dataclass

from microgpt.viz.axis import value_ticks
from microgpt.viz.html import Markup, percent, tag
from microgpt.viz.merges.data import MergedText

X_NAME, Y_NAME, LINE_NAMES = "merges allowed", "bytes per token", ("this text", "the story")
MAX_LABEL = 0.86  # of the width: further right, the label of a tick would leave the plot

Point = tuple[float, float]  # shares of the width and of the height, from the top left


@dataclass(frozen=True)
class LengthChart:
    """All that is drawn, as shares of the plot."""

    text_line: tuple[Point, ...]
    story_line: tuple[Point, ...]
    dot: Point
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def length_chart(merged: MergedText) -> LengthChart:
    """Lay out both lines; a text's line has steps, where a merge changes it."""
    size = max(merged.list_size, 1)
    highest = max(y for _, y in (*merged.curve, *merged.story_curve))
    ticks = value_ticks(1.0, max(highest, 1.5), 4)
    step = ticks[1] - ticks[0]
    end = ticks[-1] + step * (ticks[-1] < highest - 1e-9)

    def position(merges: float, length: float) -> Point:
        return merges / size, (end - length) / (end - 1)

    stairs = []
    for index, (merges, length) in enumerate(merged.curve):
        if index:
            stairs.append(position(merges, merged.curve[index - 1][1]))
        stairs.append(position(merges, length))
    stairs.append(position(size, merged.curve[-1][1]))
    y_ticks = sorted({1.0, *ticks, end})
    return LengthChart(
        tuple(stairs),
        tuple(position(*point) for point in merged.story_curve),
        position(merged.num_merges, merged.bytes_per_token),
        tuple((x / size, f"{x:,.0f}") for x in value_ticks(0, size, 2)),
        tuple((position(0, y)[1], f"{y:g}") for y in y_ticks),
    )


def render_curve(merged: MergedText) -> Markup:
    """Return the lines as HTML around SVG."""
    chart = length_chart(merged)
    lines = [
        *(_path(((0, y), (1, y)), "grid") for y, _ in chart.y_ticks),
        _path(chart.story_line, "story"),
        _path(chart.text_line, "line"),
    ]
    svg = tag(
        "svg", *lines, viewBox="0 0 1000 1000", preserveAspectRatio="none", aria_hidden="true"
    )
    dot = tag("div", css_class="dot", style=_at(chart.dot))
    x_labels = [
        tag("span", text, css_class="last" if x > MAX_LABEL else "", style=f"left:{percent(x)}")
        for x, text in chart.x_ticks
    ]
    y_labels = [tag("span", text, style=f"top:{percent(y)}") for y, text in chart.y_ticks]
    label = (
        f"bytes per token against merges: {merged.bytes_per_token:.2f} for this text, "
        f"{story_length(merged):.2f} for the story, at {merged.num_merges:,} merges"
    )
    return tag(
        "div",
        tag(
            "p", Y_NAME,
            tag(
                "span",
                tag("span", tag("i"), LINE_NAMES[0]),
                tag("span", tag("i", css_class="of-story"), LINE_NAMES[1]),
                css_class="which",
            ),
            css_class="lab what",
        ),
        tag("div", *y_labels, css_class="y-axis"),
        tag("div", svg, dot, css_class="plot", role="img", aria_label=label),
        tag("div", *x_labels, css_class="x-axis"),
        tag("div", X_NAME, css_class="x-name"),
        css_class="curve",
    )  # fmt: skip


def story_length(merged: MergedText) -> float:
    """Return the bytes per token of the story at this number of merges, or just below it."""
    return [y for x, y in merged.story_curve if x <= merged.num_merges][-1]


def _path(points: tuple[Point, ...], css_class: str) -> Markup:
    d = "M" + "L".join(f"{1000 * x:.1f} {1000 * y:.1f}" for x, y in points)
    return tag("path", css_class=css_class, d=d)


def _at(point: Point) -> str:
    return f"left:{percent(point[0])};top:{percent(point[1])}"
