"""What a committed notebook keeps: pictures and text, and nothing of the run that made them."""

import re
from typing import Any

import nbformat

from microgpt.errors import FormatError

from .percent_source import METADATA

MAX_BYTES = 500_000
PLACEHOLDER = "Run this cell: it answers the guess above."
MEMORY_ADDRESS = re.compile(r"\bat 0x[0-9a-f]+")


def clean(notebook: Any) -> Any:
    """A copy with PNG and text outputs, tags and ids; no counts, times, widgets or notes."""
    copy = nbformat.v4.new_notebook(metadata=METADATA)
    hidden = cells_after_prediction(notebook.cells)
    for cell in notebook.cells:
        tags = list(cell.metadata.get("tags", []))
        metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "markdown":
            new = nbformat.v4.new_markdown_cell(cell.source, metadata=metadata)
        else:
            outputs = [clean_output(output) for output in cell.outputs]
            kept = [output for output in outputs if output is not None]
            if cell.id in hidden and not any("image/png" in o.get("data", {}) for o in kept):
                kept = [nbformat.v4.new_output("display_data", data={"text/plain": PLACEHOLDER})]
            new = nbformat.v4.new_code_cell(cell.source, metadata=metadata, outputs=kept)
        new.id = cell.id
        copy.cells.append(new)
    return copy


def cells_after_prediction(cells: Any) -> set[str]:
    """The ids of the code cells whose text would answer a prediction before the guess.

    They stand after a cell tagged `predict:<id>`, up to the one tagged `answer:<id>`.
    """
    open_predictions: set[str] = set()
    cell_ids = set()
    for cell in cells:
        tags = [tag.partition(":") for tag in cell.metadata.get("tags", [])]
        if open_predictions and cell.cell_type == "code":
            cell_ids.add(cell.id)
        open_predictions -= {id for prefix, _, id in tags if prefix == "answer"}
        open_predictions |= {id for prefix, _, id in tags if prefix == "predict"}
    return cell_ids


def clean_output(output: Any) -> Any:
    """The output with its text and its PNG, or else its HTML; None if nothing is left of it."""
    if output.output_type == "stream":
        return nbformat.v4.new_output("stream", name=output.name, text=output.text)
    if output.output_type == "error":
        return output
    formats = ("text/plain", "image/png" if "image/png" in output.data else "text/html")
    data = {mime: output.data[mime] for mime in formats if mime in output.data}
    return nbformat.v4.new_output(output.output_type, data=data) if data else None


def to_bytes(notebook: Any, name: str) -> bytes:
    """The bytes of the .ipynb file; the same notebook always gives the same bytes."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if match := MEMORY_ADDRESS.search(output.get("data", {}).get("text/plain", "")):
                raise FormatError(
                    f"{name}, cell {cell.id!r} shows the address {match[0]!r}, which differs in "
                    "every run; give the object a repr or show something else"
                )
    nbformat.validate(notebook)
    content = (nbformat.writes(notebook, version=4).rstrip("\n") + "\n").encode()
    if len(content) > MAX_BYTES:
        raise FormatError(
            f"{name} is {len(content):,} bytes, more than {MAX_BYTES:,}; show fewer figures"
        )
    return content


def is_clean(content: bytes, name: str) -> bool:
    """Whether a committed file holds nothing that `clean` and `to_bytes` leave out."""
    notebook = nbformat.reads(content.decode(), as_version=4)
    return to_bytes(clean(notebook), name) == content
