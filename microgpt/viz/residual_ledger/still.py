"""The still picture of the ledger: a row for each part, its bar, and the running total."""

from microgpt.viz.drawing import MARGIN, Drawing, Line, Rect, Text
from microgpt.viz.formatting import format_prob
from microgpt.viz.residual_ledger.caption import check_sum
from microgpt.viz.residual_ledger.data import LedgerPicture
from microgpt.viz.residual_ledger.labels import (
    after,
    held_scales,
    pair,
    probability_ratio,
    question,
    quoted_pair,
    row_label,
    signed,
)
from microgpt.viz.residual_ledger.rows import LedgerRow, ledger_axis, picture_rows

TOP, PITCH, BAR = 152, 26, 14
SHARE, LEFT, WIDTH, RIGHT = 220, 240, 356, 700
MIDDLE = LEFT + WIDTH / 2


def draw_ledger(picture: LedgerPicture) -> Drawing:
    """Return the picture for readers without a kernel."""
    rows = picture_rows(picture)
    end = ledger_axis(picture, rows)
    bottom = TOP + (len(rows) + 1) * PITCH
    drawing = Drawing(height=bottom + 92)
    drawing.add_question(question(picture))
    _draw_figures(drawing, picture)
    _draw_axis(drawing, picture, end, bottom)
    total: float | None = 0.0
    for number, row in enumerate(rows):
        _draw_row(drawing, picture, row, TOP + number * PITCH, end, total)
        total = total if row.total is None else row.total
    drawing.add(
        Line(((MARGIN, bottom - PITCH), (RIGHT, bottom - PITCH)), "ink3"),
        Text(MARGIN, bottom - 8, "all parts", weight="bold"),
        Text(SHARE, bottom - 8, signed(picture.total), "end", weight="bold"),
    )
    if not picture.by_size:
        x = _x(picture.total, end)
        drawing.add(Line(((x, bottom - PITCH), (x, bottom - 4)), "ink", 2.5))
    _draw_foot(drawing, picture, bottom)
    return drawing


def _x(number: float, end: float) -> float:
    return MIDDLE + number / end * WIDTH / 2


def _draw_figures(drawing: Drawing, picture: LedgerPicture) -> None:
    first, second = quoted_pair(picture)
    ratio, meaning = probability_ratio(picture)
    drawing.add(
        Text(MARGIN, 72, signed(picture.difference), size=24, weight="light"),
        Text(MARGIN, 94, f"logit of {first} minus logit of {second}", fill="ink2"),
        Text(LEFT + 60, 72, ratio, size=24, weight="light"),
        Text(LEFT + 60, 94, meaning, fill="ink2"),
        Text(RIGHT, 72, after(picture), "end", fill="ink2"),
    )


def _draw_axis(drawing: Drawing, picture: LedgerPicture, end: float, bottom: float) -> None:
    first, second = pair(picture)
    y = TOP - 12
    drawing.add(
        Text(MARGIN, y, "part", fill="ink2"), Text(SHARE, y, "contribution", "end", fill="ink2"),
        Text(LEFT, y, f"−{end:g}", fill="ink2"),
        Text(LEFT + WIDTH / 4, y, f"◂ {second}", "middle", fill="ink2"),
        Text(MIDDLE, y, "0", "middle", fill="ink2"),
        Text(LEFT + 3 * WIDTH / 4, y, f"{first} ▸", "middle", fill="ink2"),
        Text(LEFT + WIDTH, y, f"+{end:g}", "end", fill="ink2"),
    )  # fmt: skip
    if not picture.by_size:
        drawing.add(Text(RIGHT, y, "running total", "end", fill="ink2"))
    for share in (-1, -0.5, 0, 0.5, 1):
        x = _x(share * end, end)
        drawing.add(Line(((x, TOP - 4), (x, bottom)), "grid" if share else "ink3"))


def _draw_row(
    drawing: Drawing, picture: LedgerPicture, row: LedgerRow, y: float, end: float,
    total: float | None,
) -> None:  # fmt: skip
    baseline = y + PITCH - 8
    fill = "ink2" if row.is_piece else "ink"
    label = row_label(picture, row)
    drawing.add(
        Text(MARGIN + 16 * row.is_piece, baseline, label, fill=fill),
        Text(SHARE, baseline, signed(row.share), "end", fill=fill),
    )
    zero, tip = sorted((_x(0, end), _x(row.share, end)))
    height = BAR - 4 * row.is_piece
    top = y + (PITCH - height) / 2
    colour = "mark" if row.share >= 0 else "data"
    drawing.add(Rect(zero, top, tip - zero, height, colour, radius=2))
    lost = picture.loss_without(row.pieces)
    if lost is not None:
        x, middle = _x(lost, end), y + PITCH / 2
        corners = ((x, middle - 6), (x + 6, middle), (x, middle + 6), (x - 6, middle))
        drawing.add(Line(corners, "ink", 1.6, fill="card"))
    if row.total is not None and total is not None:
        points = ((_x(total, end), y), (_x(row.total, end), y), (_x(row.total, end), y + PITCH))
        drawing.add(Line(points, "ink", 1.4))
        drawing.add(Text(RIGHT, baseline, signed(row.total), "end", fill="ink2"))
    elif row.is_piece and total is not None and not picture.by_size:
        drawing.add(Line(((_x(total, end), y), (_x(total, end), y + PITCH)), "ink", 1.4))


def _draw_foot(drawing: Drawing, picture: LedgerPicture, bottom: float) -> None:
    first, second = pair(picture)
    probs = (format_prob(float(picture.probs[t])) for t in (picture.first, picture.second))
    probs_text = "probabilities: {} {}, {} {}".format(
        *(x for pair_ in zip((first, second), probs, strict=True) for x in pair_)
    )
    steps = [f"{label} {number}" for label, number in check_sum(picture)]
    held = [f"scale of {name}, held: × {scale:.4f}" for name, scale in held_scales(picture)]
    y = bottom + 72
    drawing.add(
        Text(MARGIN, bottom + 24, "     ".join(steps)),
        Text(MARGIN, bottom + 48, "     ".join([*held, probs_text]), fill="ink2"),
        Rect(MARGIN, y - 11, 12, 12, "mark", radius=3),
        Text(MARGIN + 20, y, f"+ for {first}", fill="ink2"),
        Rect(MARGIN + 180, y - 11, 12, 12, "data", radius=3),
        Text(MARGIN + 200, y, f"− for {second}", fill="ink2"),
    )
    if picture.without:
        drawing.add(Text(MARGIN + 360, y, "◇ how far it falls without the part", fill="ink2"))
