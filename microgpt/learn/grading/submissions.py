"""Read submissions: notebooks with tagged cells, or Python files."""

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from microgpt.errors import FormatError
from microgpt.learn.exercise import Exercise
from microgpt.learn.messages import format_message

EXERCISE_TAG = "exercise:"
IMPORTS_TAG = "imports"
PARSE_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError)  # raised by `ast.parse`
MAX_FILE_NAME = 200  # characters


@dataclass
class Submission:
    """The code of one file to run: first `imports`, then the source of each exercise's answer.

    A Python file (`is_script`) runs as a whole: all of it is in `imports`, and `answers` has the
    exercises whose answer is defined at its top level, with empty sources. `untagged` maps each
    exercise that a notebook answers in a cell without a tag to the answer's name.
    """

    imports: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    is_script: bool = False
    untagged: dict[str, str] = field(default_factory=dict)


def read_submission(path: Path, exercises: Sequence[Exercise]) -> Submission:
    """Read a submission; `exercises` are those that it may answer by name.

    Raises FormatError if the file cannot be read as the format of its extension.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("it is not UTF-8 text, so it cannot be read") from None
    return _script(text, exercises) if path.suffix == ".py" else _notebook(text, exercises)


def untagged_message(untagged: dict[str, str]) -> str:
    """Return a message that names the answers in untagged cells; "" if there are none."""
    if not untagged:
        return ""
    tag = EXERCISE_TAG + next(iter(untagged))
    return format_message("grading", "untagged", names=", ".join(untagged.values()), tag=tag)


def possible_file_names(source: str) -> list[str]:
    """Return the string literals in code that are short enough to be a file name."""
    try:
        tree = _parse(source)
    except PARSE_ERRORS:
        return []
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    strings = [value for value in constants if isinstance(value, str)]
    return [text for text in strings if 0 < len(text) < MAX_FILE_NAME and text.isprintable()]


def _parse(source: str) -> ast.Module:
    """Parse code; its SyntaxWarnings are hidden, as they concern the learner, not the teacher."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _script(source: str, exercises: Sequence[Exercise]) -> Submission:
    try:
        tree = _parse(source)
    except PARSE_ERRORS as error:
        raise FormatError(f"it is not Python: {error}") from None
    names = {name for statement in tree.body for name in _bound_names(statement)}
    answers = {exercise.id: "" for exercise in exercises if exercise.answer_name in names}
    return Submission(source, answers, is_script=True)


# Names bound inside these nodes are not bound at the top level.
INNER_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _bound_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a top-level statement binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.AnnAssign) and node.value is None:
        return  # `x: int` annotates x and does not bind it
    elif not isinstance(node, INNER_SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _bound_names(child)


def _notebook(text: str, exercises: Sequence[Exercise]) -> Submission:
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old notebooks lack cell ids, which are not needed
            notebook = nbformat.reads(text, as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        tagged = [(_plain_python(cell.source), _tags(cell)) for cell in cells]
    except Exception as error:
        raise FormatError(f"it is not a notebook: {type(error).__name__}: {error}") from None
    submission = Submission(_imports(tagged))
    for source, tags in tagged:
        for id in _exercise_ids(tags):
            earlier = submission.answers.get(id)
            submission.answers[id] = source if earlier is None else f"{earlier}\n{source}"
    names = {
        name
        for source, tags in tagged
        if not _exercise_ids(tags)
        for statement in _statements(source)
        for name in _bound_names(statement)
    }
    submission.untagged = {
        exercise.id: exercise.answer_name
        for exercise in exercises
        if exercise.id not in submission.answers and exercise.answer_name in names
    }
    return submission


def _statements(source: str) -> list[ast.stmt]:
    """Return a cell's statements; [] if it cannot be parsed."""
    try:
        return _parse(source).body
    except PARSE_ERRORS:
        return []


def _imports(tagged: list[tuple[str, list[str]]]) -> str:
    """Return the code of the cells tagged `imports`.

    If there are none, it is the first cell that imports anything, and the import statements of the
    others.
    """
    marked = [source for source, tags in tagged if IMPORTS_TAG in tags]
    if marked:
        return "\n".join(marked)
    sources: list[str] = []
    for source, tags in tagged:
        lines = [] if _exercise_ids(tags) else _import_lines(source)
        if lines:
            sources.append("\n".join(lines) if sources else source)
    return "\n".join(sources)


def _import_lines(source: str) -> list[str]:
    return [
        ast.unparse(statement)
        for statement in _statements(source)
        if isinstance(statement, ast.Import | ast.ImportFrom)
    ]


def _tags(cell: dict) -> list[str]:
    tags = cell["metadata"].get("tags", [])
    return [tag for tag in tags if isinstance(tag, str)]


def _exercise_ids(tags: list[str]) -> list[str]:
    return [tag.removeprefix(EXERCISE_TAG) for tag in tags if tag.startswith(EXERCISE_TAG)]


def _plain_python(source: str) -> str:
    """Return a cell's code with IPython syntax (%magic, !command, help?) replaced by `None`."""
    try:
        _parse(source)
        return source
    except PARSE_ERRORS:
        pass
    from IPython.core.inputtransformer2 import TransformerManager

    python = "\n".join(
        "" if line.startswith("%%") else line  # the code below %%time is Python
        for line in source.splitlines()
    )
    try:
        python = TransformerManager().transform_cell(python)
        return ast.unparse(_RemoveIPythonCalls().visit(_parse(python)))
    except PARSE_ERRORS:
        return python  # running it reports the error


class _RemoveIPythonCalls(ast.NodeTransformer):
    """Replaces calls such as get_ipython().run_line_magic(…) by `None`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if ast.unparse(node.func).startswith("get_ipython()."):
            return ast.copy_location(ast.Constant(None), node)
        return self.generic_visit(node)
