"""The boxes of attention and MLP in the still picture, with the stream that passes them."""

import textwrap

from microgpt.viz.drawing import Circle, Drawing, Line, Rect, Text
from microgpt.viz.forward_pass.activation_data import ForwardPass
from microgpt.viz.forward_pass.layer_texts import (
    heads_label,
    heads_sentence,
    hidden_label,
    hidden_sentence,
    sizes_label,
    stream_labels,
    takes_label,
)
from microgpt.viz.forward_pass.marks import (
    MAX_HEADS,
    column_edges,
    head_squares,
    hidden_squares,
    weight_texts,
)
from microgpt.viz.forward_pass.residual import (
    addition_squares,
    additions,
    example_index,
    example_label,
    example_sum,
)
from microgpt.viz.forward_pass.still_graphics import (
    GRAPHIC_HEIGHT,
    INNER,
    draw_columns,
    draw_squares,
)
from microgpt.viz.forward_pass.svg import MAX_STROKE

GUTTER, STREAM = 32, 10  # of the stream: its width, and its line, from the left
FRAME_TOP, FRAME_HEIGHT, FRAME_PADDING = 40, 304, 8
LAYER_HEIGHT = FRAME_TOP + FRAME_HEIGHT + 125
BEFORE, ADDED, SUM = 26, FRAME_TOP + FRAME_HEIGHT + 32, FRAME_TOP + FRAME_HEIGHT + 72
SQUARE, HEAD_GAP = 14, 10
LINE_LENGTH, LINE_HEIGHT = 35, 17  # of a sentence inside the frame
WIDTH = INNER - GUTTER - 2 * FRAME_PADDING  # inside the frame


