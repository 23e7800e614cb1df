"""Threads and arrays as squares with marks: who reads, writes, waits; which cells are touched."""

from collections import Counter
from functools import lru_cache

from microgpt.plain_text import join_and, pluralize
from microgpt.viz.html import Markup, tag
from microgpt.viz.thread_theatre.data import (
    CHANGES,
    ENDED,
    READS,
    READY,
    WAITS,
    WRITES,
    ArrayPicture,
    Cell,
    ClashNote,
    Scene,
    ThreadBlock,
)
from microgpt.viz.thread_theatre.wording import array_note

MAX_CLASHES = 2  # told below an array
# State of a thread -> what its mark means.
STATE_NAMES = {
    READS: "reads", WRITES: "writes", CHANGES: "changes", WAITS: "waits at a barrier",
    ENDED: "has ended", READY: "has more to do",
}  # fmt: skip
KEY = (READS, WRITES, WAITS, ENDED)
CELL_KEY = (
    (Cell(is_clash=True), "two threads clash"),
    (Cell(is_empty=True), "not written yet: holds anything"),
)


def render_stage(scene: Scene, is_new: bool) -> Markup:
    """Return the threads above the arrays; what happens now fades in if it `is_new`."""
    css_class = "stage" + " small" * has_small_cells(scene) + " fresh" * is_new
    blocks = [_block(block) for block in scene.blocks]
    arrays = [_array(array, scene.has_counts) for array in arrays_in_order(scene)]
    return tag(
        "div",
        _key(scene),
        tag("div", *blocks, css_class="grids"),
        tag("div", *arrays, css_class="grids"),
        css_class=css_class,
    )


def has_small_cells(scene: Scene) -> bool:
    """Whether there are so many arrays with two axes that their cells are small."""
    tables = [array for array in scene.arrays if array.columns < 32 and len(array.cells) > 32]
    return len(tables) > 2


def has_empty_cells(scene: Scene) -> bool:
    """Whether nothing was written to some cell of shared memory."""
    return any(cell.is_empty for array in scene.arrays for cell in array.cells)


def arrays_in_order(scene: Scene) -> list[ArrayPicture]:
    """Return the arrays as they are drawn: small ones of all blocks before those of each block."""
    if not has_small_cells(scene):
        return list(scene.arrays)
    return sorted(scene.arrays, key=lambda array: array.block is not None)


def clash_text(clash: ClashNote) -> str:
    """Return both threads of a clash: "s[32]: thread 32 writes, thread 0 reads"."""
    return f"{clash.element}: {clash.first}, {clash.second}"


def clash_lines(array: ArrayPicture) -> list[str]:
    """Return the lines below an array that tell its first clashes."""
    lines = [clash_text(clash) for clash in array.clashes[:MAX_CLASHES]]
    left_out = len(array.clashes) - len(lines)
    return [*lines, f"and {left_out} more"] if left_out else lines


def _key(scene: Scene) -> Markup:
    marks = [tag("span", tag("i", css_class=f"thread {one}"), STATE_NAMES[one]) for one in KEY]
    for cell, name in CELL_KEY[: 1 + has_empty_cells(scene)]:
        marks.append(tag("span", _cell(cell), name))
    return tag("p", *marks, css_class="lab marks")


def _block(block: ThreadBlock) -> Markup:
    counts = Counter(block.states)
    described = join_and(f"{counts[one]} {one}" for one in STATE_NAMES if counts[one])
    squares = [_thread(state) for state in block.states]
    name = f"block {block.number}"
    return tag(
        "div",
        tag("p", tag("b", name), f" {pluralize(len(block.states), 'thread')}", css_class="lab"),
        _cells(block.columns, squares, f"{name}: {described}"),
        css_class="grid-part",
    )


def _array(array: ArrayPicture, has_counts: bool) -> Markup:
    titles = {clash.cell: clash_text(clash) for clash in reversed(array.clashes)}
    squares = [_cell(cell, titles.get(index, "")) for index, cell in enumerate(array.cells)]
    notes = [
        tag("p", tag("i", css_class="cell clash"), text, css_class="lab clash-note")
        for text in clash_lines(array)
    ]
    return tag(
        "div",
        tag("p", tag("b", array.name), f" {array_note(array, has_counts)}", css_class="lab"),
        _cells(array.columns, squares, _described(array)),
        *notes,
        css_class="grid-part",
    )


def _described(array: ArrayPicture) -> str:
    now = sum(cell.is_now for cell in array.cells)
    read = sum(cell.was_read for cell in array.cells)
    written = sum(cell.was_written for cell in array.cells)
    text = f"{array.name}: {now} touched now, in this phase {read} read, {written} written"
    return f"{text}, {len(array.clashes)} clash" if array.clashes else text


def _cells(columns: int, squares: list[Markup], label: str) -> Markup:
    style = f"--columns:{min(columns, len(squares))}"
    return tag("div", *squares, css_class="cells", style=style, role="img", aria_label=label)


@lru_cache(maxsize=64)
def _thread(state: str) -> Markup:
    return tag("i", css_class=f"thread {state}")


@lru_cache(maxsize=1024)
def _cell(cell: Cell, title: str = "") -> Markup:
    return tag("i", css_class=cell_class(cell), title=title or None)


def cell_class(cell: Cell) -> str:
    """Return the CSS classes of a cell."""
    return (
        "cell" + " empty" * cell.is_empty + " read" * cell.was_read
        + " written" * cell.was_written + " now" * cell.is_now + " clash" * cell.is_clash
    )  # fmt: skip
