"""The still picture of the merge time machine: the same composition as the live view's."""

from itertools import groupby

from microgpt.plain_text import pluralize
from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.merges.boxes import KEY, has_small_boxes
from microgpt.viz.merges.caption import question
from microgpt.viz.merges.curve import LINE_NAMES, X_NAME, Y_NAME, Point, length_chart
from microgpt.viz.merges.data import MergedText, TokenBox
from microgpt.viz.merges.tree import BAR_PADDING, merge_text, merge_width, token_facts

WIDTH = 720
RIGHT = WIDTH - MARGIN
BOXES_TOP, ROW_GAP, BOX_GAP, CHUNK_GAP, MAX_ROWS = 64, 8, 2, 10, 8
FONT_WIDTH = 0.85  # of the estimate, which is that of the widest font
# Height, least width, padding and size of the letters of a box; of one in a long text.
LARGE_BOX, SMALL_BOX = (32, 26, 14, 16), (26, 22, 10, 14)
KEY_LEFT = (MARGIN + 1, MARGIN + 110)
PLOT_LEFT, PLOT_WIDTH, PLOT_HEIGHT = MARGIN + 34, 270, 132
LEGEND_LEFT = (MARGIN + 128, MARGIN + 226)  # of the samples of both lines
TREE_LEFT, BAR_HEIGHT, BYTE_HEIGHT, MAX_BYTE_WIDTH = 388, 36, 22, 64


def draw_merges(merged: MergedText) -> Drawing:
    """Draw the boxes above the two lines and the tree of the chosen box."""
    if not merged.boxes:
        drawing = Drawing(WIDTH, 96)
        drawing.add_question(question(merged))
        drawing.add(Text(MARGIN, BOXES_TOP + 8, "no bytes", fill="ink2"))
        return drawing
    rows = _rows(merged)
    shown = rows[:MAX_ROWS]
    pitch = _box_look(merged)[0] + ROW_GAP
    columns_top = BOXES_TOP + pitch * len(shown) + 60
    height = max(PLOT_HEIGHT + 44, BYTE_HEIGHT + BAR_HEIGHT * merged.levels)
    drawing = Drawing(WIDTH, columns_top + height + 20)
    drawing.add_question(question(merged))
    counts = pluralize(len(merged.boxes), "token")
    counts += f" of {pluralize(merged.num_bytes, 'byte')}"
    drawing.add(Text(RIGHT, 36, counts, "end", fill="ink2"))
    for number, row in enumerate(shown):
        for index, box, left, width in row:
            top = BOXES_TOP + pitch * number
            _draw_box(drawing, merged, index, box, left, top, width)
    if len(rows) > MAX_ROWS:
        left_out = sum(map(len, rows[MAX_ROWS:]))
        y = BOXES_TOP + pitch * MAX_ROWS + 10
        drawing.add(Text(RIGHT, y, f"… {left_out} more", "end", fill="ink2"))
    _draw_key(drawing, BOXES_TOP + pitch * len(shown) + 2)
    _draw_curve(drawing, merged, columns_top)
    _draw_tree(drawing, merged, columns_top)
    return drawing


def _rows(merged: MergedText) -> list[list[tuple[int, TokenBox, float, float]]]:
    """Wrap the boxes into rows of (index, box, left edge, width), a chunk whole where it fits."""
    rows: list[list[tuple[int, TokenBox, float, float]]] = [[]]
    x, look = float(MARGIN), _box_look(merged)
    for _, group in groupby(enumerate(merged.boxes), key=lambda item: item[1].chunk):
        chunk = [(index, box, _box_width(box, look)) for index, box in group]
        total = sum(width + BOX_GAP for *_, width in chunk)
        if rows[-1] and x + total > RIGHT and total <= RIGHT - MARGIN:
            rows.append([])
            x = MARGIN
        for index, box, width in chunk:
            if rows[-1] and x + width > RIGHT:
                rows.append([])
                x = MARGIN
            rows[-1].append((index, box, x, width))
            x += width + BOX_GAP
        x += CHUNK_GAP - BOX_GAP
    return rows


def _box_look(merged: MergedText) -> tuple[int, int, int, int]:
    return SMALL_BOX if has_small_boxes(merged) else LARGE_BOX


