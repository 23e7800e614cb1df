"""The still picture of a forward pass: the boxes of the live view in pairs, the last token lit."""

from microgpt.viz.drawing import MARGIN, Drawing, Line, Rect, Text
from microgpt.viz.forward_pass.activation_data import ForwardPass
from microgpt.viz.forward_pass.still_graphics import (
    GRAPHIC_HEIGHT,
    INNER,
    draw_embedding,
    draw_logits,
    draw_probs,
    draw_tile,
    draw_tokens,
)
from microgpt.viz.forward_pass.still_layer import (
    BEFORE,
    LAYER_HEIGHT,
    STREAM,
    SUM,
    draw_attention,
    draw_mlp,
)
from microgpt.viz.forward_pass.texts import (
    BoxText,
    box_texts,
    position_label,
    prefix_label,
    question,
)

WIDTH, TOP, PADDING, GAP = 720, 60, 12, 32
BOX_WIDTH = INNER + 2 * PADDING
SENTENCE_TOP, LINE_HEIGHT, LINE_LENGTH = 47, 17, 43  # of the texts; characters of a line
PAIR_HEIGHTS = (GRAPHIC_HEIGHT, LAYER_HEIGHT, GRAPHIC_HEIGHT)  # of the graphics
GRAPHICS = (draw_tokens, draw_embedding, draw_attention, draw_mlp, draw_logits, draw_probs)
Points = tuple[tuple[float, float], ...]


def draw_forward_pass(forward: ForwardPass) -> Drawing:
    """Draw six boxes from text to next token, with the model's shapes and numbers."""
    texts = box_texts(forward)
    drawing = Drawing(WIDTH)
    drawing.add_question(question(forward))
    left, right = MARGIN, MARGIN + BOX_WIDTH + GAP
    _draw_legend(drawing, TOP)
    y = TOP + 18.0
    for pair, graphic_height in enumerate(PAIR_HEIGHTS):
        first = 2 * pair
        num_lines = max(len(_lines(text.sentence)) for text in texts[first : first + 2])
        graphic_y = y + SENTENCE_TOP + LINE_HEIGHT * num_lines - 6
        foot_y = graphic_y + graphic_height + 19
        num_lines = max(len(_lines(text.output[-1])) for text in texts[first : first + 2])
        end = foot_y + LINE_HEIGHT * num_lines + 10
        for index, x in ((first, left), (first + 1, right)):
            drawing.add(Rect(x, y, BOX_WIDTH, end - y, "raised", "hair", radius=8))
            _draw_texts(drawing, forward, index, texts[index], x + PADDING, y, foot_y)
            GRAPHICS[index](drawing, forward, x + PADDING, graphic_y)
        _draw_flow(drawing, pair, graphic_y, foot_y)
        if pair < 2:
            _draw_corner(drawing, left, right, end)
        y = end + GAP
    drawing.height = y - GAP + 18
    return drawing


def _draw_flow(drawing: Drawing, pair: int, graphic_y: float, foot_y: float) -> None:
    """Draw the arrow between the boxes of a pair; between attention and MLP, it runs up."""
    start = MARGIN + BOX_WIDTH
    end = start + GAP
    if pair == 1:
        middle, top, bottom = start + GAP / 2, graphic_y + BEFORE, graphic_y + SUM
        _draw_arrow(drawing, ((start, bottom), (middle, bottom), (middle, top), (end, top)), (1, 0))
        drawing.add(Line(((end, top), (end + PADDING + STREAM, top)), "ink3", 2))
    else:
        _draw_arrow(drawing, ((start, foot_y - 5), (end, foot_y - 5)), (1, 0))


def _draw_corner(drawing: Drawing, left: float, right: float, y: float) -> None:
    """Draw the arrow from the right box of a pair round to the left box of the next."""
    start, end, middle = right + BOX_WIDTH - PADDING - STREAM, left + PADDING + STREAM, y + GAP / 2
    _draw_arrow(drawing, ((start, y), (start, middle), (end, middle), (end, y + GAP)), (0, 1))


def _draw_arrow(drawing: Drawing, points: Points, direction: tuple[int, int]) -> None:
    """Draw a line through points and a head at its end, which points right or down."""
    (x, y), (dx, dy) = points[-1], direction
    tip = (x - 2 * dx, y - 2 * dy)
    head = tuple((tip[0] - 5 * dx - s * dy, tip[1] - 5 * dy - s * dx) for s in (5, -5))
    drawing.add(Line((*points[:-1], tip), "ink3", 2), Line((head[0], tip, head[1]), "ink3", 2))


def _draw_legend(drawing: Drawing, y: float) -> None:
    for x, text, fill, stroke in ((0, "above 0", "data", "none"), (86, "below 0", "none", "mark")):
        drawing.add(Rect(MARGIN + x, y - 10, 11, 11, fill, stroke, 1.5, radius=2))
        drawing.add(Text(MARGIN + x + 17, y, text, fill="ink2"))
    drawing.add(
        Rect(MARGIN + 172, y - 6, 4, 4, "ink3"),
        Text(MARGIN + 182, y, "0", fill="ink2"),
        Text(MARGIN + 208, y, "the larger, the further from 0", fill="ink2"),
    )


def _draw_texts(
    drawing: Drawing,
    forward: ForwardPass,
    index: int,
    text: BoxText,
    x: float,
    y: float,
    foot_y: float,
) -> None:
    """Draw the title, the sentence, what leaves the box, and the notebooks."""
    drawing.add(Text(x, y + 26, str(index + 1), size=14, fill="ink2"))
    drawing.add(Text(x + 16, y + 26, text.title, size=14, weight="bold"))
    last, end = forward.num_shown - 1, x + INNER
    if index > 3:
        prefix = prefix_label(forward, last)
        drawing.add(
            Text(end - 8.6 * len(prefix) - 6, y + 26, "after", "end", fill="ink2"),
            Text(end, y + 26, prefix, "end", weight="bold", fill="data"),
        )
    elif index > 1:
        name = position_label(forward, last)
        drawing.add(Text(end, y + 26, name, "end", fill="ink2"))
        left = end - (6.9 * len(name) + 6 if name else 0)
        draw_tile(drawing, left, y + 10, forward.shown_labels()[-1], is_lit=True, anchor="end")
    for i, line in enumerate(_lines(text.sentence)):
        drawing.add(Text(x, y + SENTENCE_TOP + LINE_HEIGHT * i, line, fill="ink2"))
    output = _lines(text.output[-1])
    for i, line in enumerate(output):
        drawing.add(Text(x, foot_y + LINE_HEIGHT * i, line, weight="bold"))
    drawing.add(Text(x, foot_y + LINE_HEIGHT * len(output), text.notebook, fill="ink2"))


def _lines(sentence: str) -> list[str]:
    """Break a sentence into lines of at most LINE_LENGTH characters."""
    lines = [""]
    for word in sentence.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > LINE_LENGTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
