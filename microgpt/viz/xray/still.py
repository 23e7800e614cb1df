"""The still picture of an X-ray, for readers without a kernel: the chosen cell is lit."""

from collections.abc import Sequence

from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.xray.arrays import Broadcast, Product
from microgpt.viz.xray.broadcast_scene import broadcast_scene
from microgpt.viz.xray.legend import legend_entries
from microgpt.viz.xray.page import WIDE
from microgpt.viz.xray.product_scene import product_scene
from microgpt.viz.xray.scene import Cell, Label, Scene, Target
from microgpt.viz.xray.sentences import broadcast_question, product_question

WIDTH, TOP = 720, 60
PAIR_LINE = 18  # pixels between a number and its gradient
LEGEND_HEIGHT, SWATCH = 30, 12
CHARACTER = 6.6  # pixels of a character of the legend
MAX_LARGE = 60  # characters of a sum in large letters
FILLS = {"number": "soft", "gradient": "mark2", "hatched": "none"}  # of the legend's swatches
COLOURS = {"value": ("soft", "data"), "grad": ("mark2", "mark")}  # fill and edge of what is lit


def draw_xray(data: Product | Broadcast) -> Drawing:
    """Draw the arrays, the chosen cell and what it is made of."""
    if isinstance(data, Product):
        scene, title = product_scene(data), product_question(data)
    else:
        scene, title = broadcast_scene(data, WIDE), broadcast_question(data)
    left = (WIDTH - scene.width) / 2
    chosen = scene.chosen
    bottom = TOP + scene.height + (60 if chosen else 24)
    legend = legend_entries(data)
    drawing = Drawing(WIDTH, bottom + LEGEND_HEIGHT * bool(legend))
    drawing.add_question(title)
    target = chosen.target if chosen else None
    for cell in scene.cells:
        _draw_edge(drawing, cell, left)
    for lit in target.lit if target else ():
        x, y, width, height = lit.box
        drawing.add(Rect(left + x, TOP + y, width, height, *COLOURS[lit.role]))
    for cell in scene.cells:
        _draw_texts(drawing, cell, left)
    for label in scene.labels:
        _draw_label(drawing, label, left)
    if chosen and target:
        _draw_target(drawing, scene, chosen, target, left)
    _draw_legend(drawing, legend, bottom + 4)
    return drawing


def _draw_legend(drawing: Drawing, entries: Sequence[tuple[str, str]], y: float) -> None:
    """Draw the swatches and their texts in one line, in the middle."""
    widths = [(SWATCH + 6) * bool(swatch) + CHARACTER * len(text) for swatch, text in entries]
    x = (WIDTH - sum(widths) - 18 * max(len(widths) - 1, 0)) / 2
    for (swatch, text), width in zip(entries, widths, strict=True):
        if swatch:
            if swatch == "hatched":
                drawing.add(Rect(x, y, SWATCH, SWATCH, hatch=True))
            drawing.add(Rect(x, y, SWATCH, SWATCH, FILLS[swatch], "ink3", 0.6))
        drawing.add(Text(x + (SWATCH + 6) * bool(swatch), y + 11, text, fill="ink2"))
        x += width + 18


def _draw_edge(drawing: Drawing, cell: Cell, left: float) -> None:
    x, y, width, height = cell.box
    x, y = left + x, TOP + y
    if cell.role == "copy":
        drawing.add(Rect(x, y, width, height, hatch=True))
    stroke = "mark" if cell.role == "clash" else "ink3"
    drawing.add(Rect(x, y, width, height, "none", stroke, 2 if cell.role == "clash" else 0.6))


def _draw_texts(drawing: Drawing, cell: Cell, left: float) -> None:
    x, y, width, height = cell.box
    x, y = left + x, TOP + y
    middle, last = x + width / 2, len(cell.texts) - 1
    for i, text in enumerate(cell.texts):
        is_gradient = cell.role == "grad" or (last and i == last)
        centre = y + height / 2 + PAIR_LINE * (i - last / 2)
        fill = "ink2" if cell.role == "copy" or i < last else "ink"
        weight = "bold" if is_gradient else "normal"
        drawing.add(Text(middle, centre + 5, text, "middle", 14, weight, fill))


def _draw_label(drawing: Drawing, label: Label, left: float) -> None:
    fill, weight = ("mark", "bold") if label.role == "mark" else ("ink2", "normal")
    drawing.add(
        Text(left + label.x, TOP + label.y + 14, label.text, label.anchor, 13, weight, fill)
    )


def _draw_target(drawing: Drawing, scene: Scene, chosen: Cell, target: Target, left: float) -> None:
    for corners in target.arrows:
        drawing.add(Line(tuple((left + x, TOP + y) for x, y in corners), "mark", 2))
    if target.arrows:
        (x0, _), *_, (x1, y1) = target.arrows[0]
        back = -9 if x1 > x0 else 9
        tip = ((0, 0), (back, -5), (back, 5))
        points = tuple((left + x1 + dx, TOP + y1 + dy) for dx, dy in tip)
        drawing.add(Line(points, "mark", 1, fill="mark"))
    for mark in target.marks:
        _draw_label(drawing, mark, left)
    x, y, width, height = chosen.box
    drawing.add(Rect(left + x, TOP + y, width, height, "none", "mark", 3))
    y = TOP + scene.height + 32
    size = 18 if len(target.formula) <= MAX_LARGE else 14
    drawing.add(Text(WIDTH / 2, y, target.formula, "middle", size))
