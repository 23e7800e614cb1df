"""How tables of signed numbers look: their numbers, and the table as HTML."""

from collections.abc import Iterable
from html import escape


def signed(number: float) -> str:
    """Format with a sign and four digits; no number is "-0.0000"."""
    return f"{round(number, 4) + 0.0:+.4f}"


def html_table(title: str, rows: Iterable[tuple[str, str, str]]) -> str:
    """Return the rows as an HTML table, with their texts escaped."""
    cells = "".join(
        f"<tr><td style='text-align:left;white-space:pre'>{escape(label)}</td>"
        f"<td>{escape(number)}</td><td style='text-align:left'>{escape(note)}</td></tr>"
        for label, number, note in rows
    )
    return f"<table><caption>{escape(title)}</caption>{cells}</table>"
