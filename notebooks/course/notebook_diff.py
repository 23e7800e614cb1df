"""The first difference between two notebooks, in one sentence."""

from itertools import zip_longest
from typing import Any

from .criteria import METADATA_KEY
from .percent_source import is_collapsed

VARIES_TAG = "varies"  # of a cell whose text depends on the machine, such as mg.doctor()


def source_difference(committed: Any, source: Any) -> str | None:
    """The first cell that differs from the source, in its text or in what belongs to it."""
    for number, (old, new) in enumerate(zip_longest(committed.cells, source.cells), 1):
        if old is None or new is None:
            which = "the source has it" if old is None else "the source does not have it"
            return f"cell {number} ({(old or new).id!r}) stands in one only: {which}"
        for field, old_value, new_value in (
            ("id", old.id, new.id),
            ("type", old.cell_type, new.cell_type),
            ("tags", old.metadata.get("tags", []), new.metadata.get("tags", [])),
            ("text", old.source, new.source),
            ("collapsing", is_collapsed(old), is_collapsed(new)),
            ("criteria", old.metadata.get(METADATA_KEY), new.metadata.get(METADATA_KEY)),
        ):
            if old_value != new_value:
                return f"cell {number} ({new.id!r}) differs from its source in its {field}"
    return None


def output_difference(committed: Any, executed: Any) -> str | None:
    """The first cell that shows outputs of other types or another text when it runs again.

    Pictures are compared by presence alone; cells tagged `varies` by their outputs' types alone.
    """
    for number, (old, new) in enumerate(zip(committed.cells, executed.cells, strict=True), 1):
        old_types, old_texts = _types_and_texts(old)
        new_types, new_texts = _types_and_texts(new)
        if old_types != new_types:
            return f"cell {number} ({new.id!r}) shows outputs of other types when it runs again"
        if VARIES_TAG not in new.metadata.get("tags", []) and old_texts != new_texts:
            lines = _first_different_lines("\n".join(old_texts), "\n".join(new_texts))
            return f"cell {number} ({new.id!r}) shows another text when it runs again: {lines}"
    return None


def _types_and_texts(cell: Any) -> tuple[list[tuple], list[str]]:
    """Each output's type with its stream or MIME types, and each output's text."""
    types, texts = [], []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            types.append(("stream", output.name))
            texts.append(output.text)
        else:
            data = output.get("data", {})
            types.append((output.output_type, *sorted(data)))
            texts.append(data.get("text/plain", ""))
    return types, texts


def _first_different_lines(old_text: str, new_text: str) -> str:
    pairs = zip_longest(old_text.splitlines(), new_text.splitlines(), fillvalue="nothing")
    old, new = next((pair for pair in pairs if pair[0] != pair[1]), (old_text, new_text))
    return f"{new!r} in place of {old!r}"
