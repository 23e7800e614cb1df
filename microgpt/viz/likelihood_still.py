"""Draw the likelihood of a text as a still picture."""

from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.formatting import format_odds
from microgpt.viz.likelihood_view import (
    MAX_SHARE_BESIDE_NOTE,
    marks_of,
    odds_caption,
    text_tiles,
)
from microgpt.viz.log_prob_line import label_anchor, line_ticks
from microgpt.viz.origin_marks import draw_origin
from microgpt.viz.token_likelihood import (
    TextScores,
    question,
    score_rows,
    total_rows,
)

WIDTH, ROW_HEIGHT, TILE = 720, 26, 32
RIGHT = WIDTH - MARGIN
LINE_TOP, ROWS_TOP = 150, 218
BAR_LEFT, BAR_RIGHT, PROB_RIGHT, RANK_RIGHT = 70, 440, 520, 600  # pixels
LETTER_WIDTH = 7.4  # pixels of a letter of 13 pixels


def draw_likelihood(scores: TextScores) -> Drawing:
    """Draw what `render_likelihood` shows: tiles, the line, and a row for each token."""
    num_rows = len(score_rows(scores)[0])
    height = ROWS_TOP + ROW_HEIGHT * (num_rows + 4) + 16 if scores.tokens else 110
    drawing = Drawing(WIDTH, height)
    drawing.add_question(question(scores))
    _draw_tiles(drawing, scores)
    if scores.tokens:
        _draw_line(drawing, scores)
        _draw_rows(drawing, scores)
    return drawing


def _draw_tiles(drawing: Drawing, scores: TextScores) -> None:
    x = float(MARGIN)
    for label, classes in text_tiles(scores):
        width = TILE if len(label) == 1 else 12 + LETTER_WIDTH * max(3, len(label))
        if x + width > 460:  # the odds stand at the right
            drawing.add(Text(x, 78, "…", size=16))
            break
        is_unknown = "next" in classes
        fill, stroke = ("none", "mark") if is_unknown else ("well", "none")
        drawing.add(
            Rect(x, 56, width, TILE, fill, stroke, radius=6),
            Text(x + width / 2, 78, label, "middle", 13 if "word" in classes else 16),
        )
        if "least" in classes:
            drawing.add(Rect(x, 85, width, 3, "mark"))
        x += width + 4
    label = scores.memorization
    if x + 26 + LETTER_WIDTH * len(label) < 480:
        drawing.add(*draw_origin(x + 14, 72, label), Text(x + 26, 77, label, fill="ink2"))
    figure, unit = "no probability" if scores.text else "", ""
    if scores.tokens:
        figure, unit = format_odds(scores.nll), odds_caption(scores)
    weight = "light" if figure.isascii() else "normal"  # the light font has no raised digits
    drawing.add(Text(RIGHT, 72, figure, "end", 24, weight))
    drawing.add(Text(RIGHT, 92, unit, "end", fill="ink2"))


def _draw_line(drawing: Drawing, scores: TextScores) -> None:
    marks, exponent = marks_of(scores)
    left, right = MARGIN + 7.0, RIGHT - 7.0

    def add_label(text: str, position: float, y: float, fill: str, weight: str = "normal") -> None:
        # The width of a label is an estimate, so one at an end of the line begins or ends there.
        x, anchor = left + position * (right - left), label_anchor(text, position)
        side = {0.0: "start", 1.0: "end"}.get(anchor, "middle")
        if side == "middle":
            x += (0.5 - anchor) * LETTER_WIDTH * len(text)
        drawing.add(Text(x, y, text, side, fill=fill, weight=weight))

    drawing.add(Line(((left, LINE_TOP), (right, LINE_TOP)), "hair", 2))
    for position, label in line_ticks(exponent):
        x = left + position * (right - left)
        drawing.add(Line(((x, LINE_TOP - 5), (x, LINE_TOP + 5)), "ink3", 2))
        add_label(label, position, LINE_TOP + 22, "ink2")
    for mark in reversed(marks):
        x = left + mark.position * (right - left)
        y = LINE_TOP - 14 - 18 * (mark.tier or 0)
        if mark.is_text:
            drawing.add(Circle(x, LINE_TOP, 7, "data", "card", 3))
            add_label(mark.label, mark.position, y, "data", "bold")
        else:
            drawing.add(Line(((x, y + 4), (x, LINE_TOP + 5)), "ink3", 1.5))
            add_label(mark.label, mark.position, y, "ink2")


def _draw_rows(drawing: Drawing, scores: TextScores) -> None:
    rows, end = score_rows(scores)
    y = float(ROWS_TOP)
    heading = f"probability, given the {scores.unit}s before it"
    drawing.add(
        Text(BAR_LEFT, y, heading, fill="ink2"),
        Text(BAR_RIGHT, y, f"{100 * end:g} %", "end", fill="ink2"),
        Text(RANK_RIGHT, y, "rank", "end", fill="ink2"),
        Text(RIGHT, y, "log-likelihood", "end", fill="ink2"),
        Text(RIGHT, y - 15, "negative", "end", fill="ink2"),
    )
    y += 6
    for row in rows:
        middle, baseline = y + ROW_HEIGHT / 2, y + ROW_HEIGHT / 2 + 5
        colour, weight = ("mark", "bold") if row.is_rarest else ("ink", "normal")
        if row.share is None:
            drawing.add(Text(MARGIN, baseline, row.label, fill="ink2"))
        else:
            width = BAR_RIGHT - BAR_LEFT
            drawing.add(
                Text(BAR_LEFT - 12, baseline, row.label, "end", 14),
                Rect(BAR_LEFT, middle - 7, width, 14, "well", radius=3),
                Rect(BAR_LEFT, middle - 7, max(2.0, width * row.share), 14,
                     "mark" if row.is_rarest else "data", radius=3),
            )  # fmt: skip
            if row.is_rarest and row.share < MAX_SHARE_BESIDE_NOTE:
                x = BAR_LEFT + width * row.share + 8
                drawing.add(Text(x, baseline, "least probable"))
        drawing.add(
            Text(PROB_RIGHT, baseline, row.prob, "end", 14, weight, colour),
            Text(RANK_RIGHT, baseline, row.rank, "end", 14, fill="ink2"),
            Text(RIGHT, baseline, row.nll, "end", 14, weight, colour),
        )
        y += ROW_HEIGHT
    drawing.add(Line(((MARGIN, y + 6), (RIGHT, y + 6)), "hair"))
    y += 8
    for total in total_rows(scores):
        baseline = y + ROW_HEIGHT / 2 + 5
        drawing.add(
            Text(MARGIN, baseline, total.label, fill="ink2"),
            Text(RANK_RIGHT, baseline, total.odds, "end", 14, "bold"),
            Text(RIGHT, baseline, total.number, "end", 14, "bold"),
        )
        y += ROW_HEIGHT - 2
