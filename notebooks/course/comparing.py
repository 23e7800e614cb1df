"""The first difference between two notebooks, in one sentence."""

from itertools import zip_longest
from typing import Any

VARIES = "varies"  # tag of a cell whose text depends on the machine, such as mg.doctor()


def source_difference(committed: Any, source: Any) -> str | None:
    """The first cell whose kind, text, tags or id is not that of the source."""
    for place, (old, new) in enumerate(zip_longest(committed.cells, source.cells), 1):
        if old is None or new is None:
            which = "the source has it" if old is None else "the source does not have it"
            return f"cell {place} ({(old or new).id!r}) stands in one only: {which}"
        for what, one, other in (
            ("id", old.id, new.id),
            ("kind", old.cell_type, new.cell_type),
            ("tags", old.metadata.get("tags", []), new.metadata.get("tags", [])),
            ("text", old.source, new.source),
        ):
            if one != other:
                return f"cell {place} ({new.id!r}) differs from its source in its {what}"
    return None


def output_difference(committed: Any, executed: Any) -> str | None:
    """The first cell that shows other kinds of output or another text when it runs again.

    Pictures are compared by presence alone; cells tagged `varies` by kind alone.
    """
    for place, (old, new) in enumerate(zip(committed.cells, executed.cells, strict=True), 1):
        where = f"cell {place} ({new.id!r})"
        before, after = (list(map(_shown, cell.get("outputs", []))) for cell in (old, new))
        if [kind for kind, _ in before] != [kind for kind, _ in after]:
            return f"{where} shows other kinds of output when it runs again"
        if VARIES in new.metadata.get("tags", []):
            continue
        for (_, was), (_, now) in zip(before, after, strict=True):
            if was != now:
                return f"{where} shows another text when it runs again: {_first_line(was, now)}"
    return None


def _shown(output: Any) -> tuple[tuple, str]:
    if output.output_type == "stream":
        return ("stream", output.name), output.text
    data = output.get("data", {})
    return (output.output_type, *sorted(data)), data.get("text/plain", "")


def _first_line(was: str, now: str) -> str:
    pairs = zip_longest(was.splitlines(), now.splitlines(), fillvalue="nothing")
    old, new = next((pair for pair in pairs if pair[0] != pair[1]), (was, now))
    return f"{new!r} in place of {old!r}"
