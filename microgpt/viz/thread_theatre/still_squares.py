"""Threads and cells of the still picture: grids of squares with marks."""

from collections.abc import Sequence
from itertools import groupby

from microgpt.viz.drawing import Circle, Drawing, Line, Rect
from microgpt.viz.thread_theatre.data import CHANGES, ENDED, READS, WAITS, WRITES, Cell

Square = str | Cell  # what a thread does, or an element


def draw_squares(
    drawing: Drawing, squares: Sequence[Square], columns: int, x: float, y: float, size: int
) -> None:
    """Draw squares in rows of `columns`, 1 pixel apart.

    Neighbours with the same ground are one stripe that lines divide: a shape for each of a thousand
    squares would take seconds.
    """
    pitch = size + 1
    for row, first in enumerate(range(0, len(squares), columns)):
        top, column = y + pitch * row, 0
        for ground, run in groupby(squares[first : first + columns], _ground):
            count = len(list(run))
            _draw_ground(drawing, ground, x + pitch * column, top, pitch * count - 1, size)
            column += count
    bottom = y + pitch * -(-len(squares) // columns) - 1
    for column in range(1, columns):
        left = x + pitch * column - 0.5
        drawing.add(Line(((left, y), (left, bottom)), "card", 1.4))
    for number, square in enumerate(squares):
        row, column = divmod(number, columns)
        _draw_mark(drawing, square, x + pitch * column, y + pitch * row, size)


def draw_square(drawing: Drawing, square: Square, x: float, y: float, size: float) -> None:
    """Draw one square with its mark."""
    _draw_ground(drawing, _ground(square), x, y, size, size)
    _draw_mark(drawing, square, x, y, size)


def _ground(square: Square) -> tuple[str, str]:
    """Return the colours of a square and of its edge."""
    if isinstance(square, str):
        return ("none", "none") if square == ENDED else ("well", "none")
    if square.is_clash:
        return "mark2", "mark"
    if square.is_now:
        return "soft", "data"
    return ("none", "hair") if square.is_empty else ("well", "none")


def _draw_ground(
    drawing: Drawing, ground: tuple[str, str], x: float, y: float, width: float, height: float
) -> None:
    fill, stroke = ground
    if stroke == "none":
        drawing.add(Rect(x, y, width, height, fill))
    else:
        drawing.add(Rect(x + 0.75, y + 0.75, width - 1.5, height - 1.5, fill, stroke, 1.5))


def _draw_mark(drawing: Drawing, square: Square, x: float, y: float, size: float) -> None:
    centre = x + size / 2, y + size / 2
    if square == WAITS:
        drawing.add(Circle(*centre, 0.28 * size, "none", "ink3", 1.5))
    elif square == ENDED:
        drawing.add(Circle(*centre, 0.12 * size, "ink3"))
    elif isinstance(square, Cell) and square.is_clash:
        near, far = 0.22 * size, 0.78 * size
        drawing.add(Line(((x + near, y + near), (x + far, y + far)), "mark", 1.5))
        drawing.add(Line(((x + near, y + far), (x + far, y + near)), "mark", 1.5))
    else:
        reads, writes = _touches(square)
        fill = "data3" if isinstance(square, Cell) and not square.is_now else "data"
        if writes:
            edge, width = 0.16 * size, 0.68 * size
            drawing.add(Rect(x + edge, y + edge, width, width, fill))
        if reads:
            drawing.add(Circle(*centre, *((0.18 * size, "card") if writes else (0.3 * size, fill))))


def _touches(square: Square) -> tuple[bool, bool]:
    """Return whether a square is marked as read from or reading, and the same for writing."""
    if isinstance(square, Cell):
        return square.was_read, square.was_written
    return square in (READS, CHANGES), square in (WRITES, CHANGES)
