"""Rules for predictions: nothing gives an answer away before the guess.

The author of a question notes in its source cell what would tell the answer, as a pattern:
`# source: gives away: the same name|only one`. A cell that shows the answer has the tag
`shows:<id>`, and the cell that gives it the tag `answer:<id>`; both are masked in the committed
notebook. The explanation is in the package's catalogue, `[predictions."<id>"]` in messages.toml.
"""

import ast
import re
import string
from typing import Any

from .code_cells import output_text
from .english import shown_texts
from .page import Cell, Page
from .prose import split_sentences

CATALOGUE = "predictions"


def catalogue() -> dict[str, Any]:
    """The package's sentences on predictions by id."""
    from microgpt.learn.messages import message_section

    return message_section(CATALOGUE)


def _reveal_calls(cell: Cell, id: str) -> list[ast.Call]:
    """The calls `mg.learn.reveal("<id>", …)` in a cell."""
    calls = [node for node in ast.walk(ast.parse(cell.text)) if isinstance(node, ast.Call)]
    return [
        call
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "reveal"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value == id
    ]


def reveals_are_collapsed(page: Page) -> list[str]:
    """Each prediction has one cell `answer:<id>`: it is collapsed and calls reveal."""
    violations = []
    for _, id in page.tagged_cells("predict"):
        cells = [page.cells[index] for index, other in page.tagged_cells("answer") if other == id]
        if len(cells) != 1:
            violations.append(f"prediction {id!r} has {len(cells)} cells tagged answer:{id}")
        for cell in cells:
            if not cell.is_collapsed:
                violations.append(f"cell {cell.name!r} answers {id!r} and is not collapsed")
            if len(_reveal_calls(cell, id)) != 1:
                violations.append(f"cell {cell.name!r} does not call reveal({id!r}, …) once")
    return violations


def explanations_are_in_the_catalogue(
    page: Page, sentences: dict[str, Any] | None = None
) -> list[str]:
    """The catalogue explains each answer, and reveal gets the values that this text needs."""
    sentences = catalogue() if sentences is None else sentences
    violations = []
    for index, id in page.tagged_cells("answer"):
        if id not in sentences:
            violations.append(f"messages.toml has no [{CATALOGUE}.{id!r}]")
            continue
        needed = {name for _, name, _, _ in string.Formatter().parse(sentences[id]["why"]) if name}
        for call in _reveal_calls(page.cells[index], id):
            if len(call.args) > 2:
                violations.append(f"reveal({id!r}, …) has a text; put it into messages.toml")
            given = {keyword.arg for keyword in call.keywords}
            if None not in given and given != needed:
                violations.append(
                    f"reveal({id!r}, …) gives {sorted(map(str, given))}, "
                    f"its text needs {sorted(needed)}"
                )
    number = page.name.partition("_")[0]
    asked = {id for _, id in page.tagged_cells("predict")}
    return violations + [
        f"messages.toml explains {id!r}, which this notebook does not ask"
        for id in sentences
        if id.partition(".")[0] == number and id not in asked
    ]


def answers_are_hidden(page: Page, sentences: dict[str, Any] | None = None) -> list[str]:
    """Between a question and its answer no prose, code or unmasked output gives it away."""
    sentences = catalogue() if sentences is None else sentences
    answers = {id: index for index, id in page.tagged_cells("answer")}
    violations = []
    for index, id in page.tagged_cells("predict"):
        patterns = page.cells[index].noted("gives away")
        if not patterns:
            violations.append(f"prediction {id!r} has no line # source: gives away: …")
        why = split_sentences(sentences.get(id, {}).get("why", ""))
        patterns = [*patterns, *map(re.escape, why)]
        for cell in page.cells[index + 1 : answers.get(id, len(page.cells))]:
            visible = [*shown_texts(cell)]
            visible += [] if cell.is_masked else [output_text(cell)]
            violations += [
                f"cell {cell.name!r} gives {id!r} away: {match[0]!r} in {text[:60]!r}"
                for text in visible
                for pattern in patterns
                if (match := re.search(pattern, text, re.IGNORECASE))
            ]
    return violations


def shown_answers_are_masked(page: Page) -> list[str]:
    """A cell tagged shows: or answer: is masked, and stands after the question."""
    from ..output_cleaning import MASK_TEXT

    violations: list[str] = []
    asked: set[str] = set()
    for cell in page.cells:
        asked |= set(cell.tagged_ids("predict"))
        violations += [
            f"cell {cell.name!r} shows {id!r}, which is not asked before it"
            for id in [*cell.tagged_ids("shows"), *cell.tagged_ids("answer")]
            if id not in asked
        ]
        if cell.is_masked and output_text(cell) != MASK_TEXT:
            violations.append(f"cell {cell.name!r} shows an answer and is not masked")
    return violations


RULES = [
    reveals_are_collapsed,
    explanations_are_in_the_catalogue,
    answers_are_hidden,
    shown_answers_are_masked,
]