def _box_width(box: TokenBox, look: tuple[int, int, int, int]) -> float:
    _, min_width, padding, size = look
    return max(min_width, FONT_WIDTH * box.label.width * size / 13 + padding)


def _draw_box(
    drawing: Drawing, merged: MergedText, index: int, box: TokenBox,
    left: float, top: float, width: float,
) -> None:  # fmt: skip
    stroke = "mark" if index == merged.chosen else "ink3"
    fill = "data2" if box.merge else "page"
    height, *_, size = _box_look(merged)
    drawing.add(Rect(left + 1, top, width - 2, height, fill, stroke, 2, radius=5))
    baseline = top + height / 2 + size / 3
    drawing.add(Text(left + width / 2, baseline, box.label.shown, "middle", size))


def _draw_key(drawing: Drawing, top: float) -> None:
    """Say what a filled box means; the frame of the last merge is in the live view only."""
    for left, fill, (_, meaning) in zip(KEY_LEFT, ("page", "data2"), KEY, strict=False):
        drawing.add(Rect(left, top, 14, 14, fill, "ink3", 2, radius=4))
        drawing.add(Text(left + 22, top + 12, meaning, fill="ink2"))


def _draw_curve(drawing: Drawing, merged: MergedText, top: float) -> None:
    chart = length_chart(merged)

    def pixel(point: Point) -> Point:
        return PLOT_LEFT + PLOT_WIDTH * point[0], top + PLOT_HEIGHT * point[1]

    drawing.add(Text(MARGIN, top - 14, Y_NAME, fill="ink2"))
    for name, left, stroke in zip(LINE_NAMES, LEGEND_LEFT, ("data", "ink3"), strict=True):
        sample = ((left, top - 18), (left + 22, top - 18))
        drawing.add(Line(sample, stroke, 2.5, dashed=stroke == "ink3"))
        drawing.add(Text(left + 28, top - 14, name, fill="ink2"))
    for y, label in chart.y_ticks:
        height = pixel((0, y))[1]
        drawing.add(Line(((PLOT_LEFT, height), (PLOT_LEFT + PLOT_WIDTH, height)), "grid"))
        drawing.add(Text(PLOT_LEFT - 8, height + 4, label, "end", fill="ink2"))
    for x, label in chart.x_ticks:
        y = top + PLOT_HEIGHT + 20
        drawing.add(Text(pixel((x, 0))[0], y, label, "middle", fill="ink2"))
    name_left = PLOT_LEFT + PLOT_WIDTH / 2
    drawing.add(Text(name_left, top + PLOT_HEIGHT + 40, X_NAME, "middle", fill="ink2"))
    drawing.add(Line(tuple(map(pixel, chart.story_line)), "ink3", 2, dashed=True))
    drawing.add(Line(tuple(map(pixel, chart.text_line)), "data", 2.5))
    drawing.add(Circle(*pixel(chart.dot), 6, "mark", "card", 2))


def _draw_tree(drawing: Drawing, merged: MergedText, top: float) -> None:
    box = merged.chosen_box
    heading = f"{box.label.quoted} · {token_facts(merged)}"
    drawing.add(Text(TREE_LEFT, top - 14, heading, fill="ink2"))
    bottom = top + BYTE_HEIGHT + BAR_HEIGHT * merged.tree[0].level
    per_byte = min((RIGHT - TREE_LEFT) / len(box.content), MAX_BYTE_WIDTH)
    for node in merged.tree:
        left, size = TREE_LEFT + per_byte * node.start, per_byte * node.num_bytes
        height = BAR_HEIGHT if node.level else BYTE_HEIGHT
        y = bottom - BYTE_HEIGHT - BAR_HEIGHT * node.level
        fill = "soft" if node.level else "well"
        drawing.add(Rect(left + 1, y + 1, size - 2, height - 2, fill, radius=3))
        if FONT_WIDTH * node.label.width + BAR_PADDING <= size:
            drawing.add(Text(left + size / 2, y + 14, node.label.shown, "middle"))
        merge = merge_text(node)
        if merge_width(merge) + BAR_PADDING > size:
            merge = merge.removeprefix("merge ")
        if merge_width(merge) + BAR_PADDING <= size:
            drawing.add(Text(left + size / 2, y + 29, merge, "middle", fill="ink2"))
