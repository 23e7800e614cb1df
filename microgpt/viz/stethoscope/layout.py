"""Where the nodes of a graph stand: a level for each step of computation, rows within a level."""

from collections.abc import Sequence
from dataclasses import dataclass

# The smallest distances between the rows of two neighbours in a level; an edge that passes by is
# thinner than a box.
NODE_GAP, MIXED_GAP, EDGE_GAP = 1.0, 0.72, 0.4

Point = tuple[float, float]  # level and row


@dataclass(frozen=True)
class GraphLayout:
    """The (level, row) of each node, and of the points between that each edge passes through.

    Levels count from 0 for leaves, rows from 0 to `num_rows` − 1, and may be fractions.
    `passages[source]` holds the points that edges from that node pass, one a level. `ports[node]`
    has, for each input, where its edge ends, from −1 (first row) to 1; edges do not cross there.
    """

    positions: tuple[Point, ...]
    passages: dict[int, tuple[Point, ...]]
    num_levels: int
    num_rows: float
    ports: tuple[tuple[float, ...], ...]

    def route(self, source: int, target: int) -> list[Point]:
        """Return the points of an edge, from the node `source` to the later node `target`."""
        end = self.positions[target]
        between = [point for point in self.passages.get(source, ()) if point[0] < end[0]]
        return [self.positions[source], *between, end]


def graph_layout(inputs: Sequence[Sequence[int]]) -> GraphLayout:
    """Lay out a graph whose node i was computed from the nodes `inputs[i]`, all before it.

    Leaves stand in level 0 in their order, every other node one level after its last input, near
    the mean row of its inputs. Edges that skip levels keep a row free in each.
    """
    levels: list[int] = []
    for sources in inputs:
        levels.append(1 + max(levels[source] for source in sources) if sources else 0)
    last_use = {
        source: max(levels[node] for node, used in enumerate(inputs) if source in used)
        for source in {source for used in inputs for source in used}
    }
    leaves = [node for node, level in enumerate(levels) if level == 0]
    rows: dict[int, float] = {node: float(row) for row, node in enumerate(leaves)}
    passing: dict[int, list[Point]] = {}
    arrivals: dict[tuple[int, int], float] = {}  # (node, source) -> the row its edge comes from
    latest = dict(rows)  # the row in which the edges of a node are at the level before this one
    for level in range(1, max(levels) + 1):
        items: list[tuple[float, int, bool]] = []  # the row wished for, the node, whether a box
        for node, of_node in enumerate(levels):
            if of_node == level:
                wished = [latest[source] for source in inputs[node]]
                arrivals.update({(node, source): latest[source] for source in inputs[node]})
                items.append((sum(wished) / len(wished), node, True))
            elif of_node < level < last_use.get(node, 0):
                items.append((latest[node], node, False))
        for row, (_, node, is_box) in zip(_apart(items), sorted(items), strict=True):
            latest[node] = row
            if is_box:
                rows[node] = row
            else:
                passing.setdefault(node, []).append((level, row))
    all_rows = [*rows.values(), *(row for points in passing.values() for _, row in points)]
    first = min(all_rows)
    return GraphLayout(
        tuple((level, rows[node] - first) for node, level in enumerate(levels)),
        {node: tuple((level, row - first) for level, row in points)
         for node, points in passing.items()},
        max(levels) + 1,
        max(all_rows) - first + 1,
        tuple(_ports([arrivals[node, source] for source in used])
              for node, used in enumerate(inputs)),
    )  # fmt: skip


def _ports(rows: Sequence[float]) -> tuple[float, ...]:
    """Return where edges that come from these rows end, from −1 to 1, in the order of the rows."""
    order = sorted(range(len(rows)), key=rows.__getitem__)
    return tuple(
        2 * order.index(i) / (len(rows) - 1) - 1 if len(rows) > 1 else 0.0 for i in range(len(rows))
    )


def _apart(items: list[tuple[float, int, bool]]) -> list[float]:
    """Return rows for the sorted items, far enough apart, and near those wished for."""
    items = sorted(items)
    rows: list[float] = []
    for index, (wished, _, is_box) in enumerate(items):
        if index:
            boxes = is_box + items[index - 1][2]
            wished = max(wished, rows[-1] + (EDGE_GAP, MIXED_GAP, NODE_GAP)[boxes])
        rows.append(wished)
    shift = sum(row - wished for row, (wished, *_) in zip(rows, items, strict=True)) / len(rows)
    return [row - shift for row in rows]
