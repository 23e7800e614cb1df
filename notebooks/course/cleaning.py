"""What a committed notebook keeps: pictures and text, and nothing of the run that made them."""

import re
from typing import Any

import nbformat

from microgpt.errors import FormatError

from .source import METADATA

LARGEST = 500_000  # bytes
WAITS = "Run this cell: it answers the guess above."
ADDRESS = re.compile(r"\bat 0x[0-9a-f]+")


def clean(notebook: Any) -> Any:
    """A copy with PNG and text outputs, tags and ids; no counts, times, widgets or notes."""
    copy = nbformat.v4.new_notebook(metadata=METADATA)
    hidden = after_a_guess(notebook.cells)
    for cell in notebook.cells:
        tags = list(cell.metadata.get("tags", []))
        metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "markdown":
            new = nbformat.v4.new_markdown_cell(cell.source, metadata=metadata)
        else:
            outputs = [_output(output) for output in cell.outputs]
            kept = [output for output in outputs if output is not None]
            if cell.id in hidden and not any("image/png" in _kinds(output) for output in kept):
                kept = [nbformat.v4.new_output("display_data", data={"text/plain": WAITS})]
            new = nbformat.v4.new_code_cell(cell.source, metadata=metadata, outputs=kept)
        new.id = cell.id
        copy.cells.append(new)
    return copy


def after_a_guess(cells: Any) -> set[str]:
    """The ids of the cells that tell what a prediction asks: their text waits for the guess.

    They stand after a cell tagged `predict:<id>`, up to the one tagged `answer:<id>`.
    """
    asked: set[str] = set()
    found = set()
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        answered = {tag.partition(":")[2] for tag in tags if tag.startswith("answer:")}
        if asked and cell.cell_type == "code":
            found.add(cell.id)
        asked -= answered
        new = {tag.partition(":")[2] for tag in tags if tag.startswith("predict:")}
        asked |= new
    return found


def _kinds(output: Any) -> set[str]:
    return set(output.get("data", {}))


def _output(output: Any) -> Any:
    if output.output_type == "stream":
        return nbformat.v4.new_output("stream", name=output.name, text=output.text)
    if output.output_type == "error":
        return output
    kept = ("text/plain", "image/png" if "image/png" in output.data else "text/html")
    data = {kind: output.data[kind] for kind in kept if kind in output.data}
    return nbformat.v4.new_output(output.output_type, data=data) if data else None


def written(notebook: Any, name: str) -> bytes:
    """The bytes of the .ipynb file; the same notebook always gives the same bytes."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if found := ADDRESS.search(output.get("data", {}).get("text/plain", "")):
                raise FormatError(
                    f"{name}, cell {cell.id!r} shows the address {found[0]!r}, which differs in "
                    "every run; give the object a repr or show something else"
                )
    nbformat.validate(notebook)
    content = (nbformat.writes(notebook, version=4).rstrip("\n") + "\n").encode()
    if len(content) > LARGEST:
        raise FormatError(
            f"{name} is {len(content):,} bytes, more than {LARGEST:,}; show fewer figures"
        )
    return content


def untidy(content: bytes, name: str) -> list[str]:
    """What a committed file holds that `clean` and `written` would not have left in it."""
    notebook = nbformat.reads(content.decode(), as_version=4)
    if written(clean(notebook), name) != content:
        return [f"{name}.ipynb is not as the build writes it; run make notebooks"]
    return []
