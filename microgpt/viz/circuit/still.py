"""The still picture of a circuit: the same composition as the live view's."""

from microgpt.viz.circuit.caption import question
from microgpt.viz.circuit.charts import Chart, charts, step_positions, step_ticks
from microgpt.viz.circuit.data import CircuitPicture
from microgpt.viz.circuit.page import guess_note, text_note
from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.formatting import format_prob

WIDTH = 720
LEFT, RIGHT, READINGS = MARGIN + 44, 488, 512
TOP, HEIGHT, GAP = 212, 96, 44
TILE, BAR = 32, 40
# By the line's CSS class: colour, width, and whether it is dashed.
LINES = {
    "model": ("ink", 2.5, False),
    "first": ("mark", 2.5, True),
    "first other": ("mark", 1.25, True),
    "second": ("data", 2.5, False),
    "second other": ("data", 1.25, False),
}


def draw_circuit(shown: CircuitPicture) -> Drawing:
    """Draw the text, and below it the three charts with the cursor."""
    drawing = Drawing(WIDTH, TOP + 3 * (HEIGHT + GAP))
    drawing.add_question(question(shown))
    _draw_text(drawing, shown, 70)
    for index, chart in enumerate(charts(shown)):
        _draw_chart(drawing, shown, chart, TOP + index * (HEIGHT + GAP))
    bottom = TOP + 3 * HEIGHT + 2 * GAP
    for x, label in step_ticks(shown):
        drawing.add(Text(LEFT + x * (RIGHT - LEFT), bottom + 18, label, "middle", fill="ink2"))
    drawing.add(Text(READINGS, bottom + 18, "steps of training", fill="ink2"))
    return drawing


def _draw_chart(drawing: Drawing, shown: CircuitPicture, chart: Chart, top: float) -> None:
    def point(x: float, y: float) -> tuple[float, float]:
        return LEFT + x * (RIGHT - LEFT), top + y * HEIGHT

    drawing.add(Text(MARGIN, top - 12, chart.title, fill="ink2"))
    for y, label in chart.ticks:
        drawing.add(Line((point(0, y), point(1, y)), "grid"))
        drawing.add(Text(LEFT - 8, point(0, y)[1] + 4, label, "end", fill="ink2"))
    if chart.level is not None:
        y, label = chart.level
        drawing.add(Line((point(0, y), point(1, y)), "ink3", 1.5, True))
        drawing.add(Text(RIGHT, point(0, y)[1] + 16, label, "end", fill="ink2"))
    now = float(step_positions(shown)[shown.snapshot])
    drawing.add(Line((point(now, 0), point(now, 1)), "ink2", 1.5))
    for line in reversed(chart.lines):
        colour, width, dashed = LINES[line.css_class]
        drawing.add(Line(tuple(point(x, y) for x, y in line.points), colour, width, dashed))
    for index, line in enumerate(chart.lines):
        colour, width, dashed = LINES[line.css_class]
        drawing.add(Circle(*point(now, line.y), 4, "card", colour, 2))
        y = top + 20 + 20 * index
        drawing.add(Line(((READINGS, y - 4), (READINGS + 20, y - 4)), colour, width, dashed))
        drawing.add(Text(READINGS + 28, y, line.name))
        drawing.add(Text(WIDTH - MARGIN, y, line.value, "end", weight="bold"))


def _draw_text(drawing: Drawing, shown: CircuitPicture, top: float) -> None:
    drawing.add(Text(MARGIN, top, text_note(shown), fill="ink2"))
    weights = shown.weights[shown.snapshot, shown.second_head]
    for index, letter in enumerate(shown.letters):
        x, height = MARGIN + index * (TILE + 3), BAR * float(weights[index])
        drawing.add(Rect(x, top + 12, TILE, BAR, "well", radius=3))
        drawing.add(Rect(x, top + 12 + BAR - height, TILE, height, "data", radius=3))
        stroke = "data" if index == shown.came_next else "none"
        drawing.add(Rect(x, top + 16 + BAR, TILE, TILE, "well", stroke, 2, radius=6))
        drawing.add(Text(x + TILE / 2, top + 38 + BAR, letter, "middle", 16))
    x = MARGIN + len(shown.letters) * (TILE + 3)
    drawing.add(Rect(x, top + 16 + BAR, TILE, TILE, "none", "mark", 1.5, radius=6))
    drawing.add(Text(x + TILE / 2, top + 38 + BAR, "?", "middle", 16, "bold", "mark"))
    guess = format_prob(float(shown.probs[shown.snapshot]))
    left = x + TILE + 16
    drawing.add(Text(left, top + 34, guess, size=24, weight="light"))
    drawing.add(Text(left, top + 54, guess_note(shown).partition(",")[0], fill="ink2"))
