"""From a source in percent format to a notebook without outputs: cells, tags, ids and notes."""

import re
import unicodedata
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from microgpt.errors import FormatError

from .criteria import cell_metadata

NOTEBOOKS = Path(__file__).resolve().parent.parent
SOURCES = NOTEBOOKS / "src"

# In the file both cell types write `# source: …`; a Markdown cell has lost its `# ` by now.
NOTE = {"code": re.compile(r"\s*# source:\s*(.*)"), "markdown": re.compile(r"source:\s*(.*)")}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
MAX_ID = 48  # characters
ANSWER_PREFIX = "answer:"  # of the tag of a cell that answers a prediction
COLLAPSED = {"source_hidden": True}  # in the metadata of JupyterLab and its kin


def source_names(prefixes: list[str], folder: Path = SOURCES) -> list[str]:
    """The sources' names; with `prefixes`, those that begin with one of them."""
    names = sorted(path.stem for path in folder.glob("*.py"))
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names):
            raise FormatError(f"no source begins with {prefix!r}; known: {', '.join(names)}")
    return [name for name in names if not prefixes or name.startswith(tuple(prefixes))]


def read_source(path: Path) -> Any:
    """The notebook that a source describes, with ids and tags, without outputs.

    Lines that begin with `# source:` are for its authors: they move to `cell.metadata.notes`. Cells
    tagged `answer:<id>` are collapsed, since their code would tell the answer to a prediction.
    Cells tagged `exercise:<id>` have its criteria in `cell.metadata.microgpt`.
    """
    parsed = jupytext.reads(path.read_text("utf-8"), fmt="py:percent")
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    for number, cell in enumerate(parsed.cells, 1):
        if cell.cell_type not in NOTE:
            raise FormatError(
                f"{path.name}, cell {number}: a {cell.cell_type} cell; use code or md"
            )
        text, notes = _split_notes(cell.source, NOTE[cell.cell_type])
        if not text:
            raise FormatError(f"{path.name}, cell {number} is empty; fill it or remove it")
        new_cell = nbformat.v4.new_code_cell
        if cell.cell_type == "markdown":
            new_cell = nbformat.v4.new_markdown_cell
        tags = list(cell.metadata.get("tags", []))
        metadata: dict[str, Any] = {"tags": tags, "notes": notes, **cell_metadata(tags)}
        if any(tag.startswith(ANSWER_PREFIX) for tag in tags):
            metadata["jupyter"] = dict(COLLAPSED)
        notebook.cells.append(new_cell(text, metadata=metadata))
    _assign_ids(notebook, path.name)
    return notebook


def is_collapsed(cell: Any) -> bool:
    """Whether a notebook opens with the cell's code hidden."""
    return cell.metadata.get("jupyter", {}) == COLLAPSED


def _split_notes(source: str, note: re.Pattern) -> tuple[str, list[str]]:
    """The cell's text without its notes, and the notes."""
    lines = source.split("\n")
    notes = [match[1] for line in lines if (match := note.match(line))]
    return "\n".join(line for line in lines if not note.match(line)).strip("\n"), notes


def _assign_ids(notebook: Any, file_name: str) -> None:
    """Ids from the heading above and the number under it, so a new cell renames few others."""
    section, number, ids = "start", 0, set()
    for cell in notebook.cells:
        heading = re.match(r"#{1,6} (.+)", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            section, number = _slug(heading[1]) or "section", 0
        number += 1
        tag = next((tag for tag in cell.metadata.tags if ":" in tag), None)
        id = _slug(tag) if tag else section if number == 1 else f"{section}-{number}"
        if id in ids:
            raise FormatError(f"{file_name}: two cells would be called {id!r}; change one heading")
        ids.add(id)
        cell.id = id


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:MAX_ID].strip("-")
