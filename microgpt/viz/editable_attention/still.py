"""The still picture: the triangle on the left, the guess on the right."""

from microgpt.viz.drawing import MARGIN, Drawing, Line, Rect, Text
from microgpt.viz.editable_attention.arithmetic import Step, arithmetic_steps, arithmetic_title
from microgpt.viz.editable_attention.data import CUT, AttentionPicture
from microgpt.viz.editable_attention.guesses import guess_axis, guess_rows
from microgpt.viz.editable_attention.labels import (
    loss_texts,
    question,
    shown_name,
    token_label,
)
from microgpt.viz.editable_attention.page import (
    HIGH,
    cell_text,
    format_weight,
    sum_text,
    triangle_notes,
)
from microgpt.viz.formatting import format_prob, quoted, visible

TOP, LEFT, CELL, GAP = 96, 84, 40, 4
BARS_LEFT, BARS_WIDTH, BAR_PITCH = 430, 126, 24
RIGHT = 700


def draw_attention(picture: AttentionPicture) -> Drawing:
    """Return the picture for readers without a kernel."""
    positions = range(picture.first, len(picture.tokens))
    steps = arithmetic_steps(picture.arithmetic)
    size = min(CELL, (BARS_LEFT - 60 - LEFT - 40) / len(positions) - GAP)
    bottom = TOP + len(positions) * (size + GAP)
    height = max(bottom + 42, TOP + 9 * BAR_PITCH + 56) + 74
    drawing = Drawing(height=height)
    drawing.add_question(question(picture))
    drawing.add(Text(MARGIN, 62, f"weights of {shown_name(picture)}", fill="ink2"))
    for i, row in enumerate(positions):
        _draw_row(drawing, picture, row, TOP + i * (size + GAP), size)
    _draw_guess(drawing, picture)
    for i, note in enumerate(triangle_notes(picture)):
        drawing.add(Text(MARGIN, bottom + 16 + 18 * i, note, fill="ink2"))
    lines = [arithmetic_title(picture), *_chain(steps)]
    drawing.add(Line(((MARGIN, height - 70), (RIGHT, height - 70)), "hair"))
    for i, line in enumerate(lines):
        drawing.add(Text(MARGIN, height - 50 + 20 * i, line, fill="ink2" if i else "ink"))
    return drawing


def _chain(steps: list[Step]) -> list[str]:
    """Return the equations on two lines, the longer of them as short as can be."""
    texts = [
        f"{step.short_label}: {step.plain}" if step.short_label else step.plain for step in steps
    ]
    ways = [
        ["     ".join(texts[:middle]), "     ".join(texts[middle:])]
        for middle in range(1, len(texts))
    ]
    return min(ways, key=lambda lines: max(map(len, lines)))


def _draw_row(drawing: Drawing, picture: AttentionPicture, row: int, y: float, size: float) -> None:
    positions = range(picture.first, len(picture.tokens))
    middle = y + size / 2 + 5
    weight = "bold" if row == picture.row else "normal"
    drawing.add(Text(LEFT - 10, middle, token_label(picture, row), "end", weight=weight))
    for i, column in enumerate(positions):
        x = LEFT + i * (size + GAP)
        if row == picture.first:
            label = token_label(picture, column)
            drawing.add(Text(x + size / 2, TOP - 10, label, "middle", fill="ink2"))
        if column > row:
            drawing.add(Text(x + size / 2, middle, "·", "middle", fill="ink3"))
            continue
        share = float(picture.shown[row, column])
        drawing.add(Rect(x, y, size, size, "well", radius=5))
        if share > 0.02:
            fill = "data" if row == picture.row else "data2"
            drawing.add(Rect(x, y + size * (1 - share), size, size * share, fill, radius=5))
        if (row, column) == (picture.row, picture.column):
            drawing.add(
                Rect(x - 2, y - 2, size + 4, size + 4, stroke="mark", stroke_width=2, radius=6)
            )
        text = cell_text(picture, row, column)
        is_light = row == picture.row and share > HIGH
        if picture.state_of(row, column) == CUT:
            text = format_weight(float(picture.shown_before[row, column]))
            drawing.add(Line(((x + 6, middle - 5), (x + size - 6, middle - 5)), "ink"))
        drawing.add(
            Text(x + size / 2, middle, text, "middle", fill="on-data" if is_light else "ink")
        )
    x = LEFT + len(positions) * (size + GAP) + 6
    if row == picture.first:
        drawing.add(Text(x, TOP - 10, "sum", fill="ink2"))
    drawing.add(Text(x, middle, sum_text(picture, row), weight=weight, fill="ink2"))


def _draw_guess(drawing: Drawing, picture: AttentionPicture) -> None:
    rows = guess_rows(picture)
    end, _ = guess_axis(rows)
    text = quoted(picture.text) if picture.text else "the start"
    drawing.add(Text(BARS_LEFT, 62, f"next {picture.unit} after {text}", fill="ink2"))
    for i, row in enumerate(rows):
        y = TOP - 14 + i * BAR_PITCH
        label = f"{row.count:,} more" if row.token is None else visible(picture.labels[row.token])
        fill = "data2" if row.token is None else "data"
        drawing.add(
            Text(BARS_LEFT + 46, y + 15, label, "end", fill="ink2" if row.token is None else "ink")
        )
        drawing.add(Rect(BARS_LEFT + 54, y + 4, BARS_WIDTH * row.now / end, 14, fill, radius=2))
        if picture.edits:
            outline = Rect(BARS_LEFT + 54, y + 1, BARS_WIDTH * row.before / end, 20, stroke="ink",
                           stroke_width=1.2, radius=2)  # fmt: skip
            drawing.add(outline)
        mark = " ◀ true" if row.token == picture.target else ""
        x = BARS_LEFT + 60 + BARS_WIDTH * max(row.now, row.before) / end
        drawing.add(Text(x, y + 15, format_prob(row.now) + mark, fill="mark" if mark else "ink2"))
    before, now = loss_texts(picture)
    y = TOP - 14 + len(rows) * BAR_PITCH + 34
    figure = f"{before} → {now}" if picture.edits else now
    label = f"negative log-likelihood of {quoted(picture.labels[picture.target])}, in nats"
    drawing.add(Text(BARS_LEFT, y, figure, size=24, weight="light"))
    drawing.add(Text(BARS_LEFT, y + 22, label, fill="ink2"))
