"""Rules for code cells: short, with something to see, and each view introduced and captioned."""

import ast
import re

from .page import Cell, Page
from .prose import count_words

MAX_CODE_LINES, MAX_OUTPUT_LINES = 15, 25
MIN_CAPTION_WORDS = 3


def output_text(cell: Cell) -> str:
    """What a cell's outputs show as text."""
    return "\n".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def code_is_short(page: Page) -> list[str]:
    """A code cell has at most 15 lines, its output at most 25."""
    return [
        f"cell {cell.name!r} has {num_lines} lines of {part}; at most {max_lines} fit"
        for cell in page.code
        for part, text, max_lines in (
            ("code", cell.text, MAX_CODE_LINES),
            ("output", output_text(cell), MAX_OUTPUT_LINES),
        )
        if (num_lines := len(text.splitlines())) > max_lines
    ]


def every_cell_shows_something(page: Page) -> list[str]:
    """The last line of a code cell shows something; a learner's stub may stay silent."""
    return [
        f"cell {cell.name!r} shows nothing; end it with something to see"
        for cell in page.code
        if not cell.outputs and not cell.tagged_ids("exercise")
    ]


def stubs_show_nothing(page: Page) -> list[str]:
    """A learner's stub ends in no bare name, which would show an answer's address in memory."""
    return [
        f"cell {cell.name!r} ends in an expression; end it with the assignment"
        for cell in page.code
        if cell.tagged_ids("exercise") and isinstance(ast.parse(cell.text).body[-1], ast.Expr)
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
    violations = []
    for index, cell in enumerate(page.cells):
        before = [other for other in page.cells[:index] if not other.tagged_ids("predict")]
        is_introduced = before and any(block.sentences for block in before[-1].blocks)
        if cell.is_view and not is_introduced:
            violations.append(f"cell {cell.name!r} shows a view; say before it what to look at")
    return violations


def views_have_captions(page: Page) -> list[str]:
    """Without being run, each view shows a picture and a sentence, unless these are masked."""
    violations = []
    for cell in (cell for cell in page.code if cell.is_view and not cell.is_masked):
        caption = output_text(cell).strip()
        if not any("image/png" in output.get("data", {}) for output in cell.outputs):
            violations.append(f"cell {cell.name!r} shows a view without a picture for readers")
        if count_words(caption) < MIN_CAPTION_WORDS or not re.search(r"[.?][\"')”]?$", caption):
            violations.append(
                f"cell {cell.name!r} shows a view without a sentence: {caption[:40]!r}"
            )
    return violations


RULES = [
    code_is_short,
    every_cell_shows_something,
    stubs_show_nothing,
    no_cell_complains,
    views_are_introduced,
    views_have_captions,
]
