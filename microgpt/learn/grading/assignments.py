"""A clean notebook for a class: statements, stubs, checks and, if wanted, hints."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from microgpt.checkpoints import atomic_write
from microgpt.data import load_corpus
from microgpt.errors import NotWritable, SettingError
from microgpt.learn.equality import format_value
from microgpt.learn.exercise import Exercise
from microgpt.learn.grading.submissions import IMPORTS, TAG
from microgpt.learn.messages import pluralize, format_message
from microgpt.learn.registry import find


def assignment(
    ids: Sequence[str],
    corpus: str = "names-mini",
    hints: bool = True,
    nbgrader: bool = False,
    own: Path | None = None,
) -> Any:
    """A notebook (of nbformat) with the exercises of those ids; no cell holds a solution.

    `corpus` is named at its top and loaded. With `nbgrader` cells carry its metadata, one point
    for each exercise. `own` is a teacher's file, to be handed out beside it: the notebook loads it.
    """
    from nbformat import v4

    chosen = [find(id) for id in ids]
    if len(set(ids)) < len(ids):
        raise SettingError("an exercise is listed twice; list each one once")
    for exercise in chosen:
        if exercise.corpus not in (None, corpus):
            raise SettingError(
                format_message("assignment", "other_corpus", id=exercise.id, own=exercise.corpus)
            )
    load_corpus(corpus)  # refused now and not in class
    title = format_message("assignment", "title", names=", ".join(ids))
    minutes = pluralize(sum(exercise.minutes for exercise in chosen), "minute")
    text = format_message("assignment", "text", corpus=corpus, minutes=minutes)
    cells = [
        _markdown("title", f"# {title}\n\n{text}"),
        _code("imports", "import numpy as np\n\nimport microgpt as mg", [IMPORTS]),
        *([] if own is None else [_loads(own)]),
        _code("corpus", f"names = mg.load_corpus({json.dumps(corpus)})\nnames", [IMPORTS]),
    ]
    for exercise in chosen:
        cells += _cells(exercise, hints, nbgrader)
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def write_assignment(notebook: Any, target: Path) -> None:
    """Write the notebook; a file that is there is never replaced, it may be someone's work."""
    import nbformat

    if target.suffix != ".ipynb":
        raise SettingError(f"the file's name must end in .ipynb; got {target}")
    if target.exists():
        raise NotWritable(f"{target} is there already and may be someone's work; name another file")
    nbformat.validate(notebook)
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as stream:
        stream.write((json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode())


def _cells(exercise: Exercise, hints: bool, nbgrader: bool) -> list[Any]:
    id, name = exercise.id, exercise.answer
    place = id.replace(".", "-")  # all that ids of cells, and of nbgrader, may be made of
    test = f'mg.learn.check("{id}", {name})'
    cells = [_markdown(f"statement-{place}", statement(exercise))]
    cells.append(_code(f"exercise-{place}", stub(exercise, nbgrader), [TAG + id]))
    if hints:
        cells.append(_code(f"hint-{place}", f'# mg.learn.hint("{id}")', []))
    if nbgrader:
        test += ".raise_if_wrong()"
    cells.append(_code(f"check-{place}", test, [f"check:{id}"]))
    if nbgrader:
        solved, graded = cells[1], cells[-1]
        solved.metadata["nbgrader"] = _nbgrader(solved, solution=True)
        graded.metadata["nbgrader"] = _nbgrader(graded, solution=False)
    return cells


def statement(exercise: Exercise) -> str:
    """The exercise as Markdown: what to do, the signature, an example, the minutes."""
    lines = [
        f"## {format_message('assignment', 'exercise', id=exercise.id)}",
        exercise.statement,
        f"`{exercise.signature}` · {exercise.shapes}",
    ]
    if exercise.example is not None:
        given = ", ".join(map(format_value, exercise.example.arguments))
        result = format_value(exercise.example.result)
        call = f"`{exercise.answer}({given})` → `{result}`"
        lines.append(format_message("assignment", "example", call=call))
    minutes = pluralize(exercise.minutes, "minute")
    lines.append(format_message("assignment", "minutes", minutes=minutes))
    return "\n\n".join(lines)


def stub(exercise: Exercise, nbgrader: bool = False) -> str:
    """What stands in the learner's cell before they write; nbgrader puts its own between marks."""
    head, indent, body = [], "", f"{exercise.answer} = mg.learn.todo()"
    if exercise.is_function:
        signature = exercise.signature.partition("->")[0].strip()
        head = [f"def {signature}:", f'    """{exercise.shapes}"""']
        indent, body = "    ", "return mg.learn.todo()"
    lines = ["### BEGIN SOLUTION", body, "### END SOLUTION"] if nbgrader else [body]
    return "\n".join([*head, *(indent + line for line in lines)])


def _markdown(id: str, source: str) -> Any:
    from nbformat import v4

    return v4.new_markdown_cell(source, id=id)


def _code(id: str, source: str, tags: list[str]) -> Any:
    from nbformat import v4

    return v4.new_code_cell(source, id=id, metadata={"tags": tags} if tags else {})


def _loads(own: Path) -> Any:
    # The semicolon: a notebook would show the exercises' list, wrong answers and all.
    return _code("exercises", f"mg.learn.load({json.dumps(own.name)});", [IMPORTS])


def _nbgrader(cell: Any, solution: bool) -> dict[str, Any]:
    common = {"grade_id": cell.id, "schema_version": 3, "solution": solution, "task": False}
    return {**common, "grade": not solution, "locked": not solution} | (
        {} if solution else {"points": 1}
    )
