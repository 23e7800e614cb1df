"""Reading what was handed in: a notebook with tagged cells, or a Python file."""

import ast
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from microgpt.errors import FormatError
from microgpt.learn.parts import Exercise

TAG = "exercise:"
IMPORTS = "imports"


@dataclass
class Submission:
    """The code of one file that may be run: imports first, then a text for each exercise.

    A Python file is run whole: `is_script`, with all of it in `imports`; `answers` then has the
    exercises whose answer's name is bound at its top level.
    """

    imports: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    is_script: bool = False


def read(path: Path, known: Sequence[Exercise]) -> Submission:
    """The submission in a file; `known` are the exercises that a script may answer by name.

    FormatError if it cannot be read as what its name says.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("it is not UTF-8 text, so it cannot be read") from None
    return _script(text, known) if path.suffix == ".py" else _notebook(text)


def _script(text: str, known: Sequence[Exercise]) -> Submission:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormatError(f"it is not Python: {error}") from None
    names = {name for statement in tree.body for name in _bound(statement)}
    answered = {exercise.id: "" for exercise in known if exercise.answer in names}
    return Submission(text, answered, is_script=True)


def _bound(statement: ast.stmt) -> list[str]:
    """The names that a statement at the top level binds."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in statement.names]
    return [
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]


def _notebook(text: str) -> Submission:
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old notebooks lack ids, which nothing here needs
            notebook = nbformat.reads(text, as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        tagged = [(_source(cell.source), _tags(cell)) for cell in cells]
    except Exception as error:
        raise FormatError(f"it is not a notebook: {type(error).__name__}: {error}") from None
    submission = Submission()
    marked = [source for source, tags in tagged if IMPORTS in tags]
    first = [source for source, _ in tagged if "import " in source][:1]
    submission.imports = "\n".join(marked or first)
    for source, tags in tagged:
        for tag in tags:
            if tag.startswith(TAG):
                id = tag.removeprefix(TAG)
                before = submission.answers.get(id)
                submission.answers[id] = source if before is None else f"{before}\n{source}"
    return submission


def _tags(cell: dict) -> list[str]:
    tags = cell["metadata"].get("tags", [])
    return [tag for tag in tags if isinstance(tag, str)]


def _source(text: str) -> str:
    """A cell's code without the lines that only a notebook understands (%, !, ?)."""
    lines = (
        "" if line.lstrip().startswith(("%", "!")) or line.rstrip().endswith("?") else line
        for line in text.splitlines()
    )
    return "\n".join(lines)
