"""A notebook as the rules read it: its cells with their notes, and what the TOML files declare."""

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from microgpt.errors import FormatError

from ..output_cleaning import is_masked
from ..percent_source import NOTEBOOKS, is_collapsed, read_source
from . import prose
from .concepts import Concept, concept


@dataclass(frozen=True)
class Cell:
    """One cell, of type "markdown" or "code"; `notes` are its source's `# source:` lines."""

    name: str
    type: str
    text: str
    tags: tuple[str, ...] = ()
    outputs: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    is_collapsed: bool = False

    @property
    def is_masked(self) -> bool:
        """Whether the committed output is hidden, since it answers a prediction."""
        return is_masked(self.tags)

    @property
    def blocks(self) -> tuple[prose.Block, ...]:
        """The prose of a Markdown cell; none for code."""
        return prose.parse_blocks(self.text) if self.type == "markdown" else ()

    @property
    def num_words(self) -> int:
        """The number of words of prose."""
        return sum(block.num_words for block in self.blocks)

    @property
    def is_view(self) -> bool:
        """Whether this is a cell that always shows a view, a widget or a figure."""
        view = re.search(r"\bmg\.(viz\.|widgets\.(?!sample_table)\w)", self.text)
        return self.type == "code" and bool(view) and "optional" not in self.tags

    def tagged_ids(self, prefix: str) -> list[str]:
        """The ids of tags such as "exercise:00.first_change"."""
        return [tag.partition(":")[2] for tag in self.tags if tag.startswith(f"{prefix}:")]

    def noted(self, label: str) -> list[str]:
        """What the notes say after a label such as "misconception"."""
        prefix = f"{label}: "
        return [note.removeprefix(prefix) for note in self.notes if note.startswith(prefix)]


@dataclass(frozen=True)
class Page:
    """A notebook, and the entries of numbers.toml and concepts.toml that are about it."""

    name: str
    cells: tuple[Cell, ...]
    numbers: tuple[dict[str, Any], ...] = ()
    settings: tuple[dict[str, Any], ...] = ()
    framed: tuple[dict[str, Any], ...] = ()
    measured: tuple[dict[str, Any], ...] = ()
    concepts: tuple[Concept, ...] = ()

    @property
    def markdown(self) -> list[Cell]:
        """The Markdown cells."""
        return [cell for cell in self.cells if cell.type == "markdown"]

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.type == "code"]

    @property
    def blocks(self) -> list[prose.Block]:
        """The blocks of prose, in order."""
        return [block for cell in self.markdown for block in cell.blocks]

    def tagged_cells(self, prefix: str) -> list[tuple[int, str]]:
        """The index and the id of each tag such as "predict:00.greedy"."""
        return [
            (index, id) for index, cell in enumerate(self.cells) for id in cell.tagged_ids(prefix)
        ]


@functools.cache
def declarations(file: str, folder: Path = NOTEBOOKS) -> dict[str, Any]:
    """The contents of a TOML file beside the notebooks."""
    return tomllib.loads((folder / file).read_text("utf-8"))


def load_page(path: Path) -> Page:
    """A committed notebook, with the notes of its source."""
    name = path.stem
    source = path.parent / "src" / f"{name}.py"
    if not source.is_file():
        raise FormatError(f"{path.name} has no source; write {source} or remove the notebook")
    notes = {cell.id: tuple(cell.metadata.notes) for cell in read_source(source).cells}
    cells = tuple(
        Cell(
            cell.id,
            cell.cell_type,
            cell.source,
            tuple(cell.metadata.get("tags", ())),
            tuple(cell.get("outputs", ())),
            notes.get(cell.id, ()),
            is_collapsed(cell),
        )
        for cell in nbformat.read(path, as_version=4).cells
    )
    entries = declarations("numbers.toml", path.parent)
    numbers, settings, framed, measured = (
        tuple(entry for entry in entries.get(table, ()) if entry["notebook"] == name)
        for table in ("number", "setting", "framed", "measured")
    )
    declared = declarations("concepts.toml", path.parent)
    concepts = tuple(concept(term, entry) for term, entry in declared.items())
    return Page(name, cells, numbers, settings, framed, measured, concepts)
