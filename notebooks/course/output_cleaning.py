"""What a committed notebook keeps: pictures and text, and nothing of the run that made them."""

import re
from collections.abc import Iterable
from html import escape
from typing import Any

import nbformat

from microgpt.errors import FormatError

from .criteria import METADATA_KEY
from .percent_source import ANSWER_PREFIX, METADATA

MAX_BYTES = 500_000
MASKED_PREFIXES = (ANSWER_PREFIX, "shows:")  # of tags of cells whose output answers a prediction
MASK_TEXT = "Hidden until you run this cell."
MASK = {"text/plain": MASK_TEXT, "text/html": f"<p><em>{MASK_TEXT}</em></p>"}
VIEW = "application/vnd.jupyter.widget-view+json"
STILL = "mg-still"  # the class of a view's still picture
FIGURE_CAPTION = "<figcaption>"  # in the HTML of a figure, which is left out
MEMORY_ADDRESS = re.compile(r"\bat 0x[0-9a-f]+")


def clean(notebook: Any) -> Any:
    """A copy with PNG and text outputs, tags, ids, criteria and collapsed cells; nothing else.

    The outputs of cells tagged `answer:<id>` or `shows:<id>` are masked.
    """
    copy = nbformat.v4.new_notebook(metadata=METADATA)
    for cell in notebook.cells:
        tags = list(cell.metadata.get("tags", []))
        metadata: dict[str, Any] = {"tags": tags} if tags else {}
        for key in ("jupyter", METADATA_KEY):
            if key in cell.metadata:
                metadata[key] = cell.metadata[key]
        if cell.cell_type == "markdown":
            new = nbformat.v4.new_markdown_cell(cell.source, metadata=metadata)
        else:
            kept = [kept for output in cell.outputs for kept in clean_output(output)]
            if kept and is_masked(tags):
                kept = [nbformat.v4.new_output("display_data", data=dict(MASK))]
            new = nbformat.v4.new_code_cell(cell.source, metadata=metadata, outputs=kept)
        new.id = cell.id
        copy.cells.append(new)
    return copy


def is_masked(tags: Iterable[str]) -> bool:
    """Whether tags say that a cell's output would answer a prediction before the guess."""
    return any(tag.startswith(MASKED_PREFIXES) for tag in tags)


def clean_output(output: Any) -> list[Any]:
    """The output with its text and its PNG, or else its HTML; none if nothing is left of it.

    A sentence is kept as HTML, too, since front ends break plain text within words: that in place
    of a view, and the caption of a figure, which is an output of its own. A view's still picture
    has its caption there already.
    """
    if output.output_type == "stream":
        return [nbformat.v4.new_output("stream", name=output.name, text=output.text)]
    if output.output_type == "error":
        return [output]
    formats = ("text/plain", "image/png" if "image/png" in output.data else "text/html")
    data = {mime: output.data[mime] for mime in formats if mime in output.data}
    if VIEW in output.data and "text/plain" in data:
        data = {**_sentence(data["text/plain"]), **data}
    kept = [nbformat.v4.new_output(output.output_type, data=data)] if data else []
    html = output.data.get("text/html", "")
    if "image/png" in data and FIGURE_CAPTION in html and STILL not in html:
        kept.append(nbformat.v4.new_output("display_data", data=_sentence(data["text/plain"])))
    return kept


def _sentence(text: str) -> dict[str, str]:
    return {"text/plain": text, "text/html": f"<p>{escape(text)}</p>"}


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
