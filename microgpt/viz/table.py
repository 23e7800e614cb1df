"""HTML tables of the numbers in a picture, in a collapsible block below it."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


def html_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "", folded: bool = False
) -> str:
    """Return a `<details>` block with a table; all text is escaped, and long tables scroll."""
    header_cells = "".join(f'<th scope="col">{escape(text)}</th>' for text in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    caption_html = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f"<details{'' if folded else ' open'}><summary>The numbers of this picture</summary>"
        '<div class="mg-scroll" tabindex="0" role="group" aria-label="numbers">'
        f'<table class="mg-table">{caption_html}<thead><tr>{header_cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )
