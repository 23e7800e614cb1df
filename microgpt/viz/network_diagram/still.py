"""The still picture of the network: the same four boxes in one row."""

from microgpt.viz.drawing import MARGIN, Drawing, Line, Rect, Text
from microgpt.viz.formatting import visible_input
from microgpt.viz.forward_pass.still_graphics import draw_squares
from microgpt.viz.network_diagram.data import (
    HIDDEN_COLUMNS,
    NetworkPass,
    box_texts,
    question,
)

WIDTH, TOP = 720, 84
GAP, PADDING = 18, 9
BOX_WIDTH = (WIDTH - 2 * MARGIN - 3 * GAP) / 4
INNER = BOX_WIDTH - 2 * PADDING
GRAPHIC_TOP, MIN_GRAPHIC = TOP + 68, 124
TILE, STRIP, ROW = 30, 42, 21
NOTE_LINE, LETTER_ROW = 19, 16


def draw_network(shown: NetworkPass) -> Drawing:
    """Draw the boxes and the arrows between them."""
    num_hidden_rows = shown.hidden_squares[-1].row + 1
    heights = (
        STRIP * len(shown.tokens),
        _cell(HIDDEN_COLUMNS) * num_hidden_rows,
        _logits_height(shown),
        ROW * len(shown.prob_rows),
    )
    graphic_height = max(MIN_GRAPHIC, *heights)
    note_top = GRAPHIC_TOP + graphic_height + 26
    bottom = note_top + NOTE_LINE * max(len(lines) for _, _, lines in box_texts(shown))
    drawing = Drawing(WIDTH, bottom + MARGIN)
    drawing.add_question(question(shown))
    _draw_key(drawing)
    for index, (title, size, lines) in enumerate(box_texts(shown)):
        left = MARGIN + index * (BOX_WIDTH + GAP)
        drawing.add(Rect(left, TOP, BOX_WIDTH, bottom - TOP, "raised", "hair", radius=8))
        drawing.add(Text(left + PADDING, TOP + 24, title, size=14, weight="bold"))
        drawing.add(Text(left + PADDING, TOP + 52, size, size=22, weight="light"))
        for number, line in enumerate(lines):
            y = note_top + NOTE_LINE * number
            drawing.add(Text(left + PADDING, y, line, fill="ink2"))
        if index:
            _draw_arrow(drawing, left - GAP / 2, GRAPHIC_TOP + graphic_height / 2)
        draw = (_draw_strips, _draw_hidden, _draw_logits, _draw_probs)[index]
        draw(drawing, shown, left + PADDING)
    return drawing


def _cell(columns: int) -> float:
    return INNER / columns


def _logits_height(shown: NetworkPass) -> float:
    cell = _cell(shown.logit_columns)
    return sum(cell + LETTER_ROW * bool(labels) for labels, _ in shown.logit_rows)


def _draw_key(drawing: Drawing) -> None:
    drawing.add(Rect(MARGIN, 54, 11, 11, "data"), Text(MARGIN + 18, 64, "above 0", fill="ink2"))
    drawing.add(Rect(MARGIN + 90, 55, 10, 10, "none", "mark", 1.5))
    drawing.add(Text(MARGIN + 107, 64, "below 0", fill="ink2"))
    drawing.add(Text(MARGIN + 180, 64, "the larger, the further from 0", fill="ink2"))


def _draw_arrow(drawing: Drawing, x: float, y: float) -> None:
    drawing.add(Line(((x - 3, y - 6), (x + 3, y), (x - 3, y + 6)), "ink3", 2))


def _draw_strips(drawing: Drawing, shown: NetworkPass, x: float) -> None:
    for index, (label, squares) in enumerate(zip(shown.tokens, shown.strips, strict=True)):
        y, columns = GRAPHIC_TOP + STRIP * index, max(one.column for one in squares) + 1
        drawing.add(Rect(x, y, TILE, TILE, "well", radius=6))
        name = visible_input(label)
        size = 16 if len(name) == 1 else 13
        drawing.add(Text(x + TILE / 2, y + 20, name, "middle", size))
        cell = min((INNER - TILE - 8) / columns, STRIP / (squares[-1].row + 1))
        top = y + TILE / 2 - cell * (squares[-1].row + 1) / 2
        draw_squares(drawing, squares, x + TILE + 8, top, cell)


def _draw_hidden(drawing: Drawing, shown: NetworkPass, x: float) -> None:
    draw_squares(drawing, shown.hidden_squares, x, GRAPHIC_TOP, _cell(HIDDEN_COLUMNS))


def _draw_logits(drawing: Drawing, shown: NetworkPass, x: float) -> None:
    y, cell = float(GRAPHIC_TOP), _cell(shown.logit_columns)
    for labels, squares in shown.logit_rows:
        for column, label in enumerate(labels):
            if len(label) > 1:  # wider than its cell: it begins where the cell does
                drawing.add(Text(x + column * cell + 1, y + 11, label))
            else:
                drawing.add(Text(x + (column + 0.5) * cell, y + 11, label, "middle"))
        y += LETTER_ROW * bool(labels)
        draw_squares(drawing, squares, x, y, cell)
        y += cell


def _draw_probs(drawing: Drawing, shown: NetworkPass, x: float) -> None:
    name_width = 18 if max(len(label) for label, _, _ in shown.prob_rows) == 1 else 28
    track = INNER - name_width - 50
    equal = x + name_width + track * shown.equal_share / shown.axis_end
    for index, (label, share, prob) in enumerate(shown.prob_rows):
        y = GRAPHIC_TOP + ROW * index
        drawing.add(Text(x, y + 14, label, "start", 14))
        drawing.add(Rect(x + name_width, y + 3, track, 12, "well", radius=2))
        drawing.add(Rect(x + name_width, y + 3, track * share, 12, "data", radius=2))
        drawing.add(Line(((equal, y), (equal, y + 18)), "ink", 1.5))
        drawing.add(Text(x + INNER, y + 14, prob, "end"))
