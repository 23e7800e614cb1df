"""The still picture of a forward pass: the six boxes of the live view, the last token lit."""

import itertools
from collections.abc import Sequence

from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.formatting import label_length
from microgpt.viz.forward_pass.activation_data import HIDDEN_LABEL, ForwardPass
from microgpt.viz.forward_pass.marks import (
    HIDDEN_COLUMNS,
    MAX_VALUES,
    VALUE_COLUMNS,
    Square,
    column_edges,
    embedding_squares,
    hidden_squares,
    label_width,
    logit_bars,
    prob_rows,
    weight_texts,
)
from microgpt.viz.forward_pass.svg import MAX_STROKE
from microgpt.viz.forward_pass.texts import BoxText, box_texts, question

WIDTH, TOP = 720, 56
BOX_WIDTH, GAP_X, GAP_Y, PADDING = 218, 13, 12, 10
INNER, GRAPHIC_TOP, GRAPHIC_HEIGHT = BOX_WIDTH - 2 * PADDING, 70, 112
FOOT_TOP, LINE_HEIGHT = GRAPHIC_TOP + GRAPHIC_HEIGHT + 18, 16
TEXT_SIZE, LINE_LENGTH = 12, 32  # of the texts in a box; characters of a line


def draw_forward_pass(forward: ForwardPass) -> Drawing:
    """Draw six boxes from text to next token, with the model's shapes and numbers."""
    texts = box_texts(forward)
    num_lines = max(len(_foot(text)) for text in texts)
    box_height = FOOT_TOP + LINE_HEIGHT * num_lines - 4
    drawing = Drawing(WIDTH, TOP + 2 * box_height + GAP_Y + 44)
    drawing.add_question(question(forward))
    graphics = (
        _draw_tokens, _draw_embedding, _draw_attention, _draw_mlp, _draw_logits, _draw_probs,
    )  # fmt: skip
    for i, (text, draw) in enumerate(zip(texts, graphics, strict=True)):
        row, column = divmod(i, 3)
        x, y = MARGIN + column * (BOX_WIDTH + GAP_X), TOP + row * (box_height + GAP_Y)
        drawing.add(Rect(x, y, BOX_WIDTH, box_height, "page", "hair", radius=8))
        if column < 2:
            middle_x, middle_y = x + BOX_WIDTH + GAP_X / 2, y + box_height / 2
            points = ((-2, -5), (3, 0), (-2, 5))
            drawing.add(Line(tuple((middle_x + a, middle_y + b) for a, b in points), "ink3", 1.5))
        _draw_texts(drawing, forward, i, text, x + PADDING, y)
        draw(drawing, forward, x + PADDING, y + GRAPHIC_TOP)
    _draw_legend(drawing, TOP + 2 * box_height + GAP_Y + 26)
    return drawing


def _draw_legend(drawing: Drawing, y: float) -> None:
    for x, text, fill, stroke in ((0, "above 0", "data", "none"), (86, "below 0", "none", "mark")):
        drawing.add(Rect(MARGIN + x, y - 10, 11, 11, fill, stroke, 1.5, radius=2))
        drawing.add(Text(MARGIN + x + 17, y, text, fill="ink2"))
    drawing.add(Text(MARGIN + 172, y, "the larger, the further from 0", fill="ink2"))


def _draw_texts(
    drawing: Drawing, forward: ForwardPass, index: int, text: BoxText, x: float, y: float
) -> None:
    """Draw the title, the sentence, the shape and the notebooks of a box."""
    drawing.add(Text(x, y + 26, str(index + 1), size=14, fill="ink2"))
    drawing.add(Text(x + 16, y + 26, text.title, size=14, weight="bold"))
    if index >= 3:
        label = forward.shown_labels()[-1]
        width = _draw_tile(drawing, x + INNER, y + 10, label, is_lit=True, anchor="end")
        if index > 3:
            drawing.add(Text(x + INNER - width - 6, y + 26, "after", "end", fill="ink2"))
    for i, line in enumerate(_lines(text.sentence)):
        drawing.add(Text(x, y + 45 + LINE_HEIGHT * i, line, size=TEXT_SIZE, fill="ink2"))
    for i, line in enumerate(_foot(text)):
        drawing.add(Text(x, y + FOOT_TOP + LINE_HEIGHT * i, line, size=TEXT_SIZE, fill="ink2"))


def _foot(text: BoxText) -> list[str]:
    """Return the lines below a box's graphic, for the last position."""
    return [*_lines(text.output[-1]), *_lines(text.notebook)]


