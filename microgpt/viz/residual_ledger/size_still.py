"""The still picture of a model's size: the figures, the strip and its parts."""

from microgpt.viz.drawing import MARGIN, Drawing, Rect, Text
from microgpt.viz.residual_ledger.data import SizePicture
from microgpt.viz.residual_ledger.labels import format_share
from microgpt.viz.residual_ledger.size_page import QUESTION, figures, operation_lines, segments

WIDTH, STRIP_TOP, STRIP, PITCH, GAP = 680, 178, 40, 24, 2
COLOURS = {
    "token table": "data2", "positions": "data3", "attention": "soft", "MLPs": "data",
    "norms": "ink3", "head": "mark2",
}  # fmt: skip


def draw_size(picture: SizePicture) -> Drawing:
    """Return the picture for readers without a kernel."""
    parts = segments(picture)
    bottom = STRIP_TOP + STRIP + 20 + len(parts) * PITCH
    drawing = Drawing(height=bottom + 80)
    drawing.add_question(QUESTION)
    for number, (figure, label) in enumerate(figures(picture)):
        left, y = MARGIN + number % 2 * 340, 76 + number // 2 * 52
        drawing.add(Text(left, y, figure, size=24, weight="light"))
        drawing.add(Text(left, y + 18, label, fill="ink2"))
    for number, (name, count, start, share) in enumerate(parts):
        edge = "data3" if COLOURS[name] == "soft" else "none"  # it is as light as the card
        x, width = MARGIN + start * WIDTH, max(share * WIDTH - GAP, 0.5)
        drawing.add(Rect(x, STRIP_TOP, width, STRIP, COLOURS[name], edge, radius=2))
        y = STRIP_TOP + STRIP + 32 + number * PITCH
        drawing.add(
            Rect(MARGIN, y - 11, 12, 12, COLOURS[name], edge, radius=3),
            Text(MARGIN + 20, y, name),
            Text(MARGIN + 260, y, f"{count:,}", "end"),
            Text(MARGIN + 340, y, format_share(share), "end", weight="bold"),
        )
    for number, line in enumerate(operation_lines(picture)):
        drawing.add(Text(MARGIN, bottom + 28 + number * 20, line, fill="ink2"))
    return drawing
