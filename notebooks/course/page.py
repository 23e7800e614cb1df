"""A notebook as the rules read it: cells with their notes, and what the project declares of it."""

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from microgpt.errors import FormatError

from . import prose
from .source import NOTEBOOKS, read


@dataclass(frozen=True)
class Cell:
    """One cell; `notes` are the `# source:` lines that its source carries for authors."""

    name: str
    kind: str
    text: str
    tags: tuple[str, ...] = ()
    outputs: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def blocks(self) -> tuple[prose.Block, ...]:
        """The prose of a Markdown cell; none for code."""
        return prose.blocks(self.text) if self.kind == "markdown" else ()

    @property
    def words(self) -> int:
        """How many words of prose."""
        return sum(block.words for block in self.blocks)

    @property
    def live(self) -> bool:
        """Whether this is a cell with a view, a widget or a figure, that is always there."""
        view = re.search(r"\bmg\.(widgets\.\w|viz\.(?!text_table))", self.text)
        return self.kind == "code" and bool(view) and "optional" not in self.tags

    def tagged(self, kind: str) -> list[str]:
        """The ids of tags such as "exercise:00.first_change"."""
        return [tag.partition(":")[2] for tag in self.tags if tag.startswith(f"{kind}:")]


@dataclass(frozen=True)
class Page:
    """A notebook, and the entries of numbers.toml and concepts.toml that speak of it."""

    name: str
    cells: tuple[Cell, ...]
    numbers: tuple[dict[str, Any], ...] = ()
    settings: tuple[dict[str, Any], ...] = ()
    concepts: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def markdown(self) -> list[Cell]:
        """The cells of prose."""
        return [cell for cell in self.cells if cell.kind == "markdown"]

    @property
    def code(self) -> list[Cell]:
        """The cells of code."""
        return [cell for cell in self.cells if cell.kind == "code"]


@functools.cache
def declared(file: str, folder: Path = NOTEBOOKS) -> dict[str, Any]:
    """What a TOML file beside the notebooks says."""
    return tomllib.loads((folder / file).read_text("utf-8"))


def load(path: Path) -> Page:
    """A committed notebook, with the notes of its source."""
    name = path.stem
    source = path.parent / "src" / f"{name}.py"
    if not source.is_file():
        raise FormatError(f"{path.name} has no source; write {source} or remove the notebook")
    notes = {cell.id: tuple(cell.metadata.notes) for cell in read(source).cells}
    cells = tuple(
        Cell(
            cell.id,
            cell.cell_type,
            cell.source,
            tuple(cell.metadata.get("tags", ())),
            tuple(cell.get("outputs", ())),
            notes.get(cell.id, ()),
        )
        for cell in nbformat.read(path, as_version=4).cells
    )
    numbers = declared("numbers.toml", path.parent)
    measured, settings = (
        tuple(entry for entry in numbers.get(kind, ()) if entry["notebook"] == name)
        for kind in ("number", "setting")
    )
    concepts = declared("concepts.toml", path.parent)
    taught = tuple((term, tuple(entry["taught"])) for term, entry in concepts.items())
    return Page(name, cells, measured, settings, taught)
