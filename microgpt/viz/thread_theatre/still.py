"""The still picture of the thread theatre: the same composition as the live view's."""

import textwrap
from collections.abc import Sequence

from microgpt.viz.drawing import MARGIN, Circle, Drawing, Line, Rect, Text
from microgpt.viz.thread_theatre.caption import question
from microgpt.viz.thread_theatre.data import (
    CHANGES,
    ENDED,
    READS,
    WAITS,
    WRITES,
    ArrayPicture,
    Cell,
    Scene,
    ThreadBlock,
)
from microgpt.viz.thread_theatre.referee import WRONG, result_text, total_text, verdict_text
from microgpt.viz.thread_theatre.stage import (
    KEY,
    STATE_NAMES,
    arrays_in_order,
    clash_lines,
    has_small_cells,
)
from microgpt.viz.thread_theatre.wording import array_note, hanging_indent, traffic_text

WIDTH = 720
CODE_LETTERS, CODE_LETTER, CODE_ROW = 31, 6.9, 17  # letters in a line, pixels of a letter, of a row
STAGE_LEFT, STAGE_TOP = 300, 64
STAGE_WIDTH = WIDTH - MARGIN - STAGE_LEFT
LETTER = 7.0  # pixels of a letter in a label
LABEL, PART_GAP = 18, 14  # pixels of a label's row, and between two arrays
FACT_LETTERS = 86


def draw_theatre(scene: Scene) -> Drawing:
    """Draw the code beside threads and arrays, and what the referee says below."""
    drawing = Drawing(WIDTH, 400)
    drawing.add_question(question(scene))
    bottom = max(_draw_code(drawing, scene), _draw_stage(drawing, scene))
    drawing.height = _draw_facts(drawing, scene, bottom + 12) + 4
    return drawing


def _draw_code(drawing: Drawing, scene: Scene) -> float:
    """Draw the lines of the kernel; return where they end."""
    y = STAGE_TOP - 6.0
    for line in scene.code:
        indent = hanging_indent(line)
        rows = textwrap.wrap(line.text.strip(), max(CODE_LETTERS - indent, 12)) or [""]
        is_chosen = line.number == scene.line
        if is_chosen:
            height = CODE_ROW * len(rows)
            drawing.add(Rect(MARGIN, y, STAGE_LEFT - MARGIN - 20, height, "soft"))
            drawing.add(Rect(MARGIN, y, 3, height, "data"))
        drawing.add(Text(MARGIN + 26, y + 13, str(line.number), "end", fill="ink2"))
        weight = "bold" if is_chosen else "normal"
        for number, row in enumerate(rows):
            left = MARGIN + 34 + CODE_LETTER * (indent + 2 * (number > 0))
            fill = "ink" if line.has_accesses else "ink2"
            drawing.add(Text(left, y + 13, row, weight=weight, fill=fill))
            y += CODE_ROW
    return y


def _draw_stage(drawing: Drawing, scene: Scene) -> float:
    """Draw the key, threads and arrays; return where they end."""
    y = _draw_key(drawing, STAGE_TOP)
    size = 7 if has_small_cells(scene) else 11
    blocks = [(f"block {block.number}", block, list[str]()) for block in scene.blocks]
    y = _draw_parts(drawing, blocks, y, size)
    arrays = [
        (f"{array.name}  {array_note(array)}", array, clash_lines(array))
        for array in arrays_in_order(scene)
    ]
    return _draw_parts(drawing, arrays, y, size)


def _draw_key(drawing: Drawing, y: float) -> float:
    x = float(STAGE_LEFT)
    for state in KEY:
        name = STATE_NAMES[state]
        width = 20 + LETTER * len(name) + 14
        if x + width > WIDTH - MARGIN + 14:
            x, y = STAGE_LEFT, y + LABEL
        _draw_thread(drawing, state, x, y - 11, 13)
        drawing.add(Text(x + 20, y, name, fill="ink2"))
        x += width
    return y + 12


