"""The graph in two shapes: wide, with leaves on the left, and tall, with the result on top.

Positions along one axis are shares of the width, because boxes stretch with the card; along the
other they are pixels.
"""

from dataclasses import dataclass

from microgpt.viz.stethoscope.boxes import EdgeMark
from microgpt.viz.stethoscope.layout import GraphLayout

BOX_HEIGHT, CAPTION_HEIGHT = 62, 18  # pixels
ROW_PITCH, LEVEL_PITCH = 70, 86  # pixels from box to box: wide graph, tall graph
MAX_WIDE_LEVELS = 7  # more columns would be too narrow for a number
PORT = 9  # pixels from the middle of a box to where an edge of two ends
TALL_PORT = 0.028  # the same in the tall graph, as a share of the width

Point = tuple[float, float]  # x as a share of the width, y in pixels


@dataclass(frozen=True)
class Geometry:
    """The size of the graph, the middle of each box, and the width of boxes as a share."""

    is_tall: bool
    height: float
    centres: tuple[Point, ...]
    box_width: float
    layout: GraphLayout

    def path(self, edge: EdgeMark) -> list[tuple[Point, ...]]:
        """Return an edge from its source on: a start, then (point) lines and Bézier curves.

        A curve is (control, control, end). The edge leaves and arrives at right angles to boxes.
        """
        points = self.layout.route(edge.source, edge.node)
        pieces: list[tuple[Point, ...]] = []
        for index, (level, row) in enumerate(points):
            x, y = self.middle(level, row)
            is_last = index == len(points) - 1
            port = self.layout.ports[edge.node][edge.input_index] if is_last else 0.0
            if self.is_tall:
                x += TALL_PORT * port
                arrive, leave = (x, y + BOX_HEIGHT / 2), (x, y - BOX_HEIGHT / 2)
            else:
                y += PORT * port
                arrive, leave = (x - self.box_width / 2, y), (x + self.box_width / 2, y)
            if pieces:
                bow = 2 * port if edge.has_twin else 0.0
                pieces.append(self._curve(pieces[-1][-1], arrive, bow))
                if not is_last:
                    pieces.append((leave,))
            else:
                pieces.append((leave,))
        return pieces

    def arrow(self, source: int) -> Point:
        """Return where edges leave a box, the tip of an arrow that points back at it."""
        x, y = self.centres[source]
        return (x, y - BOX_HEIGHT / 2) if self.is_tall else (x + self.box_width / 2, y)

    def middle(self, level: float, row: float) -> Point:
        """Return the middle of a box at a level and a row."""
        if self.is_tall:
            y = CAPTION_HEIGHT + BOX_HEIGHT / 2 + LEVEL_PITCH * (self.layout.num_levels - 1 - level)
            return (row + 0.5) / self.layout.num_rows, y
        y = CAPTION_HEIGHT + BOX_HEIGHT / 2 + ROW_PITCH * row
        return (level + 0.5) / self.layout.num_levels, y

    def _curve(self, start: Point, end: Point, bow: float) -> tuple[Point, ...]:
        (x0, y0), (x1, y1) = start, end
        if self.is_tall:
            middle = (y0 + y1) / 2
            return (x0 + TALL_PORT * bow, middle), (x1 + TALL_PORT * bow, middle), end
        middle = (x0 + x1) / 2
        return (middle, y0 + PORT * bow), (middle, y1 + PORT * bow), end


def wide_geometry(layout: GraphLayout) -> Geometry:
    """Return the graph with a column for each level."""
    levels = layout.num_levels
    share = 0.7 if levels >= 6 else 0.62 if levels >= 4 else 0.54
    geometry = Geometry(
        False, CAPTION_HEIGHT + BOX_HEIGHT + ROW_PITCH * (layout.num_rows - 1), (), share / levels,
        layout,
    )  # fmt: skip
    return _with_centres(geometry)


def tall_geometry(layout: GraphLayout) -> Geometry:
    """Return the graph with a row for each level, the result on top."""
    height = CAPTION_HEIGHT + BOX_HEIGHT + LEVEL_PITCH * (layout.num_levels - 1)
    return _with_centres(Geometry(True, height, (), 0.86 / max(layout.num_rows, 2.5), layout))


def _with_centres(geometry: Geometry) -> Geometry:
    centres = tuple(geometry.middle(*point) for point in geometry.layout.positions)
    return Geometry(geometry.is_tall, geometry.height, centres, geometry.box_width, geometry.layout)
