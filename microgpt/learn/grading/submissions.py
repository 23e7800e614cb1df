"""Reading what was handed in: a notebook with tagged cells, or a Python file."""

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from microgpt.errors import FormatError
from microgpt.learn.exercise import Exercise
from microgpt.learn.messages import format_message

TAG = "exercise:"
IMPORTS = "imports"


@dataclass
class Submission:
    """The code of one file that may be run: imports first, then a text for each exercise.

    A Python file is run whole: `is_script`, with all of it in `imports`; `answers` then has the
    exercises whose answer's name is bound at its top level. `untagged` has the exercises of a
    notebook without a cell of their own, whose answer's name another cell binds.
    """

    imports: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    is_script: bool = False
    untagged: dict[str, str] = field(default_factory=dict)


def read(path: Path, known: Sequence[Exercise]) -> Submission:
    """The submission in a file; `known` are the exercises that a script may answer by name.

    FormatError if it cannot be read as what its name says.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("it is not UTF-8 text, so it cannot be read") from None
    return _script(text, known) if path.suffix == ".py" else _notebook(text, known)


def found_untagged(untagged: dict[str, str]) -> str:
    """What may be answers in cells without a tag, in words; nothing if there are none."""
    if not untagged:
        return ""
    tag = TAG + next(iter(untagged))
    return format_message("grading", "untagged", names=", ".join(untagged.values()), tag=tag)


def _script(text: str, known: Sequence[Exercise]) -> Submission:
    try:
        tree = _parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormatError(f"it is not Python: {error}") from None
    names = {name for statement in tree.body for name in _bound(statement)}
    answered = {exercise.id: "" for exercise in known if exercise.answer in names}
    return Submission(text, answered, is_script=True)


def texts(source: str) -> list[str]:
    """The short texts in code: one of them may name a file."""
    try:
        tree = _parsed(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    values = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    found = [one for one in values if isinstance(one, str)]
    return [one for one in found if 0 < len(one) < 200 and one.isprintable()]


def _parsed(text: str) -> ast.Module:
    """The syntax tree; what Python would warn about is the learner's to see, not the teacher's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


# What stands inside of these is bound in there, and not at the top level.
OWN_SCOPE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement at the top level binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.AnnAssign) and node.value is None:
        return  # `x: int` says what x is and binds nothing
    elif not isinstance(node, OWN_SCOPE):
        for part in ast.iter_child_nodes(node):
            yield from _bound(part)


def _notebook(text: str, known: Sequence[Exercise]) -> Submission:
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old notebooks lack ids, which nothing here needs
            notebook = nbformat.reads(text, as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        tagged = [(_source(cell.source), _tags(cell)) for cell in cells]
    except Exception as error:
        raise FormatError(f"it is not a notebook: {type(error).__name__}: {error}") from None
    submission = Submission(_imports(tagged))
    for source, tags in tagged:
        for id in _ids(tags):
            before = submission.answers.get(id)
            submission.answers[id] = source if before is None else f"{before}\n{source}"
    names = {name for source, tags in tagged if not _ids(tags) for name in _names(source)}
    submission.untagged = {
        exercise.id: exercise.answer
        for exercise in known
        if exercise.id not in submission.answers and exercise.answer in names
    }
    return submission


def _names(source: str) -> Iterator[str]:
    """What a cell binds; nothing if it cannot be read."""
    try:
        statements = _parsed(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for statement in statements:
        yield from _bound(statement)


def _imports(tagged: list[tuple[str, list[str]]]) -> str:
    """The cells tagged so; where none is, the first that imports, and other cells' imports."""
    marked = [source for source, tags in tagged if IMPORTS in tags]
    if marked:
        return "\n".join(marked)
    found: list[str] = []
    for source, tags in tagged:
        lines = [] if _ids(tags) else _import_lines(source)
        if lines:
            found.append("\n".join(lines) if found else source)
    return "\n".join(found)


def _import_lines(source: str) -> list[str]:
    try:
        statements = _parsed(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [ast.unparse(one) for one in statements if isinstance(one, ast.Import | ast.ImportFrom)]


def _tags(cell: dict) -> list[str]:
    tags = cell["metadata"].get("tags", [])
    return [tag for tag in tags if isinstance(tag, str)]


def _ids(tags: list[str]) -> list[str]:
    return [tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)]


def _source(text: str) -> str:
    """A cell's code; of what only a notebook understands (%, !, ?), nothing is done."""
    try:
        _parsed(text)
        return text
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    from IPython.core.inputtransformer2 import TransformerManager

    plain = "\n".join(
        "" if line.startswith("%%") else line  # %%time: what is below it is Python
        for line in text.splitlines()
    )
    try:
        plain = TransformerManager().transform_cell(plain)
        return ast.unparse(_Plain().visit(_parsed(plain)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return plain  # whoever runs it is told what is wrong


class _Plain(ast.NodeTransformer):
    """Leaves out what IPython would do for a line: get_ipython().run_line_magic(…) and so on."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if ast.unparse(node.func).startswith("get_ipython()."):
            return ast.copy_location(ast.Constant(None), node)
        return self.generic_visit(node)