def _draw_parts(
    drawing: Drawing, parts: Sequence[tuple[str, ThreadBlock | ArrayPicture, list[str]]], y: float,
    size: int,
) -> float:  # fmt: skip
    """Draw blocks or arrays in rows, side by side as they fit; return where they end."""
    x, row_height = float(STAGE_LEFT), 0.0
    for label, part, notes in parts:
        squares: Sequence[str | Cell] = part.states if isinstance(part, ThreadBlock) else part.cells
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
        for number, square in enumerate(squares):
            row, column = divmod(number, columns)
            corner = x + (size + 1) * column, top + (size + 1) * row
            if isinstance(square, Cell):
                _draw_cell(drawing, square, *corner, size)
            else:
                _draw_thread(drawing, square, *corner, size)
        for number, note in enumerate(notes):
            baseline = top + (size + 1) * rows + 13 + LABEL * number
            drawing.add(Text(x, baseline, f"✕ {note}", fill="mark"))
        x, row_height = x + width + 12, max(row_height, height)
    return y + row_height


def _draw_thread(drawing: Drawing, state: str, x: float, y: float, size: float) -> None:
    if state != ENDED:
        drawing.add(Rect(x, y, size, size, "well", radius=2))
    centre = x + size / 2, y + size / 2
    if state == READS:
        drawing.add(Circle(*centre, 0.32 * size, "data"))
    elif state in (WRITES, CHANGES):
        drawing.add(_square(x, y, size, "data"))
        if state == CHANGES:
            drawing.add(Circle(*centre, 0.18 * size, "card"))
    elif state == WAITS:
        drawing.add(Circle(*centre, 0.28 * size, "none", "ink3", 1.5))
    elif state == ENDED:
        drawing.add(Circle(*centre, 0.12 * size, "ink3"))


def _draw_cell(drawing: Drawing, cell: Cell, x: float, y: float, size: float) -> None:
    if cell.is_clash:
        drawing.add(Rect(x + 0.5, y + 0.5, size - 1, size - 1, "mark2", "mark", 1.5))
        near, far = 0.22 * size, 0.78 * size
        drawing.add(Line(((x + near, y + near), (x + far, y + far)), "mark", 1.5))
        drawing.add(Line(((x + near, y + far), (x + far, y + near)), "mark", 1.5))
        return
    stroke = "data" if cell.is_now else "hair" if cell.is_empty else "none"
    fill = "soft" if cell.is_now else "none" if cell.is_empty else "well"
    drawing.add(Rect(x + 0.5, y + 0.5, size - 1, size - 1, fill, stroke, 1.5))
    mark = "data" if cell.is_now else "data3"
    if cell.was_written:
        drawing.add(_square(x, y, size, mark))
        if cell.was_read:
            drawing.add(Circle(x + size / 2, y + size / 2, 0.18 * size, "card"))
    elif cell.was_read:
        drawing.add(Circle(x + size / 2, y + size / 2, 0.3 * size, mark))


def _square(x: float, y: float, size: float, fill: str) -> Rect:
    return Rect(x + 0.16 * size, y + 0.16 * size, 0.68 * size, 0.68 * size, fill)


def _draw_facts(drawing: Drawing, scene: Scene, y: float) -> float:
    """Draw the referee's verdicts, the results and the counts; return where they end."""
    drawing.add(Line(((MARGIN, y), (WIDTH - MARGIN, y)), "hair"))
    verdicts = "    ".join(map(verdict_text, scene.verdicts))
    results = "    ".join(result_text(result, scene) for result in scene.results)
    facts = [("Referee", verdicts), ("Result", results), ("All lines", total_text(scene))]
    if scene.line is not None:
        facts.append((f"Line {scene.line}", traffic_text(scene.line_traffic)))
    y += 8
    for label, text in facts:
        drawing.add(Text(MARGIN, y + 14, label, fill="ink2"))
        for row in textwrap.wrap(text, FACT_LETTERS):
            drawing.add(Text(MARGIN + 80, y + 14, row, fill="mark" if WRONG in row else "ink"))
            y += 20
    return y + 12
