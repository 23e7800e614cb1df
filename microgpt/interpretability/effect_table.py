"""Tables of signed numbers, as text and as HTML: a label, one or two numbers or notes."""

from collections.abc import Iterable, Sequence
from html import escape


def signed(number: float) -> str:
    """Format with a sign and four digits; no number is "-0.0000"."""
    return f"{round(number, 4) + 0.0:+.4f}"


def aligned(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return the rows as lines: labels to the left, numbers to the right, notes as they are."""
    label_width, width = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [
        f"{label:{label_width}}  {number:>{width}}  {note}".rstrip() for label, number, note in rows
    ]


def html_table(title: str, rows: Iterable[tuple[str, str, str]]) -> str:
    """Return the rows as an HTML table, with their texts escaped."""
    cells = "".join(
        f"<tr><td style='text-align:left;white-space:pre'>{escape(label)}</td>"
        f"<td>{escape(number)}</td><td style='text-align:left'>{escape(note)}</td></tr>"
        for label, number, note in rows
    )
    return f"<table><caption>{escape(title)}</caption>{cells}</table>"
