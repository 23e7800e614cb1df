"""From a source in percent format to a notebook without outputs: cells, tags, ids and notes."""

import re
import unicodedata
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from microgpt.errors import FormatError

NOTEBOOKS = Path(__file__).resolve().parent.parent
SOURCES = NOTEBOOKS / "src"

# In the file both kinds of cell write `# source: …`; a Markdown cell has lost its `# ` by now.
NOTE = {"code": re.compile(r"\s*# source:\s*(.*)"), "markdown": re.compile(r"source:\s*(.*)")}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def names(wanted: list[str], folder: Path = SOURCES) -> list[str]:
    """The sources' names; with `wanted`, those that begin with one of these words."""
    known = sorted(path.stem for path in folder.glob("*.py"))
    for word in wanted:
        if not any(name.startswith(word) for name in known):
            raise FormatError(f"no source begins with {word!r}; known: {', '.join(known)}")
    return [name for name in known if not wanted or name.startswith(tuple(wanted))]


def read(path: Path) -> Any:
    """The notebook that a source describes, with ids and tags, without outputs.

    Lines that begin with `# source:` are for its authors: they move to `cell.metadata.notes`.
    """
    parsed = jupytext.reads(path.read_text("utf-8"), fmt="py:percent")
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    for place, cell in enumerate(parsed.cells, 1):
        if cell.cell_type not in NOTE:
            raise FormatError(f"{path.name}, cell {place}: a {cell.cell_type} cell; use code or md")
        text, notes = _without_notes(cell.source, NOTE[cell.cell_type])
        if not text:
            raise FormatError(f"{path.name}, cell {place} is empty; fill it or remove it")
        make = nbformat.v4.new_code_cell
        if cell.cell_type == "markdown":
            make = nbformat.v4.new_markdown_cell
        metadata: dict[str, Any] = {"tags": list(cell.metadata.get("tags", [])), "notes": notes}
        notebook.cells.append(make(text, metadata=metadata))
    _name(notebook, path.name)
    return notebook


def _without_notes(source: str, note: re.Pattern) -> tuple[str, list[str]]:
    lines = source.split("\n")
    notes = [found[1] for line in lines if (found := note.match(line))]
    return "\n".join(line for line in lines if not note.match(line)).strip("\n"), notes


def _name(notebook: Any, where: str) -> None:
    """Ids from the heading above and the place under it, so a new cell renames few others."""
    section, place, seen = "start", 0, set()
    for cell in notebook.cells:
        heading = re.match(r"#{1,6} (.+)", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            section, place = _slug(heading[1]) or "section", 0
        place += 1
        tag = next((tag for tag in cell.metadata.tags if ":" in tag), None)
        name = _slug(tag) if tag else section if place == 1 else f"{section}-{place}"
        if name in seen:
            raise FormatError(f"{where}: two cells would be called {name!r}; change one heading")
        seen.add(name)
        cell.id = name


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:48].strip("-")
