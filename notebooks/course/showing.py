"""Rules for code cells: short, with something to see, and each view introduced and captioned."""

import re

from .page import Cell, Page
from .prose import count_words

CODE_LINES, OUTPUT_LINES = 15, 25


def shown_text(cell: Cell) -> str:
    """What a cell's outputs say in text."""
    return "\n".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def code_is_short(page: Page) -> list[str]:
    """A code cell has at most 15 lines, its output at most 25."""
    wrong = []
    for cell in page.code:
        for what, text, most in (
            ("of code", cell.text, CODE_LINES),
            ("of output", shown_text(cell), OUTPUT_LINES),
        ):
            if (lines := len(text.splitlines())) > most:
                wrong.append(f"cell {cell.name!r} has {lines} lines {what}; at most {most} fit")
    return wrong


def every_cell_shows_something(page: Page) -> list[str]:
    """The last line of a code cell shows something; a learner's stub may stay silent."""
    return [
        f"cell {cell.name!r} shows nothing; end it with something to see"
        for cell in page.code
        if not cell.outputs and not cell.tagged("exercise")
    ]


def no_cell_complains(page: Page) -> list[str]:
    """No output is an error or was written to stderr."""
    return [
        f"cell {cell.name!r} shows an error or writes to stderr"
        for cell in page.code
        for output in cell.outputs
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]


def views_are_introduced(page: Page) -> list[str]:
    """Before each view a Markdown cell says in at least one sentence what to look at."""
    wrong = []
    for place, cell in enumerate(page.cells):
        before = [one for one in page.cells[:place] if not one.tagged("predict")]
        if cell.live and not (before and any(block.sentences for block in before[-1].blocks)):
            wrong.append(f"cell {cell.name!r} shows a view; say before it what to look at")
    return wrong


def views_have_captions(page: Page) -> list[str]:
    """Unrun, each view shows a picture, and a sentence that says what was found."""
    wrong = []
    for cell in (cell for cell in page.code if cell.live):
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        caption = shown_text(cell).strip()
        if "image/png" not in kinds:
            wrong.append(f"cell {cell.name!r} shows a view without a picture for readers")
        if count_words(caption) < 3 or not re.search(r"[.?][\"')”]?$", caption):
            wrong.append(f"cell {cell.name!r} shows a view without a sentence: {caption[:40]!r}")
    return wrong


RULES = [
    code_is_short,
    every_cell_shows_something,
    no_cell_complains,
    views_are_introduced,
    views_have_captions,
]