def draw_attention(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    """Draw arcs from the last token to those it takes from, all heads, and the addition."""
    _draw_around(drawing, forward, 0, x, y)
    x, y, last = x + GUTTER + FRAME_PADDING, y + FRAME_TOP, forward.num_shown - 1
    drawing.add(Text(x, y + 19, takes_label(forward, last), fill="ink2"))
    _draw_arcs(drawing, forward, x, y + 28)
    num_heads, num_columns = min(forward.num_heads, MAX_HEADS), len(column_edges(forward)) - 1
    cell = min((WIDTH + HEAD_GAP) / MAX_HEADS - HEAD_GAP, 60) / num_columns
    for head in range(num_heads):
        left = x + head * (WIDTH + HEAD_GAP) / MAX_HEADS
        _draw_triangle(drawing, forward, head, left, y + 148, cell)
    drawing.add(Text(x, y + 228, heads_label(forward), fill="ink2"))
    _draw_sentence(drawing, heads_sentence(forward), x, y + 250)


def draw_mlp(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    """Draw the numbers inside the MLP after the last token, and the addition."""
    _draw_around(drawing, forward, 1, x, y)
    x, y = x + GUTTER + FRAME_PADDING, y + FRAME_TOP
    squares = hidden_squares(forward)[-1]
    drawing.add(Text(x, y + 19, sizes_label(forward), fill="ink2"))
    draw_squares(drawing, squares, x, y + 30, SQUARE)
    y += 30 + SQUARE * (squares[-1].row + 1) + 20
    drawing.add(Text(x, y, hidden_label(forward, forward.num_shown - 1), fill="ink2"))
    _draw_sentence(drawing, hidden_sentence(forward), x, y + 22)


def _draw_sentence(drawing: Drawing, sentence: str, x: float, y: float) -> None:
    for i, line in enumerate(textwrap.wrap(sentence, LINE_LENGTH)):
        drawing.add(Text(x, y + LINE_HEIGHT * i, line, fill="ink2"))


def _draw_around(drawing: Drawing, forward: ForwardPass, index: int, x: float, y: float) -> None:
    """Draw the stream, the frame of a part, and the three rows of the addition."""
    line, left = x + STREAM, x + GUTTER
    path = ((left - 5, BEFORE), (line, BEFORE), (line, SUM), (left - 5, SUM))
    drawing.add(_stream(*((path_x, y + path_y) for path_x, path_y in path)))
    frame_y = y + FRAME_TOP
    drawing.add(
        Rect(left, frame_y, INNER - GUTTER, FRAME_HEIGHT, "raised", "hair", radius=6),
        _stream((line, frame_y + 14), (left - 2, frame_y + 14)),
        _stream((left - 6, frame_y + 10), (left - 2, frame_y + 14), (left - 6, frame_y + 18)),
        _stream((line, y + ADDED), (left - 5, y + ADDED)),
        Circle(line, y + ADDED, 10, "raised", "ink3", 2),
        Text(line, y + ADDED + 5, "+", "middle", 14, "bold"),
    )
    squares, last = addition_squares(forward)[index], forward.num_shown - 1
    for label, row, centre in zip(
        stream_labels(forward, index), squares, (BEFORE, ADDED, SUM), strict=True
    ):
        drawing.add(Text(left, y + centre - 13, label, fill="ink2"))
        draw_squares(drawing, row[last], left, y + centre - SQUARE / 2, SQUARE)
    addition = additions(forward)[index]
    if (framed := example_index(addition, last)) is not None:
        for centre in (BEFORE, ADDED, SUM):
            top = y + centre - SQUARE / 2
            drawing.add(
                Rect(
                    left + SQUARE * framed - 1, top - 1, SQUARE + 2, SQUARE + 2, "none", "ink", 1.5
                )
            )
    for i, text in enumerate((example_label(addition, last), example_sum(addition, last))):
        drawing.add(Text(left, y + SUM + 27 + LINE_HEIGHT * i, text, fill="ink2"))


def _stream(*points: tuple[float, float]) -> Line:
    return Line(points, "ink3", 2)


def _draw_arcs(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    centres = draw_columns(drawing, forward, x, y, y + 66, WIDTH)
    weights = forward.column_weights(forward.num_shown - 1)
    own, edges = centres[-1], column_edges(forward)
    column_width = WIDTH * (edges[-1] - edges[-2])
    for centre, weight, number in zip(centres, weights, weight_texts(weights), strict=True):
        if weight is None:
            continue
        stroke = 0.8 + (MAX_STROKE - 0.8) * weight
        if centre == own:
            xs = [own + part * column_width for part in (0, -0.1, 0.42, 0.28)]
            points = _cubic(xs, y + 64, 44)
        else:
            depth = min(75.0, 26 + 0.33 * abs(own - centre))
            points = _cubic([own, own, centre, centre], y + 64, depth)
        drawing.add(Line(points, "data", stroke))
        drawing.add(Text(centre, y + GRAPHIC_HEIGHT - 8, number, "middle", 13))


def _draw_triangle(
    drawing: Drawing, forward: ForwardPass, head: int, x: float, y: float, cell: float
) -> None:
    """Draw the weights of a head; the last row is dark."""
    for row, squares in enumerate(head_squares(forward, head)):
        fill = "data" if row == forward.num_shown - 1 else "ink3"
        for one in squares:
            left, top = x + one.column * cell, y + row * cell
            side = max(0.9 * one.side * cell, 1.0) if one.sign else 0.0
            inset = (cell - side) / 2
            drawing.add(Rect(left, top, cell, cell, "well"))
            drawing.add(Rect(left + inset, top + inset, side, side, fill))


def _cubic(xs: list[float], y: float, depth: float) -> tuple[tuple[float, float], ...]:
    """Return points of a cubic curve with controls at `xs`; the inner two are `depth` above y."""
    x0, x1, x2, x3 = xs
    points = []
    for step in range(25):
        t = step / 24
        a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
        points.append((a * x0 + b * x1 + c * x2 + d * x3, y - (b + c) * depth))
    return tuple(points)