def _lines(sentence: str) -> list[str]:
    """Break a sentence into lines of at most LINE_LENGTH characters."""
    lines = [""]
    for word in sentence.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > LINE_LENGTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _draw_tile(
    drawing: Drawing, x: float, y: float, label: str, is_lit: bool = False, anchor: str = "middle"
) -> float:
    """Draw a token's tile around x, or left of it; return its width."""
    width = max(22.0, 8 + 8.5 * label_length(label))
    left = x - width if anchor == "end" else x - width / 2
    drawing.add(Rect(left, y, width, 22, "data" if is_lit else "well", radius=5))
    weight, fill = ("bold", "on-data") if is_lit else ("normal", "ink")
    drawing.add(Text(left + width / 2, y + 16, label, "middle", 13, weight, fill))
    return width


def _draw_columns(
    drawing: Drawing, forward: ForwardPass, x: float, y: float, tile_y: float
) -> list[float]:
    """Draw the tiles of the tokens and the lit column; return the centre of each column shown."""
    edges = column_edges(forward)
    num_hidden = len(edges) - 1 - forward.num_shown
    centres = [x + INNER * (start + end) / 2 for start, end in itertools.pairwise(edges)]
    left = x + INNER * edges[-2]
    drawing.add(Rect(left, y, x + INNER - left, GRAPHIC_HEIGHT, "soft", radius=6))
    if num_hidden:
        _draw_tile(drawing, centres[0], tile_y, HIDDEN_LABEL)
    labels = forward.shown_labels()
    for i, (label, centre) in enumerate(zip(labels, centres[num_hidden:], strict=True)):
        _draw_tile(drawing, centre, tile_y, label, is_lit=i == len(labels) - 1)
    return centres


def _draw_tokens(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    centres = _draw_columns(drawing, forward, x, y, y + 4)[-forward.num_shown :]
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


def _draw_embedding(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    centres = _draw_columns(drawing, forward, x, y, y + 4)[-forward.num_shown :]
    columns, edges = VALUE_COLUMNS, column_edges(forward)
    column_width = 0.86 * INNER * (edges[-1] - edges[-2])
    cell = min(column_width / columns, 76 * columns / MAX_VALUES)
    for squares, centre in zip(embedding_squares(forward), centres, strict=True):
        top = y + 69 - cell * (squares[-1].row + 1) / 2
        _draw_squares(drawing, squares, centre - cell * columns / 2, top, cell)


def _draw_attention(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    centres = _draw_columns(drawing, forward, x, y, y + 66)
    weights = forward.column_weights(forward.num_shown - 1)
    own, edges = centres[-1], column_edges(forward)
    column_width = INNER * (edges[-1] - edges[-2])
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
        drawing.add(Text(centre, y + 104, number, "middle", 13))


def _cubic(xs: list[float], y: float, depth: float) -> tuple[tuple[float, float], ...]:
    """Return points of a cubic curve with controls at `xs`; the inner two are `depth` above y."""
    x0, x1, x2, x3 = xs
    points = []
    for step in range(25):
        t = step / 24
        a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
        points.append((a * x0 + b * x1 + c * x2 + d * x3, y - (b + c) * depth))
    return tuple(points)


def _draw_mlp(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    squares = hidden_squares(forward)[-1]
    rows = squares[-1].row + 1
    cell = min(INNER / HIDDEN_COLUMNS, GRAPHIC_HEIGHT / rows)
    _draw_squares(drawing, squares, x, y + (GRAPHIC_HEIGHT - rows * cell) / 2, cell)


def _draw_squares(
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


def _draw_logits(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    bars = logit_bars(forward, forward.num_shown - 1)
    pitch, top, height = INNER / len(bars), y + 16, GRAPHIC_HEIGHT - 16
    for i, bar in enumerate(bars):
        left, size = x + (i + 0.15) * pitch, height * (bar.bottom - bar.top)
        fill, stroke = ("data", "none") if bar.is_positive else ("none", "mark")
        drawing.add(Rect(left, top + height * bar.top, 0.7 * pitch, size, fill, stroke, 1.2))
        if bar.label:
            share = (i + 0.5) / len(bars)
            anchor = "end" if share > 0.9 else "start" if share < 0.1 else "middle"
            at = x + share * INNER + {"end": 4, "start": -4}.get(anchor, 0)
            drawing.add(Text(at, top + height * bar.top - 4, bar.label, anchor, 13))
    zero = top + height * (bars[0].bottom if bars[0].is_positive else bars[0].top)
    drawing.add(Line(((x, zero), (x + INNER, zero)), "ink3", 1))


def _draw_probs(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
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
