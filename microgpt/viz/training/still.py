"""The still picture of the training view, for readers without a kernel."""

import textwrap

from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.formatting import visible, width_in_em
from microgpt.viz.origin_marks import MARKS, draw_origin
from microgpt.viz.training.chart import LossChart, loss_chart
from microgpt.viz.training.columns import Column, columns, cut_off
from microgpt.viz.training.progress import TrainingProgress
from microgpt.viz.training.render import QUESTION, status_line
from microgpt.viz.training.wording import legend_texts

WIDTH = 720
LEFT, RIGHT = 96.0, 560.0  # of the plot
TOP, BOTTOM = 116, 316
LEGEND_LEFT = (MARGIN, MARGIN + 300.0, MARGIN + 400.0)
LEGEND_STROKES = (("data3", 1.5), ("data", 2.5), ("data", 2.5))
LINE = 24  # pixels between two names
NAME_SIZE, NAME_WIDTH = 15.0, 84.0  # pixels of a name; what the names of a column need, mostly
UNIT_LENGTH = 10  # letters of a line below a perplexity
LABEL_OFFSETS = {"above": -9, "below": 18, "higher": -25, "lower": 34}  # of a held-out loss


def draw_training_still(progress: TrainingProgress) -> Drawing:
    """Draw the same parts as the live view, without the time that training took."""
    cells = columns(progress)
    num_lines = max((len(column.samples) for column in cells), default=0)
    names_top = BOTTOM + 126
    drawing = Drawing(WIDTH, names_top + LINE * max(1, num_lines) + 30)
    drawing.add_question(QUESTION)
    drawing.add(Text(MARGIN, BOTTOM + 54, "perplexity", fill="ink2"))
    _draw_progress(drawing, progress)
    _draw_chart(drawing, loss_chart(progress))
    column_width = (RIGHT - LEFT) / max(1, len(cells))
    for i, column in enumerate(cells):
        _draw_column(drawing, column, LEFT + column_width * (i + 0.5), column_width, names_top)
    notes = (
        (BOTTOM + 26, ("later steps stand", "closer together")),
        (
            BOTTOM + 66,
            ("perplexity: like", "choosing among", f"so many {progress.unit}s"),
        ),
    )
    for y, lines in notes:
        for i, line in enumerate(lines):
            drawing.add(Text(RIGHT + 10, y + 16 * i, line, fill="ink2"))
    _draw_legend(drawing, progress, cells, drawing.height - 16)
    return drawing


def _draw_progress(drawing: Drawing, progress: TrainingProgress) -> None:
    status = status_line(progress, with_time=False)
    y, left = 66.0, MARGIN + 7.2 * len(status) + 12
    drawing.add(Text(MARGIN, y, status, fill="ink2"))
    if progress.status != "finished":
        share = progress.steps_done / max(1, progress.steps)
        drawing.add(
            Rect(left, y - 6, WIDTH - MARGIN - left, 4, "well", radius=2),
            Rect(left, y - 6, (WIDTH - MARGIN - left) * share, 4, "data", radius=2),
        )
    y = 88.0
    marks = zip(LEGEND_LEFT, legend_texts(progress), LEGEND_STROKES, strict=True)
    for x, text, (colour, width) in marks:
        if not text:
            continue
        is_circle = x == LEGEND_LEFT[-1]
        line = Line(((x, y - 4), (x + 12, y - 4)), colour, width)
        drawing.add(Circle(x + 6, y - 4, 4.5, "card", colour, width) if is_circle else line)
        drawing.add(Text(x + 18, y, text, fill="ink2"))


def _draw_chart(drawing: Drawing, chart: LossChart) -> None:
    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + (RIGHT - LEFT) * x, TOP + (BOTTOM - TOP) * y

    drawing.add(Text(LEFT + 4, TOP - 4, "loss, nats", fill="ink2"))
    for y, label in chart.ticks:
        drawing.add(
            Line((at(0, y), at(1, y))), Text(LEFT - 8, at(0, y)[1] + 4.5, label, "end", fill="ink2")
        )
    for line in chart.baselines:
        drawing.add(Line((at(0, line.y), at(1, line.y)), "ink3", 1.5, dashed=True))
        x, y = RIGHT + 10, at(1, line.label_y)[1]
        for i, text in enumerate((line.name, line.loss, line.perplexity)):
            drawing.add(Text(x, y - 11 + 16 * i, text, fill="ink2"))
    for x in chart.minor_ticks:
        drawing.add(Line(((at(x, 0)[0], BOTTOM + 4), (at(x, 0)[0], BOTTOM + 8)), "ink3"))
    inside = tuple((x, min(max(y, 0.0), 1.0)) for x, y in chart.raw)
    for points, colour, width in ((inside, "data3", 1.0), (chart.smooth, "data", 2.5)):
        if points:
            drawing.add(Line(tuple(at(*point) for point in points), colour, width))
    for point in chart.held_out:
        x, y = at(point.x, point.y)
        drawing.add(Circle(x, y, 4.5, "card", "data", 2.5))
        is_left = point.position == "first" or point.side in ("below", "lower")
        dx, anchor = (-8, "end") if is_left else (7, "start")
        dy = LABEL_OFFSETS[point.side]
        label_width = 8.5 * len(point.label)
        label_left = x + dx - label_width * is_left
        drawing.add(
            Rect(label_left, y + dy - 12, label_width, 14, "card"),
            Text(x + dx, y + dy, point.label, anchor, weight="bold", fill="data"),
        )
    if chart.head is not None:
        drawing.add(Circle(*at(*chart.head), 4.5, "data"))
    drawing.add(Line(((LEFT, BOTTOM + 8), (RIGHT, BOTTOM + 8)), "hair"))


def _draw_column(
    drawing: Drawing, column: Column, x: float, width: float, names_top: float
) -> None:
    """Draw a column around x: its step, its perplexity, its samples."""
    weight = "light" if column.figure.isascii() else "normal"  # the light font has few letters
    drawing.add(
        Line(((x, BOTTOM + 2), (x, BOTTOM + 8)), "ink3"),
        Text(x, BOTTOM + 26, column.step, "middle", fill="ink2"),
        Text(x, BOTTOM + 54, column.figure, "middle", 24, weight),
    )
    for i, line in enumerate(textwrap.wrap(column.unit, UNIT_LENGTH)):
        drawing.add(Text(x, BOTTOM + 72 + 16 * i, line, "middle", fill="ink2"))
    left = x - NAME_WIDTH / 2
    for i, sample in enumerate(column.samples):
        y = names_top + LINE * i + 10
        marks = draw_origin(left + 4.5, y - 5, sample.label)
        text_left = left + 16 * bool(marks)
        max_width = (x + width / 2 - 4 - text_left) / NAME_SIZE
        shown = visible(sample.text, len(sample.text) + 1) or sample.long
        if width_in_em(shown) > max_width:
            shown = f"{cut_off(sample.text, max_width - width_in_em('…'))}…"
        drawing.add(*marks, Text(text_left, y, shown, size=NAME_SIZE))


def _draw_legend(
    drawing: Drawing, progress: TrainingProgress, cells: list[Column], y: float
) -> None:
    text = f"{progress.text_noun}s sampled at T = {progress.temperature:g}"
    drawing.add(Text(MARGIN, y, text, fill="ink2"))
    if not any(sample.label for column in cells for sample in column.samples):
        return
    x = MARGIN + 7.2 * len(text) + 14
    for label in MARKS:
        drawing.add(*draw_origin(x + 4.5, y - 4, label), Text(x + 15, y, label, fill="ink2"))
        x += 15 + 6.3 * len(label) + 20
