"""The still picture of the neighbourhood: the same composition as the live view's."""

from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.neighbourhood.caption import question, signed
from microgpt.viz.neighbourhood.data import EmbeddingMap
from microgpt.viz.neighbourhood.label_layout import PlacedLabel, Point, axis_ticks, layout_labels
from microgpt.viz.neighbourhood.page import axis_names, figure_texts, legend, list_scale, list_texts

WIDTH = 720
MAP_LEFT, MAP_TOP, MAP_SIZE = MARGIN + 34, 140, 364
LIST_LEFT, RIGHT = 440, WIDTH - MARGIN
ROW, TRACK_LEFT, TRACK_WIDTH = 24, LIST_LEFT + 34, 150


def draw_map(shown: EmbeddingMap) -> Drawing:
    """Draw the figures above the map and the three lists."""
    drawing = Drawing(WIDTH, MAP_TOP + MAP_SIZE + 52)
    drawing.add_question(question(shown))
    for left, (number, label) in zip((MARGIN, LIST_LEFT), figure_texts(shown), strict=True):
        drawing.add(Text(left, 72, number, size=24, weight="light"))
        drawing.add(Text(left, 92, label, fill="ink2"))
    _draw_frame(drawing, shown)
    for index, placed in enumerate(layout_labels(shown)):
        _draw_letter(drawing, shown, index, placed)
    _draw_lists(drawing, shown)
    return drawing


def _pixel(point: Point) -> Point:
    return MAP_LEFT + MAP_SIZE * point[0], MAP_TOP + MAP_SIZE * point[1]


def _draw_frame(drawing: Drawing, shown: EmbeddingMap) -> None:
    x_name, y_name = axis_names(shown)
    bottom = MAP_TOP + MAP_SIZE
    drawing.add(Text(MARGIN, MAP_TOP - 12, f"{y_name} ↑", fill="ink2"))
    drawing.add(Text(MAP_LEFT + MAP_SIZE, bottom + 40, f"{x_name} →", "end", fill="ink2"))
    for index, (sign, label) in enumerate(legend(shown)):
        x = MARGIN + 6 + 80 * index
        if sign:
            drawing.add(Text(x, bottom + 40, sign, "middle"))
        else:
            drawing.add(Circle(x, bottom + 36, 6, "none", "data", 2))
        drawing.add(Text(x + 14, bottom + 40, label, fill="ink2"))
    for y, label in axis_ticks(shown.y_low, shown.extent):
        drawing.add(Line((_pixel((0, 1 - y)), _pixel((1, 1 - y))), "grid"))
        drawing.add(Text(MAP_LEFT - 8, _pixel((0, 1 - y))[1] + 4, label, "end", fill="ink2"))
    for x, label in axis_ticks(shown.x_low, shown.extent):
        drawing.add(Line((_pixel((x, 0)), _pixel((x, 1))), "grid"))
        drawing.add(Text(_pixel((x, 1))[0], bottom + 20, label, "middle", fill="ink2"))


def _draw_letter(drawing: Drawing, shown: EmbeddingMap, index: int, placed: PlacedLabel) -> None:
    letter, is_chosen = shown.letters[index], index == shown.chosen
    x, y = _pixel(placed.centre)
    if placed.is_led:
        drawing.add(Line((_pixel(placed.point), (x, y)), "ink3"))
        drawing.add(Circle(*_pixel(placed.point), 2.5, "ink3"))
    fill = "mark" if is_chosen else "card"
    ring = "data" if letter.is_vowel else "none"
    drawing.add(Circle(x, y, 11, fill, ring, 2))
    ink = "on-mark" if is_chosen else "data" if letter.is_vowel else "ink"
    weight = "bold" if is_chosen or letter.is_vowel else "normal"
    drawing.add(Text(x, y + 5, letter.label, "middle", 15, weight, ink))


def _draw_lists(drawing: Drawing, shown: EmbeddingMap) -> None:
    y = MAP_TOP - 12
    for heading, letters, decimals in list_texts(shown):
        drawing.add(Text(LIST_LEFT, y, heading, fill="ink2"))
        for letter in letters:
            y += ROW
            width = TRACK_WIDTH * min(max(letter.value / list_scale(shown, letters), 0), 1)
            drawing.add(Text(LIST_LEFT + 8, y, letter.label, "middle", 14))
            drawing.add(Rect(TRACK_LEFT, y - 10, TRACK_WIDTH, 10, "well", radius=2))
            drawing.add(Rect(TRACK_LEFT, y - 10, width, 10, "data", radius=2))
            drawing.add(Text(RIGHT, y, signed(letter.value, decimals), "end"))
        y += ROW + 14
