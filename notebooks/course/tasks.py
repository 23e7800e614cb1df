"""Rules for what readers do: predictions, exercises, and no solution in sight."""

import inspect
import re
from typing import Any

from .page import Cell, Page
from .prose import count_words

FEWEST, MOST = 2, 4
STATEMENT_WORDS = 60
SHORTEST = 16  # characters: a shorter line, such as `return x`, solves nothing


def known_exercises() -> dict[str, Any]:
    """The package's exercises by id."""
    from microgpt import learn

    return {exercise.id: exercise for exercise in learn.exercises()}


def predictions_are_answered(page: Page) -> list[str]:
    """Two to four predictions, each with its misconception, each before the cell that answers it.

    The answering cell has the tag `answer:<id>` or names the id in its code.
    """
    asked = [(place, id) for place, cell in enumerate(page.cells) for id in cell.tagged("predict")]
    wrong = []
    if not FEWEST <= len(asked) <= MOST:
        wrong.append(f"there are {len(asked)} predictions; ask for {FEWEST} to {MOST}")
    for place, id in asked:
        if not any(note.startswith("misconception:") for note in page.cells[place].notes):
            wrong.append(f"prediction {id!r} names no misconception in a # source: line")
        if not any(_answers(cell, id) for cell in page.cells[place + 1 :]):
            wrong.append(f"prediction {id!r} is not answered by a later cell tagged answer:{id}")
    return wrong


def _answers(cell: Cell, id: str) -> bool:
    return cell.kind == "code" and (
        id in cell.tagged("answer") or bool(re.search(rf"[\"']{re.escape(id)}[\"']", cell.text))
    )


def exercises_are_checked(page: Page) -> list[str]:
    """Each exercise belongs to this notebook, says its minutes before it, and has a check after."""
    wrong = []
    for place, cell in enumerate(page.cells):
        for id in cell.tagged("exercise"):
            if id.partition(".")[0] != page.name.partition("_")[0]:
                wrong.append(f"exercise {id!r} does not belong to {page.name}")
            if not any(id in later.tagged("check") for later in page.cells[place + 1 :]):
                wrong.append(f"exercise {id!r} has no later cell tagged check:{id}")
            if _minutes_above(page, place) is None:
                wrong.append(f"exercise {id!r}: the cell above it does not say how many minutes")
    return wrong


def _minutes_above(page: Page, place: int) -> int | None:
    """How many minutes the nearest Markdown cell above a place speaks of."""
    above = [cell.text for cell in page.cells[:place] if cell.kind == "markdown"]
    found = re.search(r"\b(\d+) minutes?\b", above[-1] if above else "")
    return int(found[1]) if found else None


def statements_are_complete(page: Page, known: dict[str, Any] | None = None) -> list[str]:
    """An exercise's statement has at most 60 words, a signature, an example and its minutes."""
    known = known_exercises() if known is None else known
    wrong = []
    stated = [
        (place, id) for place, cell in enumerate(page.cells) for id in cell.tagged("exercise")
    ]
    for place, id in stated:
        if id not in known:
            wrong.append(f"exercise {id!r} is not one of microgpt.learn: {', '.join(known)}")
            continue
        exercise = known[id]
        if (words := count_words(exercise.statement)) > STATEMENT_WORDS:
            wrong.append(f"exercise {id!r} is stated in {words} words; {STATEMENT_WORDS} fit")
        missing = [
            part for part in ("statement", "signature", "example", "minutes")
            if not getattr(exercise, part, None)
            and (part != "example" or getattr(exercise, "is_function", True))
        ]  # fmt: skip
        if missing:
            wrong.append(f"exercise {id!r} lacks {', '.join(missing)}")
        elif (said := _minutes_above(page, place)) not in (None, exercise.minutes):
            wrong.append(f"exercise {id!r} takes {exercise.minutes} minutes; the text says {said}")
    return wrong


def solution_lines(exercise: Any) -> set[str]:
    """The lines of an exercise's solution that give something away."""
    code = re.sub(r'"""[\s\S]*?"""', "", inspect.getsource(exercise.solution))
    lines = {line.strip() for line in code.splitlines()}
    return {line for line in lines if len(line) >= SHORTEST and not line.startswith(("def ", "#"))}


def no_solutions(page: Page, known: dict[str, Any] | None = None) -> list[str]:
    """No solution stands in a notebook, in its code or in what it shows.

    Of a function not one line; of a run, whose lines are what every run needs, not all of them.
    """
    wrong = []
    for exercise in (known_exercises() if known is None else known).values():
        lines = solution_lines(exercise)
        enough = 1 if exercise.is_function else len(lines)
        for cell in page.cells:
            shown = [str(output.get("data", output.get("text", ""))) for output in cell.outputs]
            found = [line for line in lines if any(line in text for text in (cell.text, *shown))]
            if len(found) >= max(1, enough):
                wrong.append(f"cell {cell.name!r} gives {exercise.id!r} away: {min(found)!r}")
    return wrong


RULES = [
    predictions_are_answered,
    exercises_are_checked,
    statements_are_complete,
    no_solutions,
]
