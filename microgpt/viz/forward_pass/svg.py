"""Lines and areas of the boxes as SVG, which stretches with its box; it holds no text."""

import itertools

from microgpt.viz.forward_pass.marks import LogitBar, Square
from microgpt.viz.html import Markup, tag

DOT = 0.14  # side of a value of 0, as a share of its cell
FRAME = 0.06  # by how much a frame stands outside its cell, as a share of the cell
MAX_STROKE = 9.0  # pixels, of an arc that takes everything


def squares_svg(squares: list[Square], columns: int, framed: int | None = None) -> Markup:
    """Return a Hinton diagram: filled squares above 0, hollow ones below, dots at 0.

    The square with the index `framed` has a frame.
    """
    paths: dict[int, list[str]] = {1: [], -1: [], 0: []}
    for square in squares:
        side = DOT if square.sign == 0 else max(0.92 * square.side, DOT)
        if square.sign < 0:  # the stroke stands half outside
            side = max(side - 0.1, DOT)
        x, y = square.column + (1 - side) / 2, square.row + (1 - side) / 2
        paths[square.sign].append(f"M{x:.2f} {y:.2f}h{side:.2f}v{side:.2f}h-{side:.2f}z")
    rows = max((square.row for square in squares), default=0) + 1
    frame = []
    if framed is not None:
        x, y = squares[framed].column - FRAME, squares[framed].row - FRAME
        side = 1 + 2 * FRAME
        frame = [f"M{x:.2f} {y:.2f}h{side:.2f}v{side:.2f}h-{side:.2f}z"]
    return tag(
        "svg",
        *_paths((("above", paths[1]), ("below", paths[-1]), ("none", paths[0]), ("framed", frame))),
        viewBox=f"0 0 {columns} {rows}", aria_hidden="true",
    )  # fmt: skip


def triangle_svg(rows: list[list[Square]], columns: int) -> Markup:
    """Return the weights of a head: a cell for each pair of tokens, the lit token's row dark."""
    cells = "".join(f"M{one.column} {one.row}h1v1h-1z" for row in rows for one in row)
    parts = [("cells", cells), ("pale", "".join(map(_squares_path, rows)))]
    lit = [(f"at at{i}", _squares_path(row)) for i, row in enumerate(rows)]
    return tag(
        "svg", *_paths((*((name, [path]) for name, path in (*parts, *lit)),)),
        viewBox=f"0 0 {columns} {len(rows)}", aria_hidden="true",
    )  # fmt: skip


def _squares_path(squares: list[Square]) -> str:
    """Return filled squares as one path; those of 0 are left out."""
    path = ""
    for square in squares:
        if square.sign:
            side = max(0.9 * square.side, DOT)
            x, y = square.column + (1 - side) / 2, square.row + (1 - side) / 2
            path += f"M{x:.2f} {y:.2f}h{side:.2f}v{side:.2f}h-{side:.2f}z"
    return path


def bars_svg(bars: list[LogitBar]) -> Markup:
    """Return bars on both sides of the line at 0: filled above it, hollow below it."""
    paths: dict[bool, list[str]] = {True: [], False: []}
    zero = 0.0
    for i, bar in enumerate(bars):
        top, height = 100 * bar.top, 100 * (bar.bottom - bar.top)
        paths[bar.is_positive].append(f"M{i + 0.15:.2f} {top:.1f}h.7v{height:.1f}h-.7z")
        zero = 100 * (bar.bottom if bar.is_positive else bar.top)
    line = tag("path", css_class="zero", d=f"M0 {zero:.1f}H{len(bars)}")
    return tag(
        "svg",
        line,
        *_paths((("above", paths[True]), ("below", paths[False]))),
        viewBox=f"0 0 {len(bars)} 100", preserveAspectRatio="none", aria_hidden="true",
    )  # fmt: skip


def arcs_svg(weights: list[float | None], edges: list[float]) -> Markup:
    """Return an arc to each column from the last that has a weight; the larger, the wider.

    An arc to the column itself is a loop.
    """
    own = max(i for i, weight in enumerate(weights) if weight is not None)
    centres = [500 * (start + end) for start, end in itertools.pairwise(edges)]
    x, width = centres[own], 1000 * (edges[own + 1] - edges[own])
    arcs = []
    for column, weight in enumerate(weights):
        if weight is None:
            continue
        if column == own:
            path = (
                f"M{x:.0f} 100C{x - 0.1 * width:.0f} 34 {x + 0.42 * width:.0f} 34 "
                f"{x + 0.28 * width:.0f} 100"
            )
        else:
            top = 100 - min(130.0, 45 + 0.105 * abs(x - centres[column]))
            end = centres[column]
            path = f"M{x:.0f} 100C{x:.0f} {top:.0f} {end:.0f} {top:.0f} {end:.0f} 100"
        arcs.append(tag("path", d=path, stroke_width=f"{0.8 + (MAX_STROKE - 0.8) * weight:.1f}"))
    return tag("svg", *arcs, viewBox="0 0 1000 100", preserveAspectRatio="none", aria_hidden="true")


def _paths(parts: tuple[tuple[str, list[str]], ...]) -> list[Markup]:
    return [tag("path", css_class=name, d="".join(path)) for name, path in parts if path]
