"""The still picture of the stethoscope: the same composition as the live view's."""

from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.stethoscope.backward_data import BackwardReplay
from microgpt.viz.stethoscope.boxes import NodeBox, edge_marks, node_boxes
from microgpt.viz.stethoscope.caption import edge_label, question
from microgpt.viz.stethoscope.curve import curve_chart
from microgpt.viz.stethoscope.geometry import (
    BOX_HEIGHT,
    MAX_WIDE_LEVELS,
    Geometry,
    tall_geometry,
    wide_geometry,
)
from microgpt.viz.stethoscope.layout import graph_layout
from microgpt.viz.stethoscope.numbers import format_number

WIDTH, TOP = 720, 76
INNER = WIDTH - 2 * MARGIN
MAX_LEVEL_WIDTH = 160  # pixels
PLOT_LEFT, PLOT_WIDTH, PLOT_HEIGHT = MARGIN + 52, 330, 140
CURVE_POINTS = 16  # of a Bézier curve

Pixel = tuple[float, float]


def draw_replay(replay: BackwardReplay, expression: str = "") -> Drawing:
    """Draw the graph above the curve, with both slopes; `expression` stands below the question."""
    layout = graph_layout([node.inputs for node in replay.nodes])
    is_tall = layout.num_levels > MAX_WIDE_LEVELS
    geometry = tall_geometry(layout) if is_tall else wide_geometry(layout)
    width = INNER if is_tall else min(INNER, MAX_LEVEL_WIDTH * layout.num_levels)
    plot_top = TOP + geometry.height + (44 if replay.current_step is None else 76)
    drawing = Drawing(WIDTH, plot_top + PLOT_HEIGHT + 40)
    drawing.add_question(question(replay))
    drawing.add(Text(MARGIN, 60, expression, size=14, fill="ink2"))
    _draw_graph(drawing, replay, geometry, MARGIN + (INNER - width) / 2, width)
    _draw_present_edge(drawing, replay, TOP + geometry.height + 30)
    _draw_curve(drawing, replay, plot_top)
    return drawing


def _draw_graph(
    drawing: Drawing, replay: BackwardReplay, geometry: Geometry, left: float, width: float
) -> None:
    def pixel(point: Pixel) -> Pixel:
        return left + width * point[0], TOP + point[1]

    styles = {"todo": ("ink3", 1.5, False), "done": ("mark", 2.5, True), "now": ("mark", 4, False)}
    for edge in edge_marks(replay):
        start, *pieces = geometry.path(edge)
        points = [pixel(start[0])]
        for piece in pieces:
            corners = [points[-1], *map(pixel, piece)]
            points += _bezier(corners) if len(corners) == 4 else corners[1:]
        stroke, stroke_width, dashed = styles[edge.state]
        drawing.add(Line(tuple(points), stroke, stroke_width, dashed))
        if edge.state == "now":
            x, y = pixel(geometry.arrow(edge.source))
            tip = ((0, 0), (-7, -11), (7, -11)) if geometry.is_tall else ((0, 0), (11, -7), (11, 7))
            drawing.add(Line(tuple((x + dx, y + dy) for dx, dy in tip), "mark", 1, fill="mark"))
    for box, centre in zip(node_boxes(replay), geometry.centres, strict=True):
        _draw_box(drawing, box, pixel(centre), min(geometry.box_width * width, 110))


def _bezier(corners: list[Pixel]) -> list[Pixel]:
    """Return points on a cubic Bézier curve, its start left out."""
    points = []
    for i in range(1, CURVE_POINTS + 1):
        t = i / CURVE_POINTS
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        points.append(
            (sum(w * x for w, (x, _) in zip(weights, corners, strict=True)),
             sum(w * y for w, (_, y) in zip(weights, corners, strict=True)))
        )  # fmt: skip
    return points


def _draw_box(drawing: Drawing, box: NodeBox, centre: Pixel, width: float) -> None:
    x, y = centre
    left, top = x - width / 2, y - BOX_HEIGHT / 2
    if box.is_active:
        drawing.add(
            Rect(left - 4, top - 4, width + 8, BOX_HEIGHT + 8, "card", "mark", 2, radius=11)
        )
    stroke, stroke_width = ("data", 2.0) if box.is_moved else ("hair", 1.0)
    drawing.add(Rect(left, top, width, BOX_HEIGHT, "page", stroke, stroke_width, radius=8))
    if box.caption:
        drawing.add(Text(x, top - 6, box.caption, "middle", fill="ink2"))
    drawing.add(
        Text(x, top + 18, box.label, "middle", fill="ink2"),
        Text(x, top + 37, box.value, "middle", 16),
    )
    old = f"{box.replaced} → " if box.replaced else ""
    slope, weight, fill = f"◀ {old}{box.slope}{' ✗' * box.is_wrong}", "bold", "mark"
    if not box.slope:
        slope, weight, fill = "waits", "normal", "ink2"
    drawing.add(Text(x, top + 55, slope, "middle", 12, weight, fill))


def _draw_present_edge(drawing: Drawing, replay: BackwardReplay, y: float) -> None:
    step = replay.current_step
    if step is not None:
        factors = (
            f"{format_number(step.local_grad)} × {format_number(step.upstream)} = "
            f"{format_number(step.contribution)}"
        )
        text = f"edge {replay.position} of {len(replay.steps)}, {edge_label(replay, step)}"
        drawing.add(Text(MARGIN, y, text, fill="ink2"))
        drawing.add(Text(WIDTH / 2, y + 3, factors, "middle", 20, "light"))


def _draw_curve(drawing: Drawing, replay: BackwardReplay, top: float) -> None:
    chart = curve_chart(replay)

    def pixel(point: Pixel) -> Pixel:
        return PLOT_LEFT + PLOT_WIDTH * point[0], top + PLOT_HEIGHT * point[1]

    for y, label in chart.y_ticks:
        height = pixel((0, y))[1]
        drawing.add(Line(((PLOT_LEFT, height), (PLOT_LEFT + PLOT_WIDTH, height)), "grid"))
        drawing.add(Text(PLOT_LEFT - 8, height + 4, label, "end", fill="ink2"))
    for x, label in chart.x_ticks:
        drawing.add(Text(pixel((x, 0))[0], top + PLOT_HEIGHT + 20, label, "middle", fill="ink2"))
    leaf = replay.moved_leaf.name
    title = f"{replay.result_name} against {leaf}"
    drawing.add(Text(PLOT_LEFT, top - 10, title, fill="ink2"))
    for line in chart.lines:
        drawing.add(Line(tuple(map(pixel, line)), "data", 2.5))
    if chart.tangent:
        drawing.add(Line(tuple(map(pixel, chart.tangent)), "mark", 2.5, dashed=True))
    for corner in chart.corners:
        x, y = pixel(corner)
        diamond = ((x, y - 12), (x + 12, y), (x, y + 12), (x - 12, y), (x, y - 12))
        drawing.add(Line(diamond, "ink", 2))
    drawing.add(Circle(*pixel(chart.dot), 6, "mark", "card", 2))
    x = PLOT_LEFT + PLOT_WIDTH + 40
    measured = replay.measured_slope
    figures = (
        (format_number(replay.final_grads[replay.leaf]), f"gradient of {leaf} by autograd", "mark"),
        ("none" if measured is None else format_number(measured), "by measuring", "ink"),
    )
    for row, (number, label, fill) in enumerate(figures):
        y = top + 36 + 62 * row
        drawing.add(Text(x, y, number, size=24, weight="light", fill=fill))
        drawing.add(Text(x, y + 20, label, fill="ink2"))
