"""Build an assignment notebook for a class: statements, stubs, checks and, optionally, hints."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from microgpt._io.atomic_write import atomic_write
from microgpt.data import load_corpus
from microgpt.errors import Described, NotWritable, SettingError
from microgpt.learn.exercise import Exercise
from microgpt.learn.grading.submissions import EXERCISE_TAG, IMPORTS_TAG
from microgpt.learn.messages import format_message
from microgpt.learn.registry import find_exercise
from microgpt.plain_text import pluralize

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def build_assignment(
    ids: Sequence[str],
    corpus: str = "names-mini",
    hints: bool = True,
    nbgrader: bool = False,
    exercises_file: Path | None = None,
) -> Any:
    """Return a notebook (of nbformat) with the exercises of those ids and without solutions.

    The notebook names `corpus` at the top and loads it. With `nbgrader`, cells have nbgrader's
    metadata, with one point for each exercise. `exercises_file` is a teacher's file of exercises,
    which the notebook loads; hand it out with the notebook.
    """
    from nbformat import v4

    exercises = [find_exercise(id) for id in ids]
    if len(set(ids)) < len(ids):
        raise SettingError("exercises", "listed once each", ids)
    for exercise in exercises:
        if exercise.corpus not in (None, corpus):
            raise SettingError("corpus", f"{exercise.corpus!r} for {exercise.id}", corpus)
    load_corpus(corpus)  # raises now, not in class
    title = format_message("assignment", "title", names=", ".join(ids))
    minutes = pluralize(sum(exercise.minutes for exercise in exercises), "minute")
    text = format_message("assignment", "introduction", corpus=corpus, minutes=minutes)
    cells = [
        _markdown_cell("title", f"# {title}\n\n{text}"),
        _code_cell("imports", _imports(exercises), [IMPORTS_TAG]),
    ]
    if exercises_file is not None:
        # Without the semicolon, the cell would display the exercises with their common mistakes.
        load = f"mg.learn.load({json.dumps(exercises_file.name)});"
        cells.append(_code_cell("exercises", load, [IMPORTS_TAG]))
    load = f"names = mg.load_corpus({json.dumps(corpus)})\nnames"
    cells.append(_code_cell("corpus", load, [IMPORTS_TAG]))
    for exercise in exercises:
        cells += _exercise_cells(exercise, hints, nbgrader)
    return v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def _imports(exercises: Sequence[Exercise]) -> str:
    """Return the lines that import what answers may use."""
    if not any(exercise.is_kernel for exercise in exercises):
        return "import numpy as np\n\nimport microgpt as mg"
    kernels = "from microgpt.interpreter import cuda, float32"
    return f"import math\n\nimport numpy as np\n\nimport microgpt as mg\n{kernels}"


def write_assignment(notebook: Any, target: Path) -> None:
    """Write the notebook; raise NotWritable if the file exists, since it may be someone's work."""
    import nbformat

    if target.suffix != ".ipynb":
        raise SettingError("out", "a file name that ends in .ipynb", Described(str(target)))
    if target.exists():
        raise NotWritable(f"{target} exists already and may be someone's work; name another file")
    nbformat.validate(notebook)
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as stream:
        stream.write((json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode())


def statement_markdown(exercise: Exercise) -> str:
    """Return the exercise as Markdown: statement, signature, example and minutes."""
    paragraphs = [
        f"## {format_message('assignment', 'exercise', id=exercise.id)}",
        exercise.statement,
        f"`{exercise.signature}` · {exercise.shapes}",
    ]
    if exercise.example is not None:
        text = exercise.example_text()
        paragraphs.append(format_message("assignment", "example", call=text))
    minutes = pluralize(exercise.minutes, "minute")
    paragraphs.append(format_message("assignment", "minutes", minutes=minutes))
    return "\n\n".join(paragraphs)


def stub_source(exercise: Exercise, nbgrader: bool = False) -> str:
    """Return the stub's code; nbgrader replaces the part between its two markers."""
    head, indent, body = [], "", f"{exercise.answer_name} = mg.learn.todo()"
    if exercise.is_function:
        signature = exercise.signature.partition("->")[0].strip()
        head = [f"def {signature}:", f'    """{exercise.shapes}"""']
        indent, body = "    ", "return mg.learn.todo()"
    lines = ["### BEGIN SOLUTION", body, "### END SOLUTION"] if nbgrader else [body]
    return "\n".join([*head, *(indent + line for line in lines)])


def _exercise_cells(exercise: Exercise, hints: bool, nbgrader: bool) -> list[Any]:
    """Return one exercise's cells: statement, stub, hint and check."""
    id, suffix = exercise.id, exercise.id.replace(".", "-")  # cell ids have no dots
    check = f'mg.learn.check("{id}", {exercise.answer_name})'
    if nbgrader:
        check += ".raise_if_wrong()"
    stub_cell = _code_cell(
        f"exercise-{suffix}", stub_source(exercise, nbgrader), [EXERCISE_TAG + id]
    )
    check_cell = _code_cell(f"check-{suffix}", check, [f"check:{id}"])
    if nbgrader:
        stub_cell.metadata["nbgrader"] = _nbgrader_metadata(stub_cell, is_solution=True)
        check_cell.metadata["nbgrader"] = _nbgrader_metadata(check_cell, is_solution=False)
    hint_cell = _code_cell(f"hint-{suffix}", f'# mg.learn.hint("{id}")', [])
    return [
        _markdown_cell(f"statement-{suffix}", statement_markdown(exercise)),
        stub_cell,
        *([hint_cell] if hints else []),
        check_cell,
    ]


def _markdown_cell(id: str, source: str) -> Any:
    from nbformat import v4

    return v4.new_markdown_cell(source, id=id)


def _code_cell(id: str, source: str, tags: list[str]) -> Any:
    from nbformat import v4

    return v4.new_code_cell(source, id=id, metadata={"tags": tags} if tags else {})


def _nbgrader_metadata(cell: Any, is_solution: bool) -> dict[str, Any]:
    metadata = {
        "schema_version": 3,
        "grade_id": cell.id,
        "solution": is_solution,
        "grade": not is_solution,
        "locked": not is_solution,
        "task": False,
    }
    return metadata if is_solution else {**metadata, "points": 1}
