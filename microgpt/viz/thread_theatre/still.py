"""The still picture of the thread theatre: the same composition as the live view's."""

import textwrap
from collections.abc import Sequence

from microgpt.viz.drawing import MARGIN, Drawing, Line, Rect, Text
from microgpt.viz.thread_theatre.caption import exercise_note, question
from microgpt.viz.thread_theatre.data import ArrayPicture, Scene, ThreadBlock
from microgpt.viz.thread_theatre.stage import (
    CELL_KEY,
    KEY,
    STATE_NAMES,
    arrays_in_order,
    clash_lines,
    has_empty_cells,
    has_small_cells,
)
from microgpt.viz.thread_theatre.still_squares import Square, draw_square, draw_squares
from microgpt.viz.thread_theatre.verdicts import WRONG, count_rows, result_text, verdict_text
from microgpt.viz.thread_theatre.wording import array_note, code_pieces, hanging_indent

WIDTH = 720
CODE_SIZE, CODE_ROW = 12, 17  # pixels of the letters, and of a row
CODE_LETTER, BOLD_LETTER = 6.6, 7.5  # pixels of a letter of code
STAGE_LEFT, STAGE_TOP = 300, 64
CODE_LEFT = MARGIN + 34
CODE_WIDTH = STAGE_LEFT - 20 - CODE_LEFT
STAGE_WIDTH = WIDTH - MARGIN - STAGE_LEFT
LETTER = 7.0  # pixels of a letter in a label
LABEL, PART_GAP = 18, 14  # pixels of a label's row, and between two arrays
FACTS_LEFT, FACT_ROW, FACT_LETTERS = MARGIN + 76.0, 20, 84


def draw_theatre(scene: Scene) -> Drawing:
    """Draw the code beside threads and arrays, and what the interpreter says below."""
    drawing = Drawing(WIDTH, 400)
    drawing.add_question(question(scene))
    bottom = max(_draw_code(drawing, scene), _draw_stage(drawing, scene))
    drawing.height = _draw_facts(drawing, scene, bottom + 12) + 4
    return drawing


