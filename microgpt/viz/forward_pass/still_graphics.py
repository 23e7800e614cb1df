"""What stands in the boxes of the still picture: columns, squares, bars, in pixels."""

import itertools
from collections.abc import Sequence

from microgpt.viz.drawing import Circle, Drawing, Line, Rect, Text
from microgpt.viz.formatting import label_length
from microgpt.viz.forward_pass.activation_data import HIDDEN_LABEL, ForwardPass
from microgpt.viz.forward_pass.marks import (
    MAX_VALUES,
    NUM_LOGIT_LABELS,
    VALUE_COLUMNS,
    Square,
    axis_letters,
    column_edges,
    embedding_squares,
    label_width,
    logit_bars,
    prob_rows,
)

INNER, GRAPHIC_HEIGHT = 300, 112  # of a box, without its padding


def draw_tile(
    drawing: Drawing, x: float, y: float, label: str, is_lit: bool = False, anchor: str = "middle"
) -> float:
    """Draw a token's tile around x, or left of it; return its width."""
    width = max(22.0, 8 + 8.5 * label_length(label))
    left = x - width if anchor == "end" else x - width / 2
    drawing.add(Rect(left, y, width, 22, "data" if is_lit else "well", radius=5))
    weight, fill = ("bold", "on-data") if is_lit else ("normal", "ink")
    drawing.add(Text(left + width / 2, y + 16, label, "middle", 13, weight, fill))
    return width


def draw_columns(
    drawing: Drawing, forward: ForwardPass, x: float, y: float, tile_y: float, width: float = INNER
) -> list[float]:
    """Draw the tiles of the tokens and the lit column; return the centre of each column shown.

    The columns share `width` pixels.
    """
    edges = column_edges(forward)
    num_hidden = len(edges) - 1 - forward.num_shown
    centres = [x + width * (start + end) / 2 for start, end in itertools.pairwise(edges)]
    left = x + width * edges[-2]
    drawing.add(Rect(left, y, x + width - left, GRAPHIC_HEIGHT, "soft", radius=6))
    if num_hidden:
        draw_tile(drawing, centres[0], tile_y, HIDDEN_LABEL)
    labels = forward.shown_labels()
    for i, (label, centre) in enumerate(zip(labels, centres[num_hidden:], strict=True)):
        draw_tile(drawing, centre, tile_y, label, is_lit=i == len(labels) - 1)
    return centres


def draw_tokens(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    centres = draw_columns(drawing, forward, x, y, y + 4)[-forward.num_shown :]
    digits = max(len(str(token)) for token in forward.shown_ids)
    is_wide = digits * len(centres) > 20
    size = 24 if digits <= 2 and len(centres) <= 4 else 14
    for i, (token, centre) in enumerate(zip(forward.shown_ids, centres, strict=True)):
        end = y + (66 if is_wide and i % 2 else 80)
        drawing.add(Line(((centre, y + 31), (centre, end)), "ink3", 1.2))
        drawing.add(
            Line(((centre - 3, end - 4), (centre, end), (centre + 3, end - 4)), "ink3", 1.2)
        )
        weight = "light" if size == 24 else "normal"
        drawing.add(Text(centre, end + size, str(token), "middle", size, weight))


def draw_embedding(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    centres = draw_columns(drawing, forward, x, y, y + 4)[-forward.num_shown :]
    columns, edges = VALUE_COLUMNS, column_edges(forward)
    column_width = 0.86 * INNER * (edges[-1] - edges[-2])
    cell = min(column_width / columns, 76 * columns / MAX_VALUES)
    for squares, centre in zip(embedding_squares(forward), centres, strict=True):
        top = y + 69 - cell * (squares[-1].row + 1) / 2
        draw_squares(drawing, squares, centre - cell * columns / 2, top, cell)


def draw_squares(
    drawing: Drawing, squares: Sequence[Square], x: float, y: float, cell: float
) -> None:
    for square in squares:
        centre_x, centre_y = x + (square.column + 0.5) * cell, y + (square.row + 0.5) * cell
        if square.sign == 0:
            drawing.add(Circle(centre_x, centre_y, 1.2, "ink3"))
            continue
        side = max(0.92 * square.side * cell, 1.5)
        fill, stroke = ("data", "none") if square.sign > 0 else ("none", "mark")
        side -= 1.5 * (square.sign < 0)
        side = max(side, 1.5)
        drawing.add(Rect(centre_x - side / 2, centre_y - side / 2, side, side, fill, stroke, 1.5))


def draw_logits(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    bars = logit_bars(forward, forward.num_shown - 1)
    letters = axis_letters(forward)
    width, top, height = float(INNER), y + 16, GRAPHIC_HEIGHT - 16.0
    if letters:  # room for them below the bars, and for the last, which is longer
        width, top, height = INNER - 10.0, y + 2, GRAPHIC_HEIGHT - 20.0
    pitch, largest = width / len(bars), forward.ranked_ids[-1, :NUM_LOGIT_LABELS]
    for i, bar in enumerate(bars):
        left, size = x + (i + 0.15) * pitch, height * (bar.bottom - bar.top)
        fill, stroke = ("data", "none") if bar.is_positive else ("none", "mark")
        drawing.add(Rect(left, top + height * bar.top, 0.7 * pitch, size, fill, stroke, 1.2))
        centre = x + (i + 0.5) * pitch
        if letters:
            is_long = label_length(letters[i]) > 1
            at, anchor = (centre - 4, "start") if is_long else (centre, "middle")
            weight, fill = ("bold", "ink") if i in largest else ("normal", "ink2")
            drawing.add(Text(at, y + GRAPHIC_HEIGHT - 3, letters[i], anchor, 13, weight, fill))
        elif bar.label:
            share = (i + 0.5) / len(bars)
            anchor = "end" if share > 0.9 else "start" if share < 0.1 else "middle"
            at = centre + {"end": 4, "start": -4}.get(anchor, 0)
            drawing.add(Text(at, top + height * bar.top - 4, bar.label, anchor, 13))
    zero = top + height * (bars[0].bottom if bars[0].is_positive else bars[0].top)
    drawing.add(Line(((x, zero), (x + width, zero)), "ink3", 1))


def draw_probs(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    rows = prob_rows(forward, forward.num_shown - 1)
    bar_left = label_width(rows) + 8
    bar_width = INNER - bar_left - 64
    for i, row in enumerate(rows):
        middle = y + 9 + 18.7 * i
        weight = "bold" if i == 0 else "normal"
        fill = "ink" if row.share is not None else "ink2"
        drawing.add(Text(x, middle + 5, row.label, size=13, fill=fill))
        drawing.add(Text(x + INNER, middle + 5, row.prob, "end", 13, weight, fill))
        if row.share is not None:
            left, width = x + bar_left, bar_width * row.share
            drawing.add(Rect(left, middle - 5, width, 11, "data", radius=min(2, width / 2)))
