"""Rules for what readers do: predictions, exercises, and no solution in sight."""

import inspect
import re
from typing import Any

from .page import Cell, Page
from .prose import count_words

MIN_PREDICTIONS, MAX_PREDICTIONS = 2, 4
MAX_STATEMENT_WORDS = 60
MIN_TELLING_LENGTH = 16  # characters: a shorter line, such as `return x`, solves nothing


def course_exercises() -> dict[str, Any]:
    """The package's exercises by id."""
    from microgpt import learn

    return {exercise.id: exercise for exercise in learn.exercises()}


def predictions_are_answered(page: Page) -> list[str]:
    """Two to four predictions, each with its misconception, each before the cell that answers it.

    The answering cell has the tag `answer:<id>` or names the id in its code.
    """
    predictions = page.tagged_cells("predict")
    violations = []
    if not MIN_PREDICTIONS <= len(predictions) <= MAX_PREDICTIONS:
        violations.append(
            f"there are {len(predictions)} predictions; "
            f"ask for {MIN_PREDICTIONS} to {MAX_PREDICTIONS}"
        )
    for index, id in predictions:
        if not page.cells[index].noted("misconception"):
            violations.append(f"prediction {id!r} names no misconception in a # source: line")
        if not any(_answers(cell, id) for cell in page.cells[index + 1 :]):
            violations.append(
                f"prediction {id!r} is not answered by a later cell tagged answer:{id}"
            )
    return violations


def _answers(cell: Cell, id: str) -> bool:
    names_id = re.search(rf"[\"']{re.escape(id)}[\"']", cell.text)
    return cell.type == "code" and (id in cell.tagged_ids("answer") or bool(names_id))


def exercises_are_checked(page: Page) -> list[str]:
    """Each exercise belongs to this notebook, has its minutes before it and a check after it."""
    violations = []
    for index, id in page.tagged_cells("exercise"):
        if id.partition(".")[0] != page.name.partition("_")[0]:
            violations.append(f"exercise {id!r} does not belong to {page.name}")
        if not any(id in later.tagged_ids("check") for later in page.cells[index + 1 :]):
            violations.append(f"exercise {id!r} has no later cell tagged check:{id}")
        if _minutes_above(page, index) is None:
            violations.append(f"exercise {id!r}: the cell above it does not say how many minutes")
    return violations


def _minutes_above(page: Page, index: int) -> int | None:
    """The number of minutes that the last Markdown cell before an index names."""
    above = [cell.text for cell in page.cells[:index] if cell.type == "markdown"]
    match = re.search(r"\b(\d+) minutes?\b", above[-1] if above else "")
    return int(match[1]) if match else None


def statements_are_complete(page: Page, exercises: dict[str, Any] | None = None) -> list[str]:
    """An exercise's statement has at most 60 words, a signature, an example and its minutes."""
    exercises = course_exercises() if exercises is None else exercises
    violations = []
    for index, id in page.tagged_cells("exercise"):
        if id not in exercises:
            known = ", ".join(exercises)
            violations.append(f"exercise {id!r} is not one of microgpt.learn: {known}")
            continue
        exercise = exercises[id]
        if (num_words := count_words(exercise.statement)) > MAX_STATEMENT_WORDS:
            violations.append(
                f"exercise {id!r} is stated in {num_words} words; {MAX_STATEMENT_WORDS} fit"
            )
        required = ["statement", "signature", "minutes"]
        required += ["example"] if exercise.is_function else []
        missing = [field for field in required if not getattr(exercise, field)]
        minutes = _minutes_above(page, index)
        if missing:
            violations.append(f"exercise {id!r} lacks {', '.join(missing)}")
        elif minutes not in (None, exercise.minutes):
            violations.append(
                f"exercise {id!r} takes {exercise.minutes} minutes; the text says {minutes}"
            )
    return violations


def telling_lines(exercise: Any) -> set[str]:
    """The lines of an exercise's solution that give something away."""
    code = re.sub(r'"""[\s\S]*?"""', "", inspect.getsource(exercise.solution))
    lines = {line.strip() for line in code.splitlines()}
    return {
        line
        for line in lines
        if len(line) >= MIN_TELLING_LENGTH and not line.startswith(("def ", "#"))
    }


def given_away(exercise: Any, texts: list[str]) -> list[str]:
    """The lines of an exercise's solution that stand in texts and give it away.

    Of a function each line does; of a run or a kernel, whose lines are what every one of them
    needs, all together do.
    """
    lines = telling_lines(exercise)
    found = sorted(line for line in lines if any(line in text for text in texts))
    is_alone_enough = exercise.is_function and not exercise.is_kernel
    min_lines = 1 if is_alone_enough else max(1, len(lines))
    return found if len(found) >= min_lines else []


def no_solutions(page: Page, exercises: dict[str, Any] | None = None) -> list[str]:
    """No solution stands in a notebook, in its code or in its outputs."""
    violations = []
    for exercise in (course_exercises() if exercises is None else exercises).values():
        for cell in page.cells:
            outputs = [str(output.get("data", output.get("text", ""))) for output in cell.outputs]
            if found := given_away(exercise, [cell.text, *outputs]):
                violations.append(f"cell {cell.name!r} gives {exercise.id!r} away: {found[0]!r}")
    return violations


RULES = [
    predictions_are_answered,
    exercises_are_checked,
    statements_are_complete,
    no_solutions,
]