def _draw_code(drawing: Drawing, scene: Scene) -> float:
    """Draw the lines of the kernel; return where they end."""
    y = STAGE_TOP - 6.0
    for line in scene.code:
        indent = CODE_LETTER * (hanging_indent(line) // 2)
        is_chosen = line.number == scene.line
        letter = BOLD_LETTER if is_chosen else CODE_LETTER
        rows = _wrapped(line.text.strip(), int((CODE_WIDTH - indent) / letter))
        if is_chosen:
            height = CODE_ROW * len(rows)
            drawing.add(Rect(MARGIN, y, STAGE_LEFT - MARGIN - 20, height, "soft"))
            drawing.add(Rect(MARGIN, y, 3, height, "data"))
        drawing.add(Text(MARGIN + 26, y + 13, str(line.number), "end", CODE_SIZE, fill="ink2"))
        weight = "bold" if is_chosen else "normal"
        for number, row in enumerate(rows):
            left = CODE_LEFT + indent + 2 * CODE_LETTER * (number > 0)
            fill = "ink" if line.has_accesses else "ink2"
            drawing.add(Text(left, y + 13, row, size=CODE_SIZE, weight=weight, fill=fill))
            y += CODE_ROW
    return y


def _wrapped(text: str, num_letters: int) -> list[str]:
    """Break a line of code into rows of so many letters, two fewer in all but the first.

    What is too long for a row is cut, after an underscore if there is one.
    """
    rows = [""]

    def max_letters() -> int:
        return num_letters - 2 * (len(rows) > 1)

    for piece in code_pieces(text):
        if rows[-1] and len((rows[-1] + piece).rstrip()) > max_letters():
            rows.append("")
        while len(piece.rstrip()) > max_letters():
            end = piece.rfind("_", 0, max_letters()) + 1 or max_letters()
            rows[-1:] = piece[:end], ""
            piece = piece[end:]
        rows[-1] += piece
    return [row.rstrip() for row in rows]


def _draw_stage(drawing: Drawing, scene: Scene) -> float:
    """Draw the key, threads and arrays; return where they end."""
    y = _draw_key(drawing, scene, STAGE_TOP)
    size = 7 if has_small_cells(scene) else 11
    blocks = [(f"block {block.number}", block, list[str]()) for block in scene.blocks]
    y = _draw_parts(drawing, blocks, y, size)
    arrays = [
        (f"{array.name}  {array_note(array, scene.has_counts)}", array, clash_lines(array))
        for array in arrays_in_order(scene)
    ]
    return _draw_parts(drawing, arrays, y, size)


def _draw_key(drawing: Drawing, scene: Scene, y: float) -> float:
    x = float(STAGE_LEFT)
    for state in KEY:
        name = STATE_NAMES[state]
        width = 20 + LETTER * len(name) + 14
        if x + width > WIDTH - MARGIN + 14:
            x, y = STAGE_LEFT, y + LABEL
        draw_square(drawing, state, x, y - 11, 13)
        drawing.add(Text(x + 20, y, name, fill="ink2"))
        x += width
    x, y = STAGE_LEFT, y + LABEL
    for cell, name in CELL_KEY[: 1 + has_empty_cells(scene)]:
        draw_square(drawing, cell, x, y - 11, 13)
        drawing.add(Text(x + 20, y, name, fill="ink2"))
        x += 20 + LETTER * len(name) + 14
    return y + 12


def _draw_parts(
    drawing: Drawing, parts: Sequence[tuple[str, ThreadBlock | ArrayPicture, list[str]]], y: float,
    size: int,
) -> float:  # fmt: skip
    """Draw blocks or arrays in rows, side by side as they fit; return where they end."""
    x, row_height = float(STAGE_LEFT), 0.0
    for label, part, notes in parts:
        squares: Sequence[Square] = part.states if isinstance(part, ThreadBlock) else part.cells
        columns = min(part.columns, len(squares))
        rows = -(-len(squares) // columns)
        texts = textwrap.wrap(label, int(STAGE_WIDTH / LETTER))
        width = max((size + 1) * columns, *(LETTER * len(text) for text in [*texts, *notes]))
        height = LABEL * (len(texts) + len(notes)) + (size + 1) * rows + PART_GAP
        if x > STAGE_LEFT and x + width > WIDTH - MARGIN:
            x, y, row_height = float(STAGE_LEFT), y + row_height, 0.0
        top = y
        for text in texts:
            drawing.add(Text(x, top + 13, text, fill="ink2"))
            top += LABEL
        draw_squares(drawing, squares, columns, x, top, size)
        for number, note in enumerate(notes):
            baseline = top + (size + 1) * rows + 13 + LABEL * number
            drawing.add(Text(x, baseline, f"✕ {note}", fill="mark"))
        x, row_height = x + width + 12, max(row_height, height)
    return y + row_height


def _draw_facts(drawing: Drawing, scene: Scene, y: float) -> float:
    """Draw the interpreter's verdicts, the results and the counts; return where they end."""
    drawing.add(Line(((MARGIN, y), (WIDTH - MARGIN, y)), "hair"))
    facts = [
        ("Interpreter", list(map(verdict_text, scene.verdicts))),
        ("Result", [result_text(result, scene) for result in scene.results]),
    ]
    facts += [(label, [text]) for label, text in count_rows(scene)]
    if scene.exercise:
        facts.append(("Exercise", [exercise_note(scene)]))
    y += 8
    for label, items in facts:
        drawing.add(Text(MARGIN, y + 14, label, fill="ink2"))
        x = FACTS_LEFT
        for item in items:
            width = LETTER * len(item)
            if x > FACTS_LEFT and x + width > WIDTH - MARGIN:
                x, y = FACTS_LEFT, y + FACT_ROW
            fill = "mark" if item.startswith(WRONG) else "ink"
            for number, row in enumerate(textwrap.wrap(item, FACT_LETTERS)):
                y += FACT_ROW * (number > 0)
                drawing.add(Text(x, y + 14, row, fill=fill))
            x += width + 20
        y += FACT_ROW
    return y + 12
