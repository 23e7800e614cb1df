"""The curve of the result against the moved leaf, with a dot, and a line of autograd's slope."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from microgpt.viz.axis import value_ticks
from microgpt.viz.html import Markup, join, percent, tag
from microgpt.viz.stethoscope.backward_data import BackwardReplay
from microgpt.viz.stethoscope.numbers import format_number

TANGENT = 0.7  # how far the tangent reaches to both sides
REACH = 1.5  # spans of the middle 80 % of the curve that fit above and below them
MARGIN = 0.08  # above and below, as a share of the height

Point = tuple[float, float]  # shares of the width and of the height, from the top left


@dataclass(frozen=True)
class CurveChart:
    """All that is drawn, as shares of the plot. `lines` are the pieces of the curve."""

    lines: tuple[tuple[Point, ...], ...]
    tangent: tuple[Point, ...]
    dot: Point
    corners: tuple[Point, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def curve_chart(replay: BackwardReplay) -> CurveChart:
    """Lay out the curve; values far beyond most of it are cut off."""
    xs, leaf = replay.curve.xs, replay.moved_leaf.value
    result, slope = replay.nodes[-1].value, replay.final_grads[replay.leaf]
    low, high = _value_range([y for y in replay.curve.ys if y is not None], result)

    def x_share(x: float) -> float:
        return (x - xs[0]) / (xs[-1] - xs[0])

    def position(x: float, y: float) -> Point:
        return x_share(x), (high - y) / (high - low)

    segments = [
        (position(x0, y0), position(x1, y1))
        for (x0, y0), (x1, y1) in pairwise(zip(xs, replay.curve.ys, strict=True))
        if y0 is not None and y1 is not None
    ]
    tangent = (
        position(leaf - TANGENT, result - TANGENT * slope),
        position(leaf + TANGENT, result + TANGENT * slope),
    )
    return CurveChart(
        _joined(segments),
        _clipped(*tangent),
        position(leaf, result),
        tuple(position(x, y) for x, y in replay.curve.corners if low <= y <= high),
        tuple((x_share(x), format_number(x)) for x in value_ticks(xs[0], xs[-1], 4)),
        tuple((position(leaf, y)[1], format_number(y)) for y in value_ticks(low, high, 4)),
    )


def _joined(segments: list[tuple[Point, Point]]) -> tuple[tuple[Point, ...], ...]:
    """Return the parts of successive segments inside the plot, as lines."""
    lines: list[list[Point]] = []
    for segment in segments:
        part = _clipped(*segment)
        if part and lines and lines[-1][-1] == part[0]:
            lines[-1].append(part[1])
        elif part:
            lines.append(list(part))
    return tuple(map(tuple, lines))


def _clipped(start: Point, end: Point) -> tuple[Point, ...]:
    """Return the part of a segment inside the plot: two points, or none."""
    first, last = 0.0, 1.0
    for axis in (0, 1):
        origin, size = start[axis], end[axis] - start[axis]
        if size:
            at_edges = sorted((-origin / size, (1 - origin) / size))
            first, last = max(first, at_edges[0]), min(last, at_edges[1])
        elif not 0 <= origin <= 1:
            return ()
    if first >= last:
        return ()

    def between(share: float) -> Point:
        if share in (0.0, 1.0):
            return (start, end)[int(share)]
        return tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))  # type: ignore

    return between(first), between(last)


def _value_range(ys: list[float], result: float) -> tuple[float, float]:
    """Return the ends of the vertical axis: the curve's, but not those of a pole."""
    ys = sorted([*ys, result])
    near_low, near_high = ys[len(ys) // 10], ys[-1 - len(ys) // 10]
    reach = REACH * (near_high - near_low)
    low = min(result, max(ys[0], near_low - reach))
    high = max(result, min(ys[-1], near_high + reach))
    size = (high - low) or max(1.0, abs(high))
    return low - MARGIN * size, high + MARGIN * size


def render_curve(replay: BackwardReplay) -> Markup:
    """Return the curve as HTML around SVG lines."""
    chart = curve_chart(replay)
    lines = [
        *(_path([(0, y), (1, y)], "grid") for y, _ in chart.y_ticks),
        *(_path(line, "line") for line in chart.lines),
        *([_path(chart.tangent, "tangent")] if chart.tangent else []),
    ]
    svg = tag(
        "svg", *lines, viewBox="0 0 1000 1000", preserveAspectRatio="none", aria_hidden="true"
    )
    marks = [
        tag("div", css_class="corner", title="a corner", style=_at(point))
        for point in chart.corners
    ]
    x_labels = [tag("span", text, style=f"left:{percent(x)}") for x, text in chart.x_ticks]
    y_labels = [tag("span", text, style=f"top:{percent(y)}") for y, text in chart.y_ticks]
    leaf, result = replay.moved_leaf.name, replay.result_name
    at = format_number(replay.moved_leaf.value)
    label = f"{result} against {leaf}, with a line of autograd's slope at {leaf} = {at}"
    return tag(
        "div",
        tag("p", f"{result} against {leaf}", *([corner_legend()] if marks else []),
            css_class="lab what"),
        tag("div", *y_labels, css_class="y-axis"),
        tag("div", join(svg, *marks), tag("div", css_class="dot", style=_at(chart.dot)),
            css_class="plot", role="img", aria_label=label),
        tag("div", *x_labels, css_class="x-axis"),
        css_class="curve",
    )  # fmt: skip


def corner_legend() -> Markup:
    """Return the legend of the mark of a corner."""
    return join(" · ", tag("span", "◇", css_class="sign"), " a corner")


def _path(points: Sequence[Point], css_class: str) -> Markup:
    d = "M" + "L".join(f"{1000 * x:.0f} {1000 * y:.0f}" for x, y in points)
    return tag("path", css_class=css_class, d=d)


def _at(point: Point) -> str:
    return f"left:{percent(point[0])};top:{percent(point[1])}"
