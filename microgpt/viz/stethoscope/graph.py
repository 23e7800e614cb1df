"""The graph as HTML: boxes over SVG lines, once wide and once tall; the card's width decides."""

from microgpt.viz.html import Markup, join, percent, tag
from microgpt.viz.stethoscope.backward_data import BackwardReplay
from microgpt.viz.stethoscope.boxes import EdgeMark, NodeBox, edge_marks, node_boxes
from microgpt.viz.stethoscope.geometry import (
    MAX_WIDE_LEVELS,
    Geometry,
    tall_geometry,
    wide_geometry,
)
from microgpt.viz.stethoscope.layout import graph_layout


def render_graph(replay: BackwardReplay, before: BackwardReplay | None = None) -> Markup:
    """Return the graph; a slope that has arrived since `before` fades in."""
    layout = graph_layout([node.inputs for node in replay.nodes])
    wide, tall = wide_geometry(layout), tall_geometry(layout)
    edges, boxes = edge_marks(replay), node_boxes(replay)
    had_slope = set() if before is None else set(before.arrived())
    elements = [
        _box(box, wide, tall, index, before is not None and index not in had_slope)
        for index, box in enumerate(boxes)
    ]
    is_deep = layout.num_levels > MAX_WIDE_LEVELS
    sizes = f"--levels:{layout.num_levels};--high:{wide.height:.0f}px;--tall:{tall.height:.0f}px"
    return tag(
        "div",
        _lines(edges, wide, "across"), _lines(edges, tall, "upward"), *elements,
        css_class="graph deep" if is_deep else "graph",
        style=f"{sizes};--box:{percent(wide.box_width)};--tall-box:{percent(tall.box_width)}",
        role="img", aria_label=_description(boxes),
    )  # fmt: skip


def _box(box: NodeBox, wide: Geometry, tall: Geometry, index: int, is_new: bool) -> Markup:
    (x, y), (tall_x, tall_y) = wide.centres[index], tall.centres[index]
    classes = ["node", *["leaf"] * box.is_leaf, *["moved"] * box.is_moved]
    classes += [*["now"] * box.is_active, *["wrong"] * box.is_wrong]
    if box.slope:
        old = (tag("s", box.replaced), " ") if box.replaced else ()
        wrong = " ✗" if box.is_wrong else ""
        css_class = " ".join(["slope", *["sum"] * (" " in box.slope), *["gi"] * is_new])
        slope = tag("i", *old, box.slope, wrong, css_class=css_class)
    else:
        slope = tag("i", "waits", css_class="waits")
    return tag(
        "div",
        tag("em", box.caption) if box.caption else "",
        tag("small", box.label), tag("b", box.value), slope,
        css_class=" ".join(classes),
        style=f"--x:{percent(x)};--y:{y:.1f}px;--tx:{percent(tall_x)};--ty:{tall_y:.1f}px",
    )  # fmt: skip


def _lines(edges: list[EdgeMark], geometry: Geometry, css_class: str) -> Markup:
    paths, arrow = [], Markup("")
    for edge in edges:
        start, *pieces = geometry.path(edge)
        d = f"M{_svg_point(start[0])}" + "".join(
            f"{'C' if len(piece) == 3 else 'L'}{' '.join(map(_svg_point, piece))}"
            for piece in pieces
        )
        paths.append(tag("path", css_class=edge.state, d=d))
        if edge.state == "now":
            x, y = geometry.arrow(edge.source)
            arrow = tag("div", css_class="tip", style=f"left:{percent(x)};top:{y:.1f}px")
    svg = tag(
        "svg", *paths, viewBox=f"0 0 1000 {geometry.height:.0f}", preserveAspectRatio="none",
        aria_hidden="true",
    )  # fmt: skip
    return tag("div", join(svg, arrow), css_class=f"lines {css_class}")


def _svg_point(point: tuple[float, float]) -> str:
    return f"{1000 * point[0]:.1f} {point[1]:.1f}"


def _description(boxes: list[NodeBox]) -> str:
    """Return what the boxes show, for those who do not see them."""
    return "; ".join(
        f"{box.label} is {box.value}, {f'slope {box.slope}' if box.slope else 'no slope yet'}"
        for box in boxes
    )
