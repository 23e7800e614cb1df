"""The still picture of the neighbourhood: the same composition as the live view's."""

import math

from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.neighbourhood.caption import question, signed
from microgpt.viz.neighbourhood.data import EmbeddingMap
from microgpt.viz.neighbourhood.label_layout import (
    PlacedLabel,
    Point,
    axis_ticks,
    layout_labels,
    position,
)
from microgpt.viz.neighbourhood.page import (
    RISE_DECIMALS,
    axis_names,
    column_names,
    figure_texts,
    has_rises,
    is_later,
    legend,
    list_scale,
    list_texts,
    rays,
    spot_class,
)

WIDTH = 720
MAP_LEFT, MAP_TOP, MAP_SIZE = MARGIN + 34, 140, 364
LIST_LEFT, RIGHT = 440, WIDTH - MARGIN
ROW, TRACK_LEFT, TRACK_WIDTH, RISE_WIDTH = 24, LIST_LEFT + 34, 150, 52
LEGEND_STEP, LEGEND_LETTER = 84, 7.0  # pixels from mark to mark, and more for each longer letter


def draw_map(shown: EmbeddingMap) -> Drawing:
    """Draw the figures above the map and the three lists."""
    drawing = Drawing(WIDTH, MAP_TOP + MAP_SIZE + 80)
    drawing.add_question(question(shown))
    for left, (number, label) in zip((MARGIN, LIST_LEFT), figure_texts(shown), strict=True):
        drawing.add(Text(left, 72, number, size=24, weight="light"))
        drawing.add(Text(left, 92, label, fill="ink2"))
    _draw_frame(drawing, shown)
    _draw_legend(drawing, shown)
    for index, placed in enumerate(layout_labels(shown)):
        _draw_letter(drawing, shown, index, placed)
    _draw_lists(drawing, shown)
    return drawing


def _pixel(point: Point) -> Point:
    return MAP_LEFT + MAP_SIZE * point[0], MAP_TOP + MAP_SIZE * point[1]


def _draw_frame(drawing: Drawing, shown: EmbeddingMap) -> None:
    x_name, y_name = axis_names(shown)
    bottom, zero = MAP_TOP + MAP_SIZE, position(shown, 0, 0)
    drawing.add(Text(MARGIN, MAP_TOP - 12, f"{y_name} ↑", fill="ink2"))
    drawing.add(Text(MAP_LEFT + MAP_SIZE, bottom + 40, f"{x_name} →", "end", fill="ink2"))
    for y, label in axis_ticks(shown.y_low, shown.extent):
        drawing.add(Line((_pixel((0, 1 - y)), _pixel((1, 1 - y))), "grid"))
        drawing.add(Text(MAP_LEFT - 8, _pixel((0, 1 - y))[1] + 4, label, "end", fill="ink2"))
    for x, label in axis_ticks(shown.x_low, shown.extent):
        drawing.add(Line((_pixel((x, 0)), _pixel((x, 1))), "grid"))
        drawing.add(Text(_pixel((x, 1))[0], bottom + 20, label, "middle", fill="ink2"))
    drawing.add(Line((_pixel((zero[0], 0)), _pixel((zero[0], 1))), "hair", 1.5))
    drawing.add(Line((_pixel((0, zero[1])), _pixel((1, zero[1]))), "hair", 1.5))
    for index, end in rays(shown):
        colour = "mark" if index == shown.chosen else "data2"
        drawing.add(Line((_pixel(zero), _pixel(end)), colour, 1.5))
    _draw_origin(drawing, *_pixel(zero))


def _draw_legend(drawing: Drawing, shown: EmbeddingMap) -> None:
    y, left = MAP_TOP + MAP_SIZE + 64, MARGIN + 6.0
    _draw_origin(drawing, left, y - 4)
    drawing.add(Text(left + 12, y, "(0, 0)", fill="ink2"))
    for sign, label in legend(shown):
        left += LEGEND_STEP
        _draw_spot(drawing, left, y - 4, sign)
        drawing.add(Text(left + 12, y, label, fill="ink2"))
        left += LEGEND_LETTER * max(0, len(label) - len("the end"))


def _draw_origin(drawing: Drawing, x: float, y: float) -> None:
    drawing.add(Line(((x - 5.5, y), (x + 5.5, y)), "ink2", 1.5))
    drawing.add(Line(((x, y - 5.5), (x, y + 5.5)), "ink2", 1.5))


def _draw_spot(drawing: Drawing, x: float, y: float, name: str) -> None:
    """Draw a point as the live view's style sheet does."""
    if name == "beyond":
        drawing.add(Rect(x - 3.5, y - 3.5, 7, 7, "card", "ink2", 1.5))
        return
    radius, fill, stroke = {
        "chosen": (6, "mark", "mark2"),
        "vowel": (4, "card", "data"),
        "rare": (2.5, "ink3", "none"),
        "common": (3, "ink", "none"),
    }[name]
    drawing.add(Circle(x, y, radius, fill, stroke, 2.5))


def _draw_letter(drawing: Drawing, shown: EmbeddingMap, index: int, placed: PlacedLabel) -> None:
    letter, is_chosen = shown.letters[index], index == shown.chosen
    (x, y), (right, down) = _pixel(placed.point), placed.offset
    if placed.is_led:
        share = 1 - placed.half_width / math.hypot(right, down)
        drawing.add(Line(((x, y), (x + share * right, y + share * down)), "ink3"))
    _draw_spot(drawing, x, y, spot_class(shown, index, placed))
    ink = "mark" if is_chosen else "data" if letter.is_vowel else "ink"
    weight = "bold" if is_chosen or letter.is_vowel else "normal"
    if letter.is_rare and not is_chosen:
        ink = "ink2"
    drawing.add(Text(x + right, y + down + 5, letter.label, "middle", 15, weight, ink))


def _draw_lists(drawing: Drawing, shown: EmbeddingMap) -> None:
    y = MAP_TOP - 12
    for heading, letters, decimals in list_texts(shown):
        drawing.add(Text(LIST_LEFT, y, heading, fill="ink2"))
        columns = (RIGHT - RISE_WIDTH, RIGHT) if has_rises(letters) else (RIGHT,)
        for name, right in zip(column_names(shown, letters), columns, strict=False):
            drawing.add(Text(right, y, name, "end", fill="ink2"))
        track_width = TRACK_WIDTH - RISE_WIDTH * has_rises(letters)
        for letter in letters:
            y += ROW
            width = track_width * min(max(letter.value / list_scale(shown, letters), 0), 1)
            drawing.add(Text(LIST_LEFT, y, letter.label, "start", 14))
            drawing.add(Rect(TRACK_LEFT, y - 10, track_width, 10, "well", radius=2))
            ink = "ink3" if is_later(shown, letters) else "data"
            drawing.add(Rect(TRACK_LEFT, y - 10, width, 10, ink, radius=2))
            drawing.add(Text(columns[0], y, signed(letter.value, decimals), "end"))
            if letter.rise is not None:
                drawing.add(Text(RIGHT, y, signed(letter.rise, RISE_DECIMALS), "end"))
        y += ROW + 14
